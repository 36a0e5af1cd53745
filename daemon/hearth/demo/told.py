"""What the demo tells, piece by piece: plain values that the command prints as it likes."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct


class Scene(Struct, frozen=True):
    """A new scene begins."""

    title: str


class Fact(Struct, frozen=True):
    """Something that was done or seen."""

    label: str
    text: str


class Words(Struct, frozen=True):
    """A piece of an answer, at the moment it arrived; "" ends the answer."""

    text: str


class Command(Struct, frozen=True):
    """A command of `hearth` whose output belongs here."""

    arguments: tuple[str, ...]


class Verdict(Struct, frozen=True):
    """Whether the scene showed what it should."""

    holds: bool
    text: str


Told: TypeAlias = Scene | Fact | Words | Command | Verdict

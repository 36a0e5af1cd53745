"""Emacs: a backend for gptel at the end of init.el.

Source: the README of gptel, "Other LLM backends" (November 2026): gptel-make-openai
with :host, :protocol, :key, :stream, :models.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.block import Block


def _file(desk: Desk) -> Path:
    """Return the init file that Emacs reads: the first of these that is there."""
    usual = desk.home / ".emacs.d" / "init.el"
    places = (desk.home / ".emacs", desk.home / ".emacs.el", usual, desk.config / "emacs" / "init.el")
    return next((place for place in places if place.is_file()), usual)


def _found(desk: Desk) -> bool:
    return desk.has("emacs") or _file(desk).is_file()


def _setting(desk: Desk, door: Door) -> Setting:
    lines = (
        "(with-eval-after-load 'gptel",
        "  (setq gptel-backend",
        f'        (gptel-make-openai "Hearth" :host {json.dumps(door.authority)} :protocol "http"',
        f"                           :key {json.dumps(door.key)} :stream t :models '({door.model}))",
        f"        gptel-model '{door.model}))",
    )
    after = ("Evaluate the lines, or start Emacs again; then M-x gptel.",)
    return Setting("\n".join(lines), _file(desk), Block(lines, comment=";;"), after=after)


APP = App("emacs", "Emacs (gptel)", "https://github.com/karthink/gptel", _found, _setting)

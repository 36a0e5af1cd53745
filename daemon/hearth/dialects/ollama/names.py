"""Model names in Ollama's form, `[host/][namespace/]model[:tag]`, and the `:local` suffix that forbids forwarding."""

from __future__ import annotations

from hearth.dialects.dialect import Destination

LOCAL = ":local"
"""Since v0.18.0 chat, generate and show answer 404 for `NAME:TAG:local` instead of asking a remote host; older servers
refuse a name of three parts, so it fails closed."""


def with_tag(name: str) -> str:
    """Return the name with its tag: `m` and `m:latest` are one model."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def sent_name(to: Destination, *, guarded: bool = True) -> str:
    """Return the name to send; not `guarded` for the embedding routes, which know no `:local` and forward nothing."""
    return guarded_name(to.model) if to.local_only and guarded else with_tag(to.model)


def guarded_name(model: str) -> str:
    """Return the name that keeps Ollama from asking a remote host."""
    name = with_tag(model)
    return name if name.lower().endswith(LOCAL) else name + LOCAL


def without_local(text: str) -> str:
    """Return an error's text without the suffix that we added to the name in it."""
    return text.replace(f"{LOCAL}'", "'").replace(f'{LOCAL}"', '"').replace(f"{LOCAL} ", " ")

"""What Hearth itself asks an Ollama: what is loaded, what a model is like, to load it, to let it go."""

from __future__ import annotations

from hearth.chat import Members
from hearth.dialects.body import join, raw
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.ollama.names import sent_name, with_tag
from hearth.dialects.ollama.options import spliced
from hearth.dialects.ollama.sending import JSON, get, post


def version(to: Destination) -> HttpRequest:
    """Ask for the server's version, the cheapest sign of life."""
    return get("/api/version", to)


def loaded(to: Destination) -> HttpRequest:
    """Ask which models are loaded."""
    return get("/api/ps", to)


def show(to: Destination) -> HttpRequest:
    """Ask what a model is like. The plain name, so that a remote model tells that it is one."""
    body = join({"model": raw(with_tag(to.model))})
    return HttpRequest("POST", f"{to.prefix}/api/show", (JSON, *to.headers), body)


def load(to: Destination, *, embedding: bool = False) -> HttpRequest:
    """Ask to load a model with the options that every call will send; else the first call would load it again."""
    members = _pinned(to, embedding=embedding)
    if to.pins.keep_alive is not None:
        members["keep_alive"] = raw(to.pins.keep_alive)
    return post("embed" if embedding else "generate", members, to)


def unload(to: Destination, *, embedding: bool = False) -> HttpRequest:
    """Ask to let a model go once its work in flight is done; it answers 200 even if the model is not loaded."""
    return post("embed" if embedding else "generate", _pinned(to, embedding=embedding) | {"keep_alive": raw(0)}, to)


def one_token(to: Destination, window: int, keep_alive: float | None) -> HttpRequest:
    """Ask a loaded model for one token.

    `window` is what it was loaded with, since another one would load it again. `keep_alive` are the seconds left of its
    stay, which begins anew when a call ends; None leaves it as it is, for a model that stays for ever.
    """
    members = _pinned(to, embedding=False)
    options = {"num_ctx": window, "num_predict": 1, "temperature": 0}
    members |= {"prompt": raw("ok"), "raw": raw(True), "options": raw(options)}
    if keep_alive is not None:
        members["keep_alive"] = raw(keep_alive)
    return post("generate", members, to)


def _pinned(to: Destination, *, embedding: bool) -> Members:
    members: Members = {"model": raw(sent_name(to, guarded=not embedding))}
    options = spliced(None, to)
    if options is not None:
        members["options"] = options
    if to.pins.shift is not None and not embedding:
        members["shift"] = raw(to.pins.shift)
    if not embedding:
        members["stream"] = raw(False)
    return members

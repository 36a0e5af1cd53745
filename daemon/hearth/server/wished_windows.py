"""Windows that apps ask for by `num_ctx`, and do not get: told once each, by the app's name (pain 2).

One window per model is what keeps an Ollama from loading the model again for each app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from hearth.call import Call
    from hearth.routing.targets import Target

MOST = 256
"""So many pairs of app and model are remembered as told; more are not told."""


class _Options(Struct):
    num_ctx: float | None = None


_decode = msgspec.json.Decoder(_Options).decode


class WishedWindows:
    """Remembers whom it has told. `say` hands an event to those who watch, and to the log."""

    def __init__(self, say: Callable[..., None]) -> None:
        """Nothing has been told yet."""
        self._say = say
        self._told: set[tuple[str, str]] = set()

    def look(self, call: Call, target: Target) -> None:
        """Tell if this call asks its target for another window than it gets. Cheap where it asks for none."""
        options = call.members.get("options")
        if options is None or b"num_ctx" not in bytes(options) or target.dialect != "ollama":
            return
        app = call.app.name or call.app.user_agent[:60] or "an unnamed app"
        gets = target.usable_window
        wished = _wish(bytes(options))
        if wished in (None, gets) or (app, target.name) in self._told or len(self._told) >= MOST:
            return
        self._told.add((app, target.name))
        where = f'[providers.{target.provider}.models."{target.model}"]'
        self._say(
            "window_kept",
            app=app,
            target=target.name,
            wished=wished,
            window=gets or 0,
            next=f"one window per model keeps it loaded; set num_ctx in {where} to change it for all",
        )


def _wish(options: bytes) -> int | None:
    try:
        number = _decode(options).num_ctx
    except msgspec.DecodeError:
        return None
    return int(number) if number is not None and number > 0 else None

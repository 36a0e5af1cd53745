"""The control API's question for every setting in force and where it comes from; keys are masked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hearth.server import web
from hearth.server.control.orders import PREFIX, admin, reply
from hearth.server.routes import Table, Visit

if TYPE_CHECKING:
    from hearth_config.load import Loaded
    from hearth_config.shown import Shown


async def values(visit: Visit) -> web.StreamResponse:
    """`GET config/values`: each setting with its value and its source: a line of the file, a preset, or default.

    While a newer edit is refused, the file's lines are not those in force: `rows` is then null, and `error` says why.
    """
    core = visit.core
    loaded = core.generation.loaded
    rows = None if core.config_error else await asyncio.to_thread(_rows, loaded)
    return reply(
        {
            "path": str(loaded.path),
            "rows": rows,
            "error": core.config_error,
            "warnings": loaded.warnings,
        }
    )


def _rows(loaded: Loaded) -> tuple[Shown, ...] | None:
    from hearth_config.errors import ConfigError
    from hearth_config.shown import shown

    try:
        return shown(loaded)
    except (ConfigError, ValueError, OSError):
        return None


TABLE: Table = {f"{PREFIX}/config/values": {"GET": admin(values)}}

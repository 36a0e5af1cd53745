"""The control API under `/hearth/v1/`, for command line, tray and dashboard.

It is served on the Unix socket, and on TCP to an admin token or to a dashboard that is signed in.
"""

from __future__ import annotations

from hearth.server.control import (
    cache,
    calls,
    daemon,
    dashboard,
    doctor,
    exports,
    keys,
    kill_switch,
    metrics,
    models,
    values,
)
from hearth.server.control.openapi import with_description
from hearth.server.routes import Table

TABLE: Table = with_description(
    daemon.TABLE
    | values.TABLE
    | kill_switch.TABLE
    | calls.TABLE
    | exports.TABLE
    | cache.TABLE
    | models.TABLE
    | doctor.TABLE
    | keys.TABLE
    | metrics.TABLE
    | dashboard.TABLE
)

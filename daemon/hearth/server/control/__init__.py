"""The control API under `/hearth/v1/`, for command line, tray and dashboard.

It is served on the Unix socket, and on TCP to an admin token only.
"""

from __future__ import annotations

from hearth.server.control import calls, daemon, doctor, models
from hearth.server.control.openapi import with_description
from hearth.server.routes import Table

TABLE: Table = with_description(daemon.TABLE | calls.TABLE | models.TABLE | doctor.TABLE)

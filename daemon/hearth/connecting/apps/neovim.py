"""Neovim: an adapter for codecompanion.nvim, in a file of its own that the plugin finds by its name.

Source: codecompanion.olimorris.dev/configuration/adapters-http (read in November 2026). An adapter that is asked for by
name is looked for as the Lua module codecompanion.adapters.http.NAME, on the whole runtime path. Tried with
codecompanion of August 2026 in Neovim 0.12.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.whole import Whole

_AFTER = (
    "One line is left to you, since it belongs into a call of your own Lua program, the setup of codecompanion:",
    '  interactions = { chat = { adapter = "hearth" }, inline = { adapter = "hearth" } }',
    "With lazy.nvim it stands in `opts`. Older versions say `strategies` for `interactions`.",
)


def _folder(desk: Desk) -> Path:
    """Neovim's folder of settings: stdpath("config")."""
    name = desk.environ.get("NVIM_APPNAME") or "nvim"
    if desk.system == "win32":
        return Path(desk.environ.get("LOCALAPPDATA") or desk.home / "AppData" / "Local") / name
    return desk.config / name


def _found(desk: Desk) -> bool:
    return desk.has("nvim")


def _setting(desk: Desk, door: Door) -> Setting:
    text = (
        "-- Hearth for codecompanion.nvim. Written by `hearth connect neovim`.\n"
        'return require("codecompanion.adapters").extend("ollama", {\n'
        '  name = "hearth",\n'
        '  formatted_name = "Hearth",\n'
        f"  env = {{ url = {json.dumps(door.url)} }},\n"
        f"{_headers(door)}"
        f"  schema = {{ model = {{ default = {json.dumps(door.model)} }} }},\n"
        "})\n"
    )
    file = _folder(desk) / "lua" / "codecompanion" / "adapters" / "http" / "hearth.lua"
    return Setting(text.rstrip("\n"), file, Whole(text), after=_AFTER)


def _headers(door: Door) -> str:
    if not door.shows_key:
        return ""
    return f"  headers = {{ Authorization = {json.dumps('Bearer ' + door.key)} }},\n"


APP = App(
    "neovim",
    "Neovim (codecompanion)",
    "https://codecompanion.olimorris.dev/configuration/adapters-http",
    _found,
    _setting,
)

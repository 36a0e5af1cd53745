"""Codex CLI: a profile of its own in $CODEX_HOME, used by `codex --profile hearth`; config.toml is left alone.

Source: developers.openai.com/codex/config-advanced (read in November 2026): since 0.134 a profile is the file
NAME.config.toml, laid over config.toml; wire_api can only be "responses".
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.whole import Whole

_AFTER = (
    "Start it with `codex --profile hearth` (Codex 0.134 or newer).",
    "To have it always, copy these lines to the top of config.toml.",
)


def _folder(desk: Desk) -> Path:
    said = desk.environ.get("CODEX_HOME", "")
    return Path(said) if said else desk.home / ".codex"


def _found(desk: Desk) -> bool:
    return desk.has("codex") or _folder(desk).is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    text = (
        "# Codex by way of Hearth. Written by `hearth connect codex`.\n"
        f"model = {json.dumps(door.model)}\n"
        'model_provider = "hearth"\n'
        "\n"
        "[model_providers.hearth]\n"
        'name = "Hearth"\n'
        f"base_url = {json.dumps(door.openai)}\n"
        'wire_api = "responses"\n'
    )
    if door.shows_key:
        text += f"http_headers = {{ Authorization = {json.dumps('Bearer ' + door.key)} }}\n"
    return Setting(text.rstrip("\n"), _folder(desk) / "hearth.config.toml", Whole(text), after=_AFTER)


APP = App("codex", "Codex CLI", "https://developers.openai.com/codex/config-advanced", _found, _setting)

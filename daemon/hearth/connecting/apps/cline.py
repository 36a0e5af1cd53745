"""Cline, an agent in editors and in the terminal: a provider in ~/.cline/data/settings/providers.json.

Source: docs.cline.bot, "OpenAI Compatible"; the file and its fields as `cline auth openai-compatible` of Cline 3.0.65
writes them (November 2026). Editors and the terminal share it; older versions keep theirs in the editor's database.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.json_place import JsonPlace
from hearth.connecting.edits.json_places import JsonPlaces

_ID = "openai-compatible"
_WHEN = "2026-01-01T00:00:00.000Z"
"""Cline wants a time there; what it writes itself later counts as newer."""
_FRESH = '{\n  "version": 1,\n  "modes": {},\n  "providers": {}\n}\n'
_AFTER = (
    "The command `cline` uses it at once.",
    "In an editor: start it anew; in Cline's panel, the gear, choose OpenAI Compatible as the API provider.",
    "A Cline that reads another place, as older ones do, is told address, key and model in the same panel.",
)


def _file(desk: Desk) -> Path:
    said = desk.environ.get("CLINE_PROVIDER_SETTINGS_PATH", "")
    data = Path(desk.environ.get("CLINE_DATA_DIR") or _folder(desk) / "data")
    return Path(said) if said else data / "settings" / "providers.json"


def _folder(desk: Desk) -> Path:
    return Path(desk.environ.get("CLINE_DIR") or desk.home / ".cline")


def _found(desk: Desk) -> bool:
    folders = (desk.home / ".vscode" / "extensions", desk.home / ".cursor" / "extensions")
    here = any(any(one.glob("saoudrizwan.claude-dev-*")) for one in folders)
    return here or _folder(desk).is_dir() or desk.has("cline")


def _setting(desk: Desk, door: Door) -> Setting:
    asked = {"provider": _ID, "apiKey": door.key, "model": door.model, "baseUrl": door.openai}
    entry = {"settings": asked, "updatedAt": _WHEN, "tokenSource": "manual"}
    shown = {"lastUsedProvider": _ID, "providers": {_ID: entry}}
    places = (JsonPlace(("lastUsedProvider",), _ID, choice=True), JsonPlace(("providers", _ID), entry))
    edit = JsonPlaces(places, _FRESH)
    return Setting(json.dumps(shown, indent=2), _file(desk), edit, after=_AFTER)


APP = App("cline", "Cline", "https://docs.cline.bot/provider-config/openai-compatible", _found, _setting)

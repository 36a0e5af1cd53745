"""Zed: its Ollama provider, which finds all models by itself and asks for no key.

Source: zed.dev/docs/ai/use-a-local-model (read in November 2026): language_models.ollama.api_url in settings.json.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.json_place import JsonPlace


def _folder(desk: Desk) -> Path:
    """Zed keeps to ~/.config on macOS too."""
    return desk.app_data / "Zed" if desk.system == "win32" else desk.config / "zed"


def _found(desk: Desk) -> bool:
    return desk.has("zed", "zeditor") or _folder(desk).is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    text = json.dumps({"language_models": {"ollama": {"api_url": door.url}}}, indent=2)
    edit = JsonPlace(("language_models", "ollama", "api_url"), door.url, choice=True)
    after = ("Choose a model under Ollama in the agent panel: what Hearth has stands there.",)
    return Setting(text, _folder(desk) / "settings.json", edit, after=after)


APP = App("zed", "Zed", "https://zed.dev/docs/ai/use-a-local-model", _found, _setting)

"""Visual Studio Code: a custom endpoint among the models of its chat, in chatLanguageModels.json.

Source: code.visualstudio.com, "AI language models in VS Code", Custom Endpoint configuration reference (October 2026).
"""

from __future__ import annotations

import json

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.json_place import JsonPlace, Named

_WINDOW = 32_768
_ANSWER = 8_192
_AFTER = (
    "Choose the model in the chat's model picker; restart VS Code if it is not there yet.",
    f"contextWindow is set to {_WINDOW}: raise it if `hearth models --all` shows that your model has more.",
)


def _found(desk: Desk) -> bool:
    return desk.has("code") or (desk.app_data / "Code" / "User").is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    model = {
        "id": door.model,
        "name": f"Hearth: {door.model}",
        "url": f"{door.openai}/chat/completions",
        "toolCalling": True,
        "vision": False,
        "contextWindow": _WINDOW,
        "maxOutputTokens": _ANSWER,
    }
    group = {
        "name": "Hearth",
        "vendor": "customendpoint",
        "apiKey": door.key,
        "apiType": "chat-completions",
        "models": [model],
    }
    file = desk.app_data / "Code" / "User" / "chatLanguageModels.json"
    return Setting(json.dumps([group], indent=2), file, JsonPlace((Named("name", "Hearth"),), group), after=_AFTER)


APP = App(
    "vscode", "VS Code", "https://code.visualstudio.com/docs/copilot/customization/language-models", _found, _setting
)

"""Cline, an agent in VS Code: chosen in its own settings page.

Source: docs.cline.bot, "OpenAI Compatible" (read in November 2026).
"""

from __future__ import annotations

from hearth.connecting.app import App, Desk, Door, Setting

_WHY = "Cline keeps its settings in the editor's own database and keys in the system's secret store"


def _found(desk: Desk) -> bool:
    folders = (desk.home / ".vscode" / "extensions", desk.home / ".cursor" / "extensions")
    return (desk.home / ".cline").is_dir() or any(any(one.glob("saoudrizwan.claude-dev-*")) for one in folders)


def _setting(_: Desk, door: Door) -> Setting:
    text = (
        "API Provider:    OpenAI Compatible\n"
        f"Base URL:        {door.openai}\n"
        f"API Key:         {door.key}\n"
        f"Model ID:        {door.model}"
    )
    return Setting(text, by_hand=_WHY, after=("In Cline's panel: the gear, then API Configuration.",))


APP = App("cline", "Cline", "https://docs.cline.bot/provider-config/openai-compatible", _found, _setting)

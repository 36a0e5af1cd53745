"""Open WebUI: a connection in its admin settings, or the environment of its first start.

Source: docs.openwebui.com, "Environment Variable Configuration" (read in November 2026): OPENAI_API_BASE_URL and
OPENAI_API_KEY are kept in its database after the first start.
"""

from __future__ import annotations

from hearth.connecting.app import App, Desk, Door, Setting

_WHY = "Open WebUI keeps connections in its own database, often inside a container"
_AFTER = (
    "By hand: Admin Panel, Settings, Connections, OpenAI API, then the plus sign.",
    "In a container 127.0.0.1 is the container itself: start it with the host's network (--network=host).",
    "Its user in there is not you: give it what `hearth token` prints as the key.",
)


def _found(desk: Desk) -> bool:
    return desk.has("open-webui")


def _setting(_: Desk, door: Door) -> Setting:
    text = f"OPENAI_API_BASE_URL={door.openai}\nOPENAI_API_KEY={door.key}"
    return Setting(text, by_hand=_WHY, after=_AFTER)


APP = App("open-webui", "Open WebUI", "https://docs.openwebui.com/getting-started/env-configuration", _found, _setting)

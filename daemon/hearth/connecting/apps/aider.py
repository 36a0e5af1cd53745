"""aider, pair programming in the terminal: ~/.aider.conf.yml.

Source: aider.chat/docs/config/aider_conf.html and …/docs/llms/openai-compat.html (read in November 2026).
"""

from __future__ import annotations

import json

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.block import Block


def _found(desk: Desk) -> bool:
    return desk.has("aider") or (desk.home / ".aider.conf.yml").is_file()


def _setting(desk: Desk, door: Door) -> Setting:
    lines = (
        f"openai-api-base: {door.openai}",
        f"openai-api-key: {json.dumps(door.key)}",
        f"model: {json.dumps('openai/' + door.model)}",
    )
    edit = Block(lines, keys=("openai-api-base", "openai-api-key", "model"))
    after = ("A project's own .aider.conf.yml and the AIDER_… variables come before this file.",)
    return Setting("\n".join(lines), desk.home / ".aider.conf.yml", edit, after=after)


APP = App("aider", "aider", "https://aider.chat/docs/llms/openai-compat.html", _found, _setting)

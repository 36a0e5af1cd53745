"""llm, the command: one more model in extra-openai-models.yaml.

Source: llm.datasette.io/en/stable/other-models.html (read in November 2026); the folder is that of click's
get_app_dir("io.datasette.llm"), or LLM_USER_PATH.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.block import Block


def _folder(desk: Desk) -> Path:
    said = desk.environ.get("LLM_USER_PATH", "")
    return Path(said) if said else desk.app_data / "io.datasette.llm"


def _found(desk: Desk) -> bool:
    return desk.has("llm") or _folder(desk).is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    lines = [
        "- model_id: hearth",
        f"  model_name: {json.dumps(door.model)}",
        f"  api_base: {door.openai}",
        "  supports_tools: true",
        "  supports_schema: true",
    ]
    if door.shows_key:
        lines.append(f"  headers: {{Authorization: {json.dumps('Bearer ' + door.key)}}}")
    edit = Block(tuple(lines))
    after = ('Try it: llm -m hearth "Say hello". `llm models default hearth` makes it the default.',)
    return Setting("\n".join(lines), _folder(desk) / "extra-openai-models.yaml", edit, after=after)


APP = App("llm", "llm", "https://llm.datasette.io/en/stable/other-models.html", _found, _setting)

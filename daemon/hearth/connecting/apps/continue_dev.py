"""Continue, in VS Code and JetBrains: a model in ~/.continue/config.yaml.

Source: docs.continue.dev/reference and …/customize/model-providers/top-level/openai (read in November 2026).
"""

from __future__ import annotations

import json

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.yaml_list import YamlItem


def _found(desk: Desk) -> bool:
    return (desk.home / ".continue").is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    lines = (
        "- name: Hearth",
        "  provider: openai",
        f"  model: {json.dumps(door.model)}",
        f"  apiBase: {door.openai}",
        f"  apiKey: {json.dumps(door.key)}",
        "  roles: [chat, edit, apply]",
        "  capabilities: [tool_use]",
    )
    edit = YamlItem("models", lines, fresh=("name: My models", "version: 0.0.1", "schema: v1"))
    text = "\n".join(("models:", *(f"  {line}" for line in lines)))
    after = ("Continue reads the file when it is saved; choose Hearth in its list of models.",)
    return Setting(text, desk.home / ".continue" / "config.yaml", edit, after=after)


APP = App("continue", "Continue", "https://docs.continue.dev/reference", _found, _setting)

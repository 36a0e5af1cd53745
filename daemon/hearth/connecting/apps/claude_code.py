"""Claude Code: its address in the variables of ~/.claude/settings.json, for every project.

Source: code.claude.com/docs/en/llm-gateway-connect, …/settings and …/model-config (read in November 2026): the address
is the root, without /v1; ANTHROPIC_AUTH_TOKEN comes before a login; variables of this file come before the shell's.
"""

from __future__ import annotations

import json
from pathlib import Path

from hearth.connecting.app import App, Desk, Door, Setting
from hearth.connecting.edits.json_place import JsonPlace
from hearth.connecting.edits.json_places import JsonPlaces

_ROLES = (
    "ANTHROPIC_MODEL",
    "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "ANTHROPIC_DEFAULT_HAIKU_MODEL",
)
_AFTER = (
    "Start Claude Code anew; /status shows the address.",
    "It sends more than 20,000 tokens with each request: the model needs tools, and a window (num_ctx) of 32,768.",
)
_UNNAMED = (
    "It asks for Claude's models: a provider of yours that has them answers, else your default model. "
    "`--model NAME` has it ask for one of yours."
)


def _folder(desk: Desk) -> Path:
    said = desk.environ.get("CLAUDE_CONFIG_DIR", "")
    return Path(said) if said else desk.home / ".claude"


def _found(desk: Desk) -> bool:
    return desk.has("claude") or _folder(desk).is_dir()


def _setting(desk: Desk, door: Door) -> Setting:
    variables = {"ANTHROPIC_BASE_URL": door.url, "ANTHROPIC_AUTH_TOKEN": door.key}
    if door.names_model:
        variables |= dict.fromkeys(_ROLES, door.model)
    edit = JsonPlaces(tuple(JsonPlace(("env", name), value, choice=True) for name, value in variables.items()))
    text = json.dumps({"env": variables}, indent=2)
    after = _AFTER if door.names_model else (*_AFTER, _UNNAMED)
    return Setting(text, _folder(desk) / "settings.json", edit, after=after)


APP = App("claude-code", "Claude Code", "https://code.claude.com/docs/en/llm-gateway-connect", _found, _setting)

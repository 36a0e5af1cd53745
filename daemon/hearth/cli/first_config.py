"""The hearth.toml that `hearth init` proposes: pure, from what was found to a commented text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from hearth.cli.first_look import Installed, Server
from hearth.cli.words import counted
from hearth_config.addresses import parse_address

_HEAD = """\
# hearth.toml, begun by `hearth init`. Hearth reads it again when you save it; `hearth config check` names mistakes.
# What is left out has its default: `hearth config show` lists every setting.

# Where prompts may go: offline (this machine only), lan, prefer-local (a cloud when local models cannot) or any.
mode = "prefer-local"
"""
_NO_MODEL = """
# What a client gets that names no model, or "default". Nothing fitting is installed: `hearth pull {model}`.
#default_model = "{model}"
"""
_FALLBACK = """
# Who may answer when a local model is busy or missing, in order, such as "{name}/MODEL". Empty: nothing leaves by
# itself, and a cloud model answers only where a client asks for it by name.
[fallback]
cloud = []
"""
_AWAY = """
# This machine's Ollama: it did not answer when `hearth init` looked, and is used as soon as it does.
[providers.ollama]
preset = "ollama"
"""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]*")
_NOT_CHAT = re.compile(r"embed|bge-|minilm|rerank", re.IGNORECASE)
_REMOTE = re.compile(r"[:-]cloud$")
_SHARE = 0.7
"""A model larger than this share of the memory leaves none for its context and for other programs."""
_QUICK = 4_000_000_000
_SIZES = ((40e9, "qwen3:30b"), (14e9, "qwen3:8b"), (7e9, "qwen3:4b"), (0, "qwen3:1.7b"))


class Found(Struct, frozen=True):
    """What `hearth init` saw: servers that answer, (preset, variable) of keys that are set, and bytes of memory."""

    servers: tuple[Server, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    memory: int = 0


def proposal(found: Found, existing: str) -> str:
    """Return a hearth.toml for what was found: a new one, or `existing` with what it lacks at its end.

    No line of the user's is changed or moved. Raises `tomllib.TOMLDecodeError` for an existing text that is not TOML.
    """
    table = tomllib.loads(existing)
    named = table.get("providers", {})
    missing = list(_providers(found, named if isinstance(named, dict) else {}))
    if existing.strip():
        return existing + "".join((_gap(existing), *missing)) if missing else existing
    parts = [_HEAD, *_models(found)]
    parts += missing or ["\n# This machine's Ollama, at its usual address, is asked without being named here.\n"]
    if found.keys:
        parts.append(_FALLBACK.format(name=found.keys[0][0]))
    return "".join(parts)


def fitting(models: Iterable[Installed], memory: int) -> str:
    """Return the largest model that can chat and fits into memory, "" for none."""
    able = [one for one in models if not _NOT_CHAT.search(one.name) and not _REMOTE.search(one.name)]
    fits = [one for one in able if one.size <= memory * _SHARE]
    return max(fits, key=lambda one: one.size).name if fits else ""


def suggested(memory: int) -> str:
    """Return a model worth fetching for that much memory."""
    return next(name for least, name in _SIZES if memory >= least)


def _gap(existing: str) -> str:
    return "" if existing.endswith("\n") else "\n"


def _models(found: Found) -> Iterator[str]:
    told = (model for server in found.servers if server.preset == "ollama" for model in server.models)
    installed = [model for model in told if _NAME.fullmatch(model.name)]
    chosen = fitting(installed, found.memory)
    if chosen:
        why = "the largest installed one that fits into memory"
        yield f'\n# What a client gets that names no model, or "default": {why}.\ndefault_model = {_quoted(chosen)}\n'
    else:
        yield _NO_MODEL.format(model=suggested(found.memory))
    tasks = dict(_tasks(installed))
    if tasks:
        lines = "".join(f"{task} = {_quoted(name)}\n" for task, name in tasks.items())
        yield f"\n# Models for requests that name none, by what they ask for.\n[tasks]\n{lines}"


def _tasks(installed: list[Installed]) -> Iterator[tuple[str, str]]:
    coders = [one for one in installed if "coder" in one.name and 0 < one.size <= _QUICK]
    if coders:
        yield "autocomplete", min(coders, key=lambda one: one.size).name
    embedders = [one for one in installed if "embed" in one.name]
    if embedders:
        yield "embeddings", embedders[0].name


def _providers(found: Found, named: dict[str, Any]) -> Iterator[str]:
    """Return the tables of providers that the config does not name yet."""
    names = set(named)
    if not named and (found.servers or found.keys) and all(one.preset != "ollama" for one in found.servers):
        names.add("ollama")
        yield _AWAY
    for server in found.servers:
        if any(_same(server, name, table) for name, table in named.items()):
            continue
        name = _free(server.preset if server.preset != "generic" else "local-server", names)
        yield _of_server(name, server)
    for preset, variable in found.keys:
        if not any(table.get("preset", name) == preset for name, table in named.items()):
            yield _of_key(_free(preset, names), preset, variable)


def _of_server(name: str, server: Server) -> str:
    version = f" {server.version}" if server.version else ""
    kind = 'dialect = "openai_chat"' if server.preset == "generic" else f"preset = {_quoted(server.preset)}"
    comment = f"# Answers on this machine{version}, with {counted(len(server.models), 'model')}."
    return f"\n{comment}\n[providers.{name}]\n{kind}\naddress = {_quoted(server.address)}\n"


def _of_key(name: str, preset: str, variable: str) -> str:
    comment = (
        f"# The key is read from {variable}. A Hearth started at login lacks your shell's variables: put it into\n"
    )
    comment += "# hearth.env beside this file (NAME=value, chmod 600), or `hearth keys set` it into the keyring.\n"
    return f'\n{comment}[providers.{name}]\npreset = {_quoted(preset)}\nkey = "env:{variable}"\n'


def _same(server: Server, name: str, table: Any) -> bool:  # noqa: ANN401 -- any TOML
    if not isinstance(table, dict):
        return False
    address = table.get("address")
    if not isinstance(address, str):
        return bool(table.get("preset", name) == server.preset)
    try:
        return parse_address(address) == parse_address(server.address)
    except ValueError:
        return False


def _free(name: str, taken: set[str]) -> str:
    """Return the name, with a number where it is taken, and take it."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free


def _quoted(text: str) -> str:
    """Return text as a TOML string; it is an address or a checked name, so nothing in it needs more than quotes."""
    return f'"{text}"'

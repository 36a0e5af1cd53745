"""What `/api/show` says of one model: read, and written with the window and abilities that will really be served."""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Members
from hearth.dialects.body import join, raw
from hearth.dialects.dialect import ModelInfo
from hearth.dialects.ollama.json_text import escaped
from hearth.dialects.ollama.models import NO_TIME, Details, details
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

_PLAIN = "{{ .Prompt }}"
_INSERTING = "{{ .Prompt }}{{ .Suffix }}"
"""Continue takes a model for one that fills gaps when its template names a suffix (core/llm/llms/Ollama.ts)."""
_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)
_BLOB = re.compile(r"^(FROM|ADAPTER)\s+.*[/\\](sha256[-:][0-9a-f]{64})[ \t]*$", re.MULTILINE)
_members = msgspec.json.Decoder(dict[str, Raw])
_text = msgspec.json.Decoder(str)


class ShowInfo(Struct, frozen=True):
    """What Hearth needs of a model. `window` is the trained context, `num_ctx` the Modelfile's own; None is unknown."""

    capabilities: tuple[str, ...] | None = None
    window: int | None = None
    num_ctx: int | None = None
    remote_host: str = ""
    remote_model: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization: str = ""
    modified: str = ""


class _Show(Struct, frozen=True):
    capabilities: tuple[str, ...] | None = None
    model_info: dict[str, Raw] | None = None
    parameters: str | None = None
    details: Details | None = None
    remote_host: str | None = None
    remote_model: str | None = None
    modified_at: str = ""


_show = msgspec.json.Decoder(_Show)


def read_show(body: bytes) -> ShowInfo:
    """Read a show reply. Raises `BrokenReply`."""
    try:
        show = _show.decode(body)
        facts = show.model_info or {}
        architecture = _text.decode(facts.get("general.architecture", b'""'))
        about = show.details or Details()
        found = _NUM_CTX.search(show.parameters or "")
        return ShowInfo(
            capabilities=show.capabilities,
            window=_number(facts.get(f"{architecture}.context_length")),
            num_ctx=int(found.group(1)) if found else None,
            remote_host=show.remote_host or "",
            remote_model=show.remote_model or "",
            family=about.family or "",
            parameter_size=about.parameter_size or "",
            quantization=about.quantization_level or "",
            modified=show.modified_at,
        )
    except UNREADABLE:
        raise BrokenReply("The description of a model is not one of Ollama's.") from None


def write_show(model: ModelInfo, recorded: bytes = b"", basename: str = "") -> bytes:
    """Write a show reply; `recorded` is the reply of the one Ollama that owns the model, if one does.

    `model.window` is stated as the context length and `model.capabilities` as the capabilities, where they are known:
    editors take both at their word. `basename` is stated as the model's, where it is given. Paths of the machine are
    taken out of the Modelfile. Raises `BrokenReply` if `recorded` cannot be read.
    """
    if not recorded:
        return escaped(join(_described(model)))
    try:
        members = _members.decode(recorded)
        facts = _members.decode(members.get("model_info", Raw(b"{}")))
        architecture = _text.decode(facts.get("general.architecture", b'""')) or model.family or "unknown"
        if "modelfile" in members:
            members["modelfile"] = raw(_without_paths(_text.decode(members["modelfile"]), model.name))
        if "details" in members:
            members["details"] = _without_parent(members["details"])
    except UNREADABLE:
        raise BrokenReply("The description of a model is not one of Ollama's.") from None
    if model.window is not None:
        facts[f"{architecture}.context_length"] = raw(model.window)
        facts.setdefault("general.architecture", raw(architecture))
    if basename:
        facts["general.basename"] = raw(basename)
    members["model_info"] = raw(facts)
    if model.capabilities is not None:
        members["capabilities"] = raw(model.capabilities)
    return escaped(join(members))


def _described(model: ModelInfo) -> Members:
    """Describe a model that no Ollama owns; `model_info` is always there, since editors read the window from it."""
    architecture = model.family or "unknown"
    facts: dict[str, object] = {"general.architecture": architecture, "general.basename": model.name}
    if model.window is not None:
        facts[f"{architecture}.context_length"] = model.window
    members = {
        "modelfile": raw(f"FROM {model.name}\n"),
        "parameters": raw(""),
        "template": raw(_INSERTING if "insert" in (model.capabilities or ()) else _PLAIN),
        "details": raw(details(model)),
        "model_info": raw(facts),
        "capabilities": raw(model.capabilities or ("completion",)),
        "modified_at": raw(model.modified or NO_TIME),
    }
    if model.remote_host:
        members["remote_host"] = raw(model.remote_host)
    return members


def _without_paths(modelfile: str, name: str) -> str:
    """Return the Modelfile with its blobs named without their folders; the first one, the model itself, by its name."""
    first = True

    def named(match: re.Match[str]) -> str:
        nonlocal first
        if match.group(1) == "FROM" and first:
            first = False
            return f"FROM {name}"
        return f"{match.group(1)} {match.group(2)}"

    return _BLOB.sub(named, modelfile)


def _without_parent(found: Raw) -> Raw:
    """Return the details, a parent model that is a path left out."""
    about = _members.decode(found)
    parent = about.get("parent_model")
    if parent is None or not re.search(rb"[/\\]sha256[-:]", bytes(parent)):
        return found
    about["parent_model"] = raw("")
    return raw(about)


def _number(found: Raw | None) -> int | None:
    if found is None:
        return None
    number = msgspec.json.decode(found)
    return number if isinstance(number, int) else None

"""The lists of models, `/api/tags` and `/api/ps`, read and written; and the version."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.ollama.json_text import escaped
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

NO_TIME = "0001-01-01T00:00:00Z"
"""Go's zero time, which Ollama itself sends for a time it does not know; clients need some date here."""

FOREVER = "2318-01-01T00:00:00Z"
"""What a loaded model that nobody is known to unload is said to stay until: a past time reads as "Stopping…"."""


class Details(Struct, frozen=True):
    """What a listing says about a model's file. `parent_model`, which may be a path on its machine, is not read."""

    family: str | None = None
    parameter_size: str | None = None
    quantization_level: str | None = None
    context_length: int | None = None


class _Listed(Struct, frozen=True):
    name: str = ""
    model: str = ""
    digest: str = ""
    size: int | None = None
    size_vram: int | None = None
    modified_at: str = ""
    expires_at: str = ""
    context_length: int | None = None
    details: Details | None = None
    capabilities: tuple[str, ...] | None = None
    remote_host: str | None = None
    remote_model: str | None = None


class _Listing(Struct, frozen=True):
    models: tuple[_Listed, ...] | None


_listing = msgspec.json.Decoder(_Listing)
_encode = msgspec.json.Encoder().encode


def read_tags(body: bytes) -> tuple[ModelInfo, ...]:
    """Read the installed models. Raises `BrokenReply`.

    The capabilities are incomplete for a model whose template is in its file: `/api/show` knows them (recording
    `ollama-tags`).
    """
    return tuple(_info(listed) for listed in _read(body))


def loaded_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Read the loaded models, `loaded_window` being the context each was loaded with. Raises `BrokenReply`.

    A model made anew while it was loaded is listed twice, with both digests (wire/ollama §3.2).
    """
    return tuple(
        msgspec.structs.replace(_info(listed), loaded_window=listed.context_length, window=None)
        for listed in _read(body)
    )


def write_tags(models: Sequence[ModelInfo]) -> bytes:
    """Write `/api/tags`. `window` is shown as the context length: give the one that will really be served."""
    return _list([_tag(model) for model in models])


def write_ps(models: Sequence[ModelInfo]) -> bytes:
    """Write `/api/ps` of loaded models, `loaded_window` as the context length."""
    return _list([_loaded(model) for model in models])


def write_version(version: str) -> bytes:
    """Write `/api/version`: plain x.y.z, which clients compare with what they need."""
    return _encode({"version": version})


def details(model: ModelInfo) -> dict[str, object]:
    """Return the `details` of a model; `families` is never null."""
    return {
        "parent_model": "",
        "format": "gguf" if model.quantization else "",
        "family": model.family,
        "families": [model.family] if model.family else [],
        "parameter_size": model.parameter_size,
        "quantization_level": model.quantization,
    }


def _read(body: bytes) -> tuple[_Listed, ...]:
    try:
        return _listing.decode(body).models or ()
    except UNREADABLE:
        raise BrokenReply("The list of models is not one of Ollama's.") from None


def _info(listed: _Listed) -> ModelInfo:
    about = listed.details or Details()
    return ModelInfo(
        name=listed.name or listed.model,
        digest=listed.digest,
        size=listed.size,
        size_vram=listed.size_vram,
        window=about.context_length,
        capabilities=listed.capabilities,
        remote_host=listed.remote_host or listed.remote_model or "",
        family=about.family or "",
        parameter_size=about.parameter_size or "",
        quantization=about.quantization_level or "",
        modified=listed.modified_at,
        expires=listed.expires_at,
    )


def _tag(model: ModelInfo) -> dict[str, object]:
    about = details(model)
    if model.window is not None:
        about["context_length"] = model.window
    tag: dict[str, object] = {"name": model.name, "model": model.name}
    if model.remote_host:
        tag["remote_host"] = model.remote_host
    tag |= {
        "modified_at": model.modified or NO_TIME,
        "size": model.size or 0,
        "digest": _digest(model),
        "details": about,
    }
    if model.capabilities is not None:
        tag["capabilities"] = model.capabilities
    return tag


def _digest(model: ModelInfo) -> str:
    """Return 64 hexadecimal digits: the `ollama` command shows the first 12 and panics when there are fewer."""
    return model.digest if len(model.digest) >= 12 else sha256(model.name.encode()).hexdigest()


def _loaded(model: ModelInfo) -> dict[str, object]:
    return {
        "name": model.name,
        "model": model.name,
        "size": model.size or 0,
        "digest": _digest(model),
        "details": details(model),
        "expires_at": model.expires or FOREVER,
        "size_vram": model.size_vram or 0,
        "context_length": model.loaded_window or 0,
    }


def _list(models: list[dict[str, object]]) -> bytes:
    return escaped(_encode({"models": models}))

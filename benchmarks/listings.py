"""What the mock says about itself: the version, its models, what each can do, and embeddings."""

from collections.abc import Callable

import msgspec

from shapes import CATALOGUE, parse_shape

WINDOW = 1 << 20
"""Tokens: wide enough that no gateway refuses the 1 MB prompt."""

_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "mock",
    "families": ["mock"],
    "parameter_size": "8.2B",
    "quantization_level": "Q4_K_M",
}
_COMMON = {"size": 5225388164, "digest": "a3de86cd1c132c822487ededd47a324c50491393e6565cd14bafa40d0b8e686f"}
_VECTOR = [0.05] * 384


class Named(msgspec.Struct):
    """A request that names a model, and perhaps texts to embed."""

    model: str = ""
    name: str = ""
    input: str | list[str] = ""


def version(_body: bytes) -> bytes:
    """`GET /api/version`."""
    return b'{"version":"0.32.15"}'


def tags(_body: bytes) -> bytes:
    """`GET /api/tags`: what is installed."""
    when = "2026-08-01T10:00:00.123456789Z"
    listed = [_entry(name) | {"modified_at": when, "capabilities": ["completion", "tools"]} for name in CATALOGUE]
    return msgspec.json.encode({"models": listed})


def loaded_models(_body: bytes) -> bytes:
    """`GET /api/ps`: everything is in memory, for ever."""
    memory = {"size_vram": _COMMON["size"], "context_length": WINDOW, "expires_at": "2318-12-05T00:00:00Z"}
    return msgspec.json.encode({"models": [_entry(name) | memory for name in CATALOGUE]})


def openai_models(_body: bytes) -> bytes:
    """`GET /v1/models`."""
    listed = [{"id": name, "object": "model", "created": 1785578400, "owned_by": "library"} for name in CATALOGUE]
    return msgspec.json.encode({"object": "list", "data": listed})


def gemini_models(_body: bytes) -> bytes:
    """`GET /v1beta/models`."""
    able = {"supportedGenerationMethods": ["generateContent"], "inputTokenLimit": WINDOW, "outputTokenLimit": 1 << 16}
    return msgspec.json.encode({"models": [{"name": f"models/{name}", **able} for name in CATALOGUE]})


def show(body: bytes) -> bytes | None:
    """`POST /api/show`; None if there is no such model."""
    asked = msgspec.json.decode(body, type=Named)
    if parse_shape(asked.model or asked.name) is None:
        return None
    info = {
        "general.architecture": "mock",
        "general.parameter_count": 8190735360,
        "mock.context_length": WINDOW,
        "mock.embedding_length": len(_VECTOR),
    }
    return msgspec.json.encode(
        {
            "modelfile": "FROM mock",
            "template": "{{ .Prompt }}",
            "details": _DETAILS,
            "model_info": info,
            "capabilities": ["completion", "tools"],
            "modified_at": "2026-08-01T10:00:00.123456789Z",
        }
    )


def embeddings(body: bytes) -> bytes:
    """`POST /v1/embeddings`: one vector of 384 numbers a text."""
    asked = msgspec.json.decode(body, type=Named)
    data = [{"object": "embedding", "embedding": _VECTOR, "index": at} for at in range(_texts(asked))]
    usage = {"prompt_tokens": len(body) // 4, "total_tokens": len(body) // 4}
    return msgspec.json.encode({"object": "list", "data": data, "model": asked.model, "usage": usage})


def embed(body: bytes) -> bytes:
    """`POST /api/embed`: the same in Ollama's words."""
    asked = msgspec.json.decode(body, type=Named)
    counts = {"total_duration": 1200000, "load_duration": 100000, "prompt_eval_count": len(body) // 4}
    return msgspec.json.encode({"model": asked.model, "embeddings": [_VECTOR] * _texts(asked)} | counts)


LISTINGS: dict[str, Callable[[bytes], bytes | None]] = {
    "/api/version": version,
    "/api/tags": tags,
    "/api/ps": loaded_models,
    "/api/show": show,
    "/api/embed": embed,
    "/v1/models": openai_models,
    "/v1beta/models": gemini_models,
    "/v1/embeddings": embeddings,
}


def _entry(name: str) -> dict[str, object]:
    return {"name": f"{name}:latest", "model": f"{name}:latest", "details": _DETAILS, **_COMMON}


def _texts(asked: Named) -> int:
    return 1 if isinstance(asked.input, str) else len(asked.input)

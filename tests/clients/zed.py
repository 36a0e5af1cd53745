"""What Zed sends to an Ollama and how it reads the answers, from zed-industries/zed, crates/ollama/src/ollama.rs."""

from typing import Any, Literal

from msgspec import Struct


class ZedDetails(Struct):
    """`ModelDetails` of zed-industries/zed, crates/ollama/src/ollama.rs: what has no default must be there."""

    format: str
    family: str
    parameter_size: str
    quantization_level: str
    families: list[str] | None = None


class ZedListing(Struct):
    """`LocalModelListing` of the same file."""

    name: str
    modified_at: str
    size: int
    digest: str
    details: ZedDetails


class ZedTags(Struct):
    """`LocalModelsResponse`."""

    models: list[ZedListing]


class ZedFunction(Struct):
    """`OllamaFunctionCall`."""

    name: str
    arguments: dict[str, Any]


class ZedCall(Struct):
    """`OllamaToolCall`."""

    function: ZedFunction


class ZedMessage(Struct):
    """`ChatMessage::Assistant`: its content must be a text, empty or not."""

    role: Literal["assistant"]
    content: str
    tool_calls: list[ZedCall] | None = None
    thinking: str | None = None


class ZedDelta(Struct):
    """`ChatResponseDelta`."""

    model: str
    created_at: str
    message: ZedMessage
    done: bool
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None


def zed_chat(text: str, **more: object) -> dict[str, object]:
    """`ChatRequest` as it is serialised: each option that is not set is null, and so is `think`."""
    options = {"num_ctx": 16384, "num_predict": None, "stop": None, "temperature": 1.0, "top_p": None}
    return {
        "model": "scripted",
        "messages": [{"role": "user", "content": text}],
        "stream": True,
        "keep_alive": -1,
        "options": options,
        "tools": [],
        "think": None,
        **more,
    }

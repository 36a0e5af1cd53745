"""Model lists of OpenAI-compatible providers, each with what that provider adds (wire/providers §4)."""

from __future__ import annotations

from typing import Any

from hearth.rehearsal.http import Reply
from hearth.rehearsal.openai_wire import find, json_reply
from hearth.rehearsal.script import ModelScript, Script

CREATED = 1_795_250_442


def listed(script: Script) -> Reply:
    """GET /models; Together answers with a bare array."""
    data = [entry(script, model) for model in script.models]
    if script.flavour == "together":
        return json_reply(script, 200, data)
    if script.flavour == "llama-server":
        return json_reply(
            script, 200, {"models": [_llama(model) for model in script.models], "object": "list", "data": data}
        )
    return json_reply(script, 200, {"object": "list", "data": data})


def one(script: Script, name: str) -> Reply:
    """GET /models/NAME; the name may hold slashes."""
    return json_reply(script, 200, entry(script, find(script, name)))


def entry(script: Script, model: ModelScript) -> dict[str, Any]:
    """One model as this provider lists it."""
    base: dict[str, Any] = {"id": model.name, "object": "model", "created": CREATED, "owned_by": "rehearsal"}
    price = f"{script.cost_per_token:.7f}"
    window = model.context_length
    extras: dict[str, dict[str, Any]] = {
        "openrouter": {
            "canonical_slug": model.name, "name": model.name, "context_length": window,
            "architecture": {"input_modalities": ["text"], "output_modalities": ["text"], "tokenizer": "Other"},
            "pricing": {"prompt": price, "completion": price, "request": "0", "image": "0"},
            "top_provider": {"context_length": window, "max_completion_tokens": None},
            "supported_parameters": [
                "max_tokens", "temperature", "tools", "tool_choice", "response_format",
                *(("reasoning", "include_reasoning") if "thinking" in model.capabilities else ()),
            ],
        },
        "groq": {"active": True, "context_window": window, "public_apps": None, "max_completion_tokens": window},
        "together": {
            "type": "embedding" if "embedding" in model.capabilities else "chat", "context_length": window,
            "display_name": model.name, "organization": "rehearsal",
            "pricing": {"input": 1.0, "output": 1.0, "hourly": 0, "base": 0, "finetune": 0},
        },
        "mistral": {
            "capabilities": {
                "completion_chat": "embedding" not in model.capabilities,
                "function_calling": "embedding" not in model.capabilities,
                "reasoning": "thinking" in model.capabilities,
            },
            "max_context_length": window, "type": "base",
        },
        "huggingface": {
            "providers": [
                {"provider": "rehearsal", "status": "live", "context_length": window,
                 "pricing": {"input": 1.0, "output": 1.0}, "supports_tools": "tools" in model.capabilities}
            ]
        },
        "llama-server": {
            "aliases": [model.name], "tags": [], "owned_by": "llamacpp",
            "meta": {"vocab_type": 1, "n_vocab": 967, "n_ctx": model.num_ctx, "n_ctx_train": window,
                     "n_embd": model.embedding_length, "n_params": 537_792, "size": model.size, "ftype": "all F32"},
        },
    }  # fmt: skip
    extra = extras.get(script.flavour, {})
    if script.flavour == "llama-server":
        order = ("id", "aliases", "tags", "object", "created", "owned_by", "meta")
        return {name: (base | extra)[name] for name in order}
    return base | extra


def _llama(model: ModelScript) -> dict[str, Any]:
    details = {
        "parent_model": "", "format": "gguf", "family": "", "families": [""], "parameter_size": "",
        "quantization_level": "",
    }  # fmt: skip
    return {
        "name": model.name, "model": model.name, "modified_at": "", "size": "", "digest": "", "type": "model",
        "description": "", "tags": [""], "capabilities": ["completion"], "parameters": "", "details": details,
    }  # fmt: skip

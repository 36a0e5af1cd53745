"""Lists of models, in all the shapes servers send, and as clients read them."""

import json
from typing import Any

import pytest

from dialects.openai_chat.openai_golden import recording
from hearth.dialects.dialect import Destination, ModelInfo
from hearth.dialects.openai_chat import CALLED, write_model, write_models
from hearth.problems import BrokenReply


def read(body: object) -> tuple[ModelInfo, ...]:
    """The models of a list."""
    return CALLED.models(json.dumps(body).encode())


@pytest.mark.parametrize("wrap", [lambda data: {"data": data}, lambda data: data, lambda data: {"models": data}])
def test_all_shapes_of_lists_are_read(wrap: Any) -> None:  # noqa: ANN401
    """OpenAI's list, Together's bare array, and `models`; entries without a name are passed over."""
    assert read(wrap([{"id": "a"}, {"name": "b"}, {}, "c", {"id": 3}])) == (ModelInfo("a"), ModelInfo("b"))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"id": "m", "context_window": 8, "max_completion_tokens": 4}, ModelInfo("m", window=8, output_limit=4)),
        ({"id": "m", "max_model_len": 8}, ModelInfo("m", window=8)),
        (
            {"id": "m", "providers": [{"context_length": 8, "supports_tools": True}, {"context_length": 4}]},
            ModelInfo("m", window=4, capabilities=("completion", "tools"), lacking=()),
        ),
        (
            {"id": "m", "meta": {"n_ctx": 4, "n_ctx_train": 8, "size": 2}},
            ModelInfo("m", size=2, window=8, loaded_window=4),
        ),
        (
            {
                "id": "m",
                "max_context_length": 8,
                "capabilities": {"completion_chat": True, "completion_fim": True, "vision": False},
            },
            ModelInfo("m", window=8, capabilities=("completion", "insert")),
        ),
        (
            {
                "id": "m",
                "context_length": 8,
                "architecture": {"input_modalities": ["text", "image"]},
                "pricing": {"prompt": "0.0000002", "completion": "0.0000004"},
                "top_provider": {"max_completion_tokens": 4},
                "supported_parameters": ["tools", "reasoning", "include_reasoning"],
            },
            ModelInfo(
                "m",
                window=8,
                output_limit=4,
                capabilities=("completion", "tools", "thinking", "vision"),
                price_input=0.2,
                price_output=0.4,
            ),
        ),
        ({"id": "m", "pricing": {"prompt": "-1", "completion": "-1"}}, ModelInfo("m")),
        ({"id": "m", "pricing": {"input": 0.3, "output": 0.6}}, ModelInfo("m", price_input=0.3, price_output=0.6)),
        ({"id": "m", "context_length": "big", "pricing": None, "capabilities": []}, ModelInfo("m")),
    ],
)
def test_what_a_list_tells_of_a_model_is_kept(entry: dict[str, Any], expected: ModelInfo) -> None:
    """Groq, vLLM, llama.cpp, Mistral, OpenRouter, Together: each says something of its own; the rest stays unknown."""
    assert read([entry]) == (expected,)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'"x"', b"", b'{"data":3}'])
def test_what_is_no_list_is_broken(body: bytes) -> None:
    """F7: anything else is a broken reply."""
    with pytest.raises(BrokenReply):
        CALLED.models(body)


def test_recorded_lists_are_read() -> None:
    """llama.cpp says its windows; Ollama's list is null when nothing is installed."""
    loaded = CALLED.models(recording("openai_chat/llama-v1-models-embedding").body)

    assert [(model.name, model.loaded_window, model.window) for model in loaded] == [("embedder", 256, 8192)]
    assert CALLED.models(recording("openai_chat/ollama-v1-models-empty").body) == ()
    assert len(CALLED.models(recording("openai_chat/ollama-v1-models-namespaced").body)) == 11


def test_a_listing_states_the_window_that_is_served() -> None:
    """What is loaded counts more than what was trained; a model of unknown window claims none."""
    models = [ModelInfo("a/b:c", window=8, loaded_window=4), ModelInfo("d", modified="junk")]

    found = json.loads(write_models(models))

    assert found["object"] == "list"
    assert found["data"][0] == {
        "id": "a/b:c",
        "object": "model",
        "created": 0,
        "owned_by": "a",
        "context_length": 4,
        "max_model_len": 4,
    }
    assert json.loads(write_model(models[1])) == {"id": "d", "object": "model", "created": 0, "owned_by": "library"}


def test_models_are_asked_for() -> None:
    """The list is a plain GET below the prefix."""
    request = CALLED.list_models(Destination("box", "", prefix="/v1"))

    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")


@pytest.mark.parametrize(
    ("entry", "capabilities"),
    [
        ({"id": "mistral-embed", "capabilities": {"completion_chat": False, "vision": False}}, ("embedding",)),
        ({"id": "mistral-ocr", "capabilities": {"completion_chat": False, "ocr": True}}, ()),
        ({"id": "embedded-chat", "capabilities": {"completion_chat": True}}, ("completion",)),
        ({"id": "BAAI/bge-m3", "type": "embedding"}, ("embedding",)),
        ({"id": "nomic", "type": "embeddings"}, ("embedding",)),
        (
            {"id": "v", "architecture": {"output_modalities": ["embeddings"]}, "supported_parameters": []},
            ("embedding",),
        ),
    ],
)
def test_a_model_that_makes_vectors_alone_is_known(entry: dict[str, Any], capabilities: tuple[str, ...]) -> None:
    """It is asked for vectors then, and not for words; Mistral's list has no word for it but the name."""
    (model,) = CALLED.models(json.dumps({"data": [entry]}).encode())

    assert model.capabilities == capabilities

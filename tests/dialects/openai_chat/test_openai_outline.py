"""What planning needs of a request, found without reading its messages."""

import json
from typing import Any

import pytest

from hearth.call import Outline
from hearth.dialects.body import cut
from hearth.dialects.openai_chat import SERVED
from hearth.problems import BadRequest

USER = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1000}}


def outline(body: dict[str, Any], route: str = "chat") -> Outline:
    """The outline of a body."""
    return SERVED.outline(route, cut(json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("members", "needs"),
    [
        ({}, set()),
        ({"tools": []}, set()),
        ({"tools": [TOOL]}, {"tools"}),
        ({"functions": [{"name": "f"}]}, {"tools"}),
        ({"messages": [{"role": "user", "content": [PICTURE]}]}, {"images"}),
        ({"messages": [{"role": "user", "content": 'the "image_url" key, "type"'}]}, set()),
        ({"messages": [{"role": "user", "content": "image_url"}, {"type": "x", **USER}]}, set()),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "A"}}]}]},
            {"audio"},
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "a"}}]}]}, {"files"}),
        ({"response_format": {"type": "text"}}, set()),
        ({"response_format": {"type": "json_object"}}, {"json"}),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}}, {"json_schema"}),
        ({"reasoning_effort": "low"}, {"thinking"}),
        ({"reasoning_effort": "none"}, set()),
        ({"reasoning": {"effort": "high"}}, {"thinking"}),
        ({"logprobs": True}, {"logprobs"}),
        ({"logprobs": False}, set()),
        ({"n": 2}, {"choices"}),
        ({"n": 1}, set()),
    ],
)
def test_an_outline_knows_what_a_request_needs(members: dict[str, Any], needs: set[str]) -> None:
    """Abilities are found without reading the messages, and never where they are only talked about."""
    assert outline({"messages": [USER], **members}).needs == needs


def test_an_outline_counts_the_prompt_without_its_pictures() -> None:
    """A picture's bytes are no prompt: they would make a small question look like a book."""
    content = [{"type": "text", "text": "what?"}, PICTURE]

    found = outline({"messages": [{"role": "user", "content": content}]})

    assert found.images == 1
    assert found.prompt_bytes < 200


def test_an_outline_of_the_old_routes() -> None:
    """Completions stream on demand and need the raw prompt or a gap; embeddings never stream."""
    raw = outline({"model": "m", "prompt": "x", "stream": True, "logprobs": 0}, "completions")
    gap = outline({"prompt": "x", "suffix": ""}, "completions")
    vectors = outline({"model": "m", "input": "x", "stream": True}, "embeddings")

    assert (raw.operation, raw.stream, raw.needs) == ("complete", True, frozenset(("raw", "logprobs")))
    assert gap.needs == {"suffix"}
    assert (vectors.operation, vectors.stream, vectors.needs) == ("embed", False, frozenset(("embeddings",)))


def test_an_outline_takes_the_defaults_of_the_wire() -> None:
    """`stream` is false, usage is not asked for, no model is "", the newer limit counts."""
    found = outline({"messages": [USER], "max_tokens": 1, "max_completion_tokens": 2})

    assert (found.model, found.stream, found.include_usage, found.max_tokens) == ("", False, False, 2)


@pytest.mark.parametrize(
    ("route", "body", "param"),
    [
        ("chat", {}, "messages"),
        ("chat", {"messages": [USER], "stream": "yes"}, "stream"),
        ("chat", {"messages": [USER], "model": 3}, "model"),
        ("chat", {"messages": [USER], "max_tokens": "many"}, "max_tokens"),
        ("embeddings", {"input": "x", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_wrong_member_is_named(route: str, body: dict[str, Any], param: str) -> None:
    """A bad request names the member that is wrong, as the envelope's `param`."""
    with pytest.raises(BadRequest) as caught:
        outline(body, route)

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("members", "native"),
    [
        ({"plugins": [], "grammar": "", "audio": None, "modalities": ["text"], "best_of": 1}, ()),
        ({"grammar": "x", "best_of": 2}, ("the best of several answers (best_of)", "a grammar (grammar)")),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, ("tools of type 'custom'",)),
        ({"tools": [{"type": "function", "function": {"name": "custom", "description": "custom"}}]}, ()),
    ],
)
def test_what_only_this_dialect_has_words_for_is_named(members: dict[str, Any], native: tuple[str, ...]) -> None:
    """So that a target of another dialect is not even asked: it could only drop it."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **members}

    assert SERVED.outline("chat", cut(json.dumps(body).encode())).native == native


def test_mistrals_words_for_vectors_are_known() -> None:
    """Its clients say `output_dimension`; vectors of another type than float have no meaning elsewhere."""
    body = {"model": "m", "input": ["x"], "output_dimension": 8, "output_dtype": "float"}

    plain = SERVED.outline("embeddings", cut(json.dumps(body).encode()))
    packed = SERVED.outline("embeddings", cut(json.dumps(body | {"output_dtype": "int8"}).encode()))

    assert plain.needs == {"embeddings", "dimensions"}
    assert plain.native == ()
    assert packed.native == ("vectors of another type than float (output_dtype)",)

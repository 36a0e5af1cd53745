"""Lists of models in Anthropic's form, both ways."""

import json

import pytest
from anthropic.types import ModelCapabilities
from anthropic.types import ModelInfo as Shown

from dialects.anthropic.anthropic_golden import CLAUDE
from hearth.dialects.anthropic import CALLED, write_model, write_models
from hearth.dialects.dialect import ModelInfo
from hearth.dialects.optional import ListsInPages
from hearth.problems import BrokenReply

OPUS = {
    "type": "model",
    "id": "claude-opus-5",
    "display_name": "Claude Opus 5",
    "created_at": "2026-05-01T00:00:00Z",
    "max_input_tokens": 1_000_000,
    "max_tokens": 128_000,
    "lifecycle": "active",
    "capabilities": {
        "image_input": {"supported": True},
        "thinking": {"supported": True},
        "effort": {"supported": True},
    },
}


def page(*rows: object, more: bool = False) -> bytes:
    """A page of a list."""
    return json.dumps({"data": rows, "has_more": more, "last_id": "claude-opus-5" if rows else None}).encode()


def test_windows_limits_and_abilities_are_learned() -> None:
    """What the list says of a model is kept; a retired one is not offered."""
    found = CALLED.models(page(OPUS, {**OPUS, "id": "old", "lifecycle": "retired"}, {"id": "bare"}, {"id": 7}, "x"))

    assert found[0].name == "claude-opus-5"
    assert (found[0].window, found[0].output_limit) == (1_000_000, 128_000)
    assert found[0].capabilities == ("completion", "tools", "vision", "thinking")
    assert found[1] == ModelInfo("bare")
    assert len(found) == 2


def test_a_long_list_goes_on_after_its_last_name() -> None:
    """The next page begins after the last one's last model; there is none after the end."""
    assert isinstance(CALLED, ListsInPages)

    following = CALLED.next_models(page(OPUS, more=True), CLAUDE)

    assert following is not None
    assert following.path == "/v1/models?limit=1000&after_id=claude-opus-5"
    assert CALLED.next_models(page(OPUS), CLAUDE) is None
    assert CALLED.next_models(b"[]", CLAUDE) is None


@pytest.mark.parametrize("body", [b"", b"7", b'{"data": 7}', b"<html>"])
def test_what_is_no_list_is_broken(body: bytes) -> None:
    """F7: a page of a portal is no list of models."""
    with pytest.raises(BrokenReply):
        CALLED.models(body)


def test_what_a_model_can_do_is_listed_as_the_sdk_reads_it() -> None:
    """Every key is there; one of which nobody knows anything says nothing at all."""
    local = ModelInfo("qwen3:8b", capabilities=("completion", "json_schema", "thinking", "tools"))
    claude = ModelInfo("far/claude-opus-4-8", capabilities=("completion", "files", "thinking", "tools", "vision"))

    rows = json.loads(write_models([local, claude, ModelInfo("x/y")]))["data"]

    assert rows[2]["capabilities"] is None
    ours, theirs = (ModelCapabilities.model_validate(row["capabilities"], strict=True) for row in rows[:2])
    assert (ours.image_input.supported, theirs.image_input.supported) == (False, True)
    assert (ours.pdf_input.supported, theirs.pdf_input.supported) == (False, True)
    assert (ours.structured_outputs.supported, theirs.structured_outputs.supported) == (True, False)
    assert (ours.thinking.types.enabled.supported, theirs.thinking.types.enabled.supported) == (True, False)
    assert (ours.thinking.types.adaptive.supported, theirs.thinking.types.adaptive.supported) == (True, True)
    assert (ours.effort.high.supported, theirs.effort.xhigh and theirs.effort.xhigh.supported) == (True, True)


def test_models_are_listed_as_the_sdk_reads_them() -> None:
    """Name, dates that all clients can read, and the window that calls really get."""
    infos = [ModelInfo("qwen3:8b", window=8192, modified="2026-11-20T10:00:00.123456789+01:00"), ModelInfo("x/y")]

    body = json.loads(write_models(infos))

    rows = [Shown.model_validate(row) for row in body["data"]]
    assert (body["first_id"], body["last_id"], body["has_more"]) == ("qwen3:8b", "x/y", False)
    assert rows[0].max_input_tokens == 8192
    assert rows[0].created_at.isoformat() == "2026-11-20T09:00:00+00:00"
    assert rows[1].created_at.year == 1970
    assert json.loads(write_model(infos[0]))["id"] == "qwen3:8b"
    assert json.loads(write_models([]))["first_id"] is None

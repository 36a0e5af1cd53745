"""Each preset in use: the provider gets its own spelling, and what it answers in its own forms comes back right.

A real daemon with the preset's address replaced by a rehearsal that plays the provider and refuses what it refuses.
"""

import json
from typing import Any

import pytest

from end_to_end.callers import Answer, call
from end_to_end.preset_stage import ROWS, SECRET, Object, Row, by_name, last_call, play, sent
from hearth.rehearsal import Fault, Rehearsal
from hearth_config import presets
from hearth_home import Home

SKY = "Because of Rayleigh scattering."
THOUGHT = "The user asks why."
OTHER_DIALECTS = {"ollama", "anthropic", "gemini", "vertex", "cohere", "replicate", "minimax", "voyage"}
"""Presets that are played by the tests of their own dialects; Voyage makes embeddings only."""


def test_every_preset_has_its_row() -> None:
    """No preset is shipped that nothing plays."""
    assert {row.preset for row in ROWS} == set(presets.names()) - OTHER_DIALECTS


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_foreign_client_is_answered_in_the_providers_spelling(row: Row) -> None:
    """An Ollama client's options arrive under the provider's names; thinking, text and counts come back apart."""
    options = {"num_predict": 500, "seed": 7, "temperature": 0.5, **({"stop": ["END"]} if row.stop else {})}
    body = {
        "model": f"x/{row.model}", "think": "low", "options": options,
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "why is the sky blue?"}],
    }  # fmt: skip

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object, Any, Object]:
        answer = await call(home, "/api/chat", body)
        return answer, sent(rehearsal), rehearsal.calls[-1], await last_call(home)

    answer, members, request, record = play(row, act)

    assert answer.status == 200, answer.body
    assert request.path == row.path
    assert request.header(row.auth[0]) == row.auth[1]
    assert members["model"] == row.model
    assert members[row.limit] == 500
    assert ("max_tokens" in members) == (row.limit == "max_tokens")
    assert [name for name in ("seed", "random_seed") if name in members] == [row.seed] * bool(row.seed)
    assert members.get("stop") == (["END"] if row.stop else None)
    assert members["messages"][0]["role"] == ("developer" if row.preset in ("openai", "azure") else "system")
    assert tuple((name, members.get(name)) for name, _ in row.thinking) == row.thinking
    assert (members.get("stream_options") == {"include_usage": True}) == row.usage
    assert not set(row.absent) & set(members)
    said = [line["message"] for line in answer.lines]
    assert "".join(one["content"] for one in said).strip() == SKY
    assert "".join(one.get("thinking") or "" for one in said).strip() == (THOUGHT if row.thinks else "")
    assert answer.last["done_reason"] == "stop"
    assert record["ending"] == "complete"
    assert (record["output_tokens"], record["estimated"]) == (11, False)


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_client_of_openais_dialect_gets_the_providers_own_bytes(row: Row) -> None:
    """In the same dialect the stream passes as it is, tool calls included; unknown members arrive untouched."""
    if row.preset == "perplexity":
        pytest.skip("It calls no tools.")
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    routing = {"order": ["a"], "allow_fallbacks": False}
    own = {} if row.flavour == "mistral" else {"models": ["a/b", "c/d"], "provider": routing}
    body = {
        "model": f"x/{row.model}", "stream": True, "max_tokens": 400, "tools": [tool], "parallel_tool_calls": True,
        "messages": [{"role": "user", "content": "what is the weather"}], **own,
    }  # fmt: skip

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        return await call(home, "/v1/chat/completions", body), sent(rehearsal)

    answer, members = play(row, act, tools=True)

    assert answer.status == 200, answer.body
    assert {name: members.get(name) for name in own} == own
    assert members[row.limit] == 400
    called = [
        piece for event in answer.events if event != "[DONE]" for choice in event["choices"] or ()
        for piece in (choice.get("delta") or {}).get("tool_calls") or ()
    ]  # fmt: skip
    assert called[0]["function"]["name"] == "get_weather"
    arguments = "".join(piece["function"].get("arguments") or "" for piece in called)
    assert json.loads(arguments) == {"city": "Paris"}
    assert answer.events[-1] == "[DONE]"


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_missing_model_is_told_in_the_callers_dialect(row: Row) -> None:
    """However the provider says it, the caller gets an error of its own dialect and not an answer."""
    if row.flavour == "llama-server":
        pytest.skip("It has one model and takes any name for it.")
    body = {"model": "x/nobody", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        return await call(home, "/api/chat", body), await last_call(home)

    answer, record = play(row, act)

    assert answer.status >= 400
    assert answer.json()["error"]
    kinds = {"minimax": "provider_refusal", "xai": "model_missing"}
    assert record["problem"] == kinds.get(row.flavour, "model_missing")


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_a_refused_key_is_told_and_never_shown(row: Row) -> None:
    """T16: a key the provider does not know is the provider's problem, named, and stands nowhere in the answer."""
    body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        rehearsal.rescript(keys=("sk-another",))
        return await call(home, "/api/chat", body), await last_call(home)

    answer, record = play(row, act)

    assert answer.status >= 400
    assert record["problem"] == "key_refused"
    assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("row", ROWS, ids=by_name)
def test_an_error_in_the_middle_is_never_an_end(row: Row) -> None:
    """Each provider's way to break off in mid-stream becomes the caller's error line, not a finished answer."""
    body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": "hello"}]}

    async def act(home: Home, rehearsal: Rehearsal) -> Answer:
        rehearsal.next(Fault.error("the model fell over", after=4), path="*")
        return await call(home, "/api/chat", body)

    answer = play(row, act)

    assert not answer.finished
    assert "the model fell over" in answer.last["error"]

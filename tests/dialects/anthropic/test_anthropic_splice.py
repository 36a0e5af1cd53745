"""A caller's own Messages request on its way to a target of the same dialect: nothing changes that need not."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from dialects.anthropic.anthropic_golden import BOX, CLAUDE, HELLO, OLD_CLAUDE, members
from hearth.chat import Knobs, Members
from hearth.dialects.anthropic import CALLED, SERVED
from hearth.dialects.anthropic.seals import seal, signature
from hearth.dialects.body import cut, raw
from hearth.dialects.dialect import Destination, HttpRequest


def spliced(to: Destination = CLAUDE, **given: object) -> HttpRequest:
    """What the target is sent for such a request."""
    found = members(**given)
    outline = SERVED.outline("messages", found)
    return CALLED.splice(structs.replace(outline, headers=(("anthropic-beta", "x-1"),)), found, to)


def body(to: Destination = CLAUDE, **given: object) -> Members:
    """The members that the target is sent."""
    return cut(spliced(to, **given).body)


def test_unknown_members_survive_byte_for_byte() -> None:
    """Only the model changes; what nobody here knows goes along as it came, with the beta headers."""
    request = spliced(new_thing={"a": [1, 2.50]}, context_management={"edits": []}, hearth={"mode": "any"})

    sent = cut(request.body)
    assert bytes(sent["new_thing"]) == b'{"a": [1, 2.5]}'
    assert bytes(sent["messages"]) == json.dumps(HELLO).encode()
    assert "hearth" not in sent
    assert bytes(sent["model"]) == b'"claude-opus-5"'
    assert ("anthropic-beta", "x-1") in request.headers
    assert [value for name, value in request.headers if name == "anthropic-version"] == ["2023-06-01"]


def test_a_stream_is_asked_for_as_one() -> None:
    """The head says what the body says."""
    assert ("Accept", "text/event-stream") in spliced(stream=True).headers
    assert ("Accept", "application/json") in spliced().headers


def test_defaults_fill_what_is_open_and_allowed() -> None:
    """The config's knobs go where the caller set none and the model takes them; extras always do."""
    defaults = Knobs(temperature=0.5, top_p=0.9, top_k=5, stop=("END",))
    to = structs.replace(BOX, defaults=defaults, extra={"service_tier": raw("auto")})

    filled = body(to, temperature=0.1)

    assert bytes(filled["temperature"]) == b"0.1"
    assert bytes(filled["top_p"]) == b"0.9"
    assert bytes(filled["stop_sequences"]) == b'["END"]'
    assert bytes(filled["service_tier"]) == b'"auto"'
    assert not {"temperature", "top_p"} & set(body(structs.replace(CLAUDE, defaults=defaults)))
    assert "top_p" not in body(structs.replace(OLD_CLAUDE, defaults=defaults), temperature=0.1)


def _history(*signatures: str | None) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "hm"} | ({} if one is None else {"signature": one}) for one in signatures
    ]
    return [*HELLO, {"role": "assistant", "content": [*blocks, {"type": "text", "text": "x"}]}, *HELLO]


def test_thoughts_of_others_are_left_out_for_a_claude() -> None:
    """A conversation that a local model began can go on at Anthropic, which refuses thoughts it did not sign.

    A server that signs none reads what was thought, and gets nobody's seal.
    """
    history = _history("sig", "", None, signature("seal", "gemini"))

    sent = json.loads(bytes(body(messages=history)["messages"]))
    kept = json.loads(bytes(body(BOX, messages=history)["messages"]))

    assert [block.get("signature") for block in sent[1]["content"]] == ["sig", None]
    assert [block.get("thinking") for block in kept[1]["content"]] == ["hm", "hm", "hm", "hm", None]
    assert [block.get("signature") for block in kept[1]["content"]] == ["sig", "", None, "", None]


def test_thoughts_signed_for_another_provider_of_this_dialect_are_left_out() -> None:
    """Hidden ones as well; a server that signs none gets what can be read of them, without the seal."""
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "theirs"},
        {"type": "redacted_thinking", "data": "hidden"},
        {"type": "thinking", "thinking": "aha", "signature": "own"},
        {"type": "text", "text": "x"},
    ]
    history = [*HELLO, {"role": "assistant", "content": blocks}, *HELLO]
    foreign = {"theirs", "hidden"}

    claude, box = (
        json.loads(bytes(body(structs.replace(to, foreign=foreign), messages=history)["messages"]))[1]["content"]
        for to in (CLAUDE, BOX)
    )

    assert claude == blocks[2:]
    assert box == [blocks[0] | {"signature": ""}, *blocks[2:]]


def test_a_resumed_turn_that_lost_its_thoughts_is_not_asked_to_think() -> None:
    """The API refuses to think to a budget in the middle of a turn that does not begin with thinking."""
    thought = {"type": "thinking", "thinking": "hm", "signature": "theirs"}
    called = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}}
    answered = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "4"}
    history = [*HELLO, {"role": "assistant", "content": [thought, called]}, {"role": "user", "content": [answered]}]
    thinking = {"type": "enabled", "budget_tokens": 1024}

    lost = body(structs.replace(OLD_CLAUDE, foreign={"theirs"}), messages=history, thinking=thinking)
    kept = body(OLD_CLAUDE, messages=history, thinking=thinking)
    answered_since = body(
        structs.replace(OLD_CLAUDE, foreign={"theirs"}), messages=[*history, *HELLO], thinking=thinking
    )

    assert "thinking" not in lost
    assert "thinking" in kept
    assert "thinking" in answered_since


def test_a_turn_of_foreign_thoughts_alone_goes() -> None:
    """An empty turn would be refused as well."""
    history = [*HELLO, {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}]}]

    sent = json.loads(bytes(body(messages=history)["messages"]))

    assert sent == HELLO


def test_own_thoughts_keep_their_bytes() -> None:
    """Nothing is written anew where nothing is wrong: signatures and caches hang on exact bytes."""
    history = _history("sig")

    assert bytes(body(messages=history)["messages"]) == json.dumps(history).encode()


def test_a_count_is_asked_without_the_settings_of_an_answer() -> None:
    """`count_tokens` refuses what only an answer needs."""
    found = members(stream=True, temperature=0.1, tools=[{"name": "look", "input_schema": {}}])
    outline = SERVED.outline("count_tokens", found)

    request = CALLED.count_spliced(outline, found, CLAUDE)  # type: ignore[attr-defined]

    assert request.path == "/v1/messages/count_tokens"
    assert set(cut(request.body)) == {"model", "messages", "tools"}


@given(st.text(min_size=1), st.sampled_from(("gemini", "openai_responses", "x-y_z")))
def test_a_wrapped_seal_is_found_again(opaque: str, producer: str) -> None:
    """Whatever another maker sealed comes back letter by letter."""
    assert seal(signature(opaque, producer)) == (opaque, producer)


@given(st.text())
def test_any_signature_can_be_read(given: str) -> None:
    """Clients may send what they like: nothing in a signature is ever an error here."""
    opaque, producer = seal(given)

    assert bool(opaque) <= bool(producer)


@given(st.lists(st.one_of(st.integers(), st.none(), st.just({"type": "thinking", "signature": "theirs"}), st.just([]))))
def test_blocks_that_are_none_are_left_to_the_provider(content: list[Any]) -> None:
    """Whatever stands among the blocks: it is passed on for Anthropic to refuse, and never fails here."""
    history = [*HELLO, {"role": "assistant", "content": content}, *HELLO]

    to = structs.replace(OLD_CLAUDE, foreign={"theirs"})
    members = cut(json.dumps({"model": "m", "max_tokens": 5, "messages": history}).encode())
    outline = SERVED.outline("messages", cut(json.dumps({"model": "m", "max_tokens": 5, "messages": HELLO}).encode()))

    assert CALLED.splice(outline, members, to).body

"""What makes two requests the same, and which may be answered from the cache at all."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.cache_values import Object, asked, chat
from hearth.cache.question import is_settled, may_be_kept, question
from hearth.call import Call, Mode
from hearth.dialects import registry
from hearth_config.settings import Cache

ON = Cache(answers="exact")
DIALECTS = ["ollama", "openai_chat", "anthropic"]


def settled(call: Call) -> bool:
    served = registry.served(call.dialect)
    assert served is not None
    return is_settled(served.read(call.outline.route, call.members))


def cold(dialect: str, **more: object) -> Object:
    """A body that leaves nothing to chance."""
    return chat(options={"temperature": 0}, **more) if dialect == "ollama" else chat(temperature=0, **more)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_temperature_0_leaves_nothing_to_chance(dialect: str) -> None:
    """Temperature 0 counts however it is written; without it the same words may be answered otherwise tomorrow."""
    warm = chat(options={"temperature": 0.7}) if dialect == "ollama" else chat(temperature=0.7)

    assert settled(asked(dialect, cold(dialect)))
    assert not settled(asked(dialect, chat()))
    assert not settled(asked(dialect, warm))


def test_a_seed_leaves_nothing_to_chance() -> None:
    """A seed does as well as temperature 0, in the dialects that have one; seed 0 is a seed."""
    assert settled(asked("openai_chat", chat(seed=0, temperature=1)))
    assert settled(asked("ollama", chat(options={"seed": 7})))


def test_embeddings_are_always_settled() -> None:
    """The same text has the same vector: no knob decides about it."""
    assert settled(asked("ollama", {"model": "m", "input": "a"}, route="embed"))


def test_what_is_only_pointed_at_may_change() -> None:
    """A picture by its address may be another one tomorrow; one that was sent along is what it is."""
    pointed = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}]
    sent = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}
    ]

    assert not settled(asked("openai_chat", {**cold("openai_chat"), "messages": pointed}))
    assert settled(asked("openai_chat", {**cold("openai_chat"), "messages": sent}))


def test_each_kind_has_its_own_switch() -> None:
    """`answers` is for answers, `embeddings` for embeddings, and off is off."""
    talk, vectors = asked("ollama", chat()), asked("ollama", {"model": "m", "input": "a"}, route="embed")

    assert may_be_kept(talk, Cache(answers="exact"))
    assert not may_be_kept(talk, Cache(embeddings="exact"))
    assert may_be_kept(vectors, Cache(embeddings="exact"))
    assert not may_be_kept(vectors, Cache(answers="exact"))


def test_a_caller_may_want_no_cache_and_cannot_want_one() -> None:
    """`"hearth": {"cache": false}` keeps a call away from it; true opens nothing that the config has shut."""
    call = asked("openai_chat", cold("openai_chat"))
    outline = call.outline
    no = msgspec.structs.replace(outline, wishes=msgspec.structs.replace(outline.wishes, cache=False))
    yes = msgspec.structs.replace(outline, wishes=msgspec.structs.replace(outline.wishes, cache=True))

    assert not may_be_kept(msgspec.structs.replace(call, outline=no), ON)
    assert not may_be_kept(msgspec.structs.replace(call, outline=yes), Cache())


def test_tools_that_a_provider_runs_are_never_kept() -> None:
    """What a web search finds is not in the question."""
    body = {"model": "m", "input": "news?", "temperature": 0, "tools": [{"type": "web_search"}]}

    assert not may_be_kept(asked("openai_responses", body, route="responses"), ON)


@given(st.randoms(use_true_random=False))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_order_and_spacing_change_nothing(dialect: str, chance: random.Random) -> None:
    """The same members in another order, spaced otherwise, with 0.0 for 0, streamed or not, are the same question."""
    body = cold(dialect)
    other = cold(dialect, stream=True)
    if dialect != "ollama":
        other["temperature"] = 0.0
    names = list(other)
    chance.shuffle(names)

    assert question(asked(dialect, body)) == question(asked(dialect, {name: other[name] for name in names}))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_whatever_may_change_the_answer_tells_questions_apart(dialect: str) -> None:
    """Another word, model, mode, knob or unknown member is another question."""
    body = cold(dialect)
    others: list[tuple[Object, Mode]] = [
        ({**body, "model": "n"}, "prefer-local"),
        ({**body, "messages": [{"role": "user", "content": "a secret question "}]}, "prefer-local"),
        ({**body, "some_new_thing": 1}, "prefer-local"),
        (body, "offline"),
    ]

    found = {question(asked(dialect, body)), *(question(asked(dialect, other, mode=mode)) for other, mode in others)}

    assert len(found) == len(others) + 1


def test_for_whom_it_is_asked_changes_nothing() -> None:
    """OpenAI's `user` and Ollama's `keep_alive` are no part of the question."""
    plain, named = asked("openai_chat", cold("openai_chat")), asked("openai_chat", cold("openai_chat", user="u1"))
    short = asked("ollama", cold("ollama", keep_alive="1m"))

    assert question(plain) == question(named)
    assert question(short) == question(asked("ollama", cold("ollama")))

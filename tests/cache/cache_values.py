"""Calls and answers as the tests of the cache need them."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Raw

from hearth.cache.answer import Answer, Form
from hearth.call import App, Call, Mode
from hearth.dialects import registry
from hearth.events import (
    Citation,
    Done,
    Event,
    Finished,
    Frame,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)

Object = dict[str, Any]
ROUTES = {"ollama": "chat", "openai_chat": "chat", "anthropic": "messages"}


def asked(dialect: str, body: Object, *, mode: Mode = "prefer-local", app: str = "", route: str = "") -> Call:
    """Return the call that a body of that dialect makes."""
    served = registry.served(dialect)
    assert served is not None
    members = {name: Raw(msgspec.json.encode(value)) for name, value in body.items()}
    outline = served.outline(route or ROUTES[dialect], members)
    return Call("0" * 26, dialect, outline, members, "chat", mode, App(app), 0, 0.0)


def chat(**more: object) -> Object:
    """Return a chat's body in any of the three dialects."""
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "a secret question"}], **more}


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
counts = st.none() | st.integers(0, 10**9)
numbers = st.floats(allow_nan=False, allow_infinity=False)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Started, words, words, st.integers(0, 2**40)),
    st.builds(TextDelta, words, st.integers(0, 3)),
    st.builds(ThinkingDelta, words),
    st.builds(RefusalDelta, words),
    st.builds(ToolCallDelta, st.integers(0, 3), words, words, words, st.booleans()),
    st.builds(Citation, words, words, words),
    st.builds(LogProbs, st.sampled_from([Raw(b"[]"), Raw(b'[{"token":"a","logprob":-0.5}]')])),
    st.builds(Vectors, st.lists(st.lists(numbers, max_size=4).map(tuple), max_size=3).map(tuple)),
    st.builds(Usage, counts, counts, counts, cost=st.none() | numbers),
    st.builds(Finished, st.sampled_from(["stop", "length", "tool_calls"]), words),
    st.builds(Done),
)
frames = st.builds(Frame, st.binary(max_size=20), st.lists(events, max_size=4).map(tuple))
answers = st.builds(
    Answer,
    words,
    st.sampled_from(["machine", "lan", "cloud"]),
    st.binary(max_size=16),
    st.builds(Form, st.booleans(), st.booleans()),
    st.booleans(),
    words,
    st.lists(frames, max_size=5).map(tuple),
    counts,
    counts,
)

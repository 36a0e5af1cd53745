"""The state machine of a response's events, held by properties and by the SDK's own."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dialects.openai_responses.responses_golden import (
    JSON_HEAD,
    SSE_HEAD,
    events,
    stream,
    streamed,
    whole,
)
from hearth.events import (
    Citation,
    Done,
    Event,
    Finished,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)

SAID = st.text(min_size=1, max_size=6)
OWN = ("plain", "patch")
ADAPTER: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
PIECES = st.one_of(
    st.builds(TextDelta, SAID),
    st.builds(ThinkingDelta, SAID),
    st.builds(ThinkingSealed, SAID, st.sampled_from(["anthropic", "gemini"])),
    st.builds(RefusalDelta, SAID),
    st.builds(Citation, SAID, SAID),
    st.builds(LogProbs, st.just(Raw(b'[{"token":"a","logprob":-1.0,"bytes":[97],"top_logprobs":[]}]'))),
    st.builds(ToolCallDelta, st.integers(0, 2), SAID),
)


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """A finished reply, its calls numbered as the contract says."""
    said: list[Event] = [Started("id", "m", 1)]
    seen: list[int] = []
    for piece in draw(st.lists(PIECES, max_size=12)):
        if not isinstance(piece, ToolCallDelta):
            said.append(piece)
            continue
        fresh = piece.index not in seen
        seen += [piece.index] if fresh else []
        number = seen.index(piece.index)
        id, name = (f"id{number}", draw(st.sampled_from(OWN))) if fresh else ("", "")
        said.append(ToolCallDelta(number, piece.arguments, id, name))
    reason = draw(st.sampled_from(["stop", "length", "tool_calls", "filter", "unknown"]))
    return [*said, Usage(input=3, output=4, cached=1, reasoning=2), Finished(reason), Done()]  # type: ignore[arg-type]


@given(replies())
def test_the_events_of_a_stream_keep_their_order(said: list[Event]) -> None:
    """One beginning, numbers without a gap, each item and part opened once and closed once in its place, one end."""
    records = stream(said)

    assert [record["sequence_number"] for record in records] == list(range(len(records)))
    assert [record["type"] for record in records[:2]] == ["response.created", "response.in_progress"]
    ends = [r for r in records if r["type"] in ("response.completed", "response.incomplete", "response.failed")]
    assert ends == [records[-1]]
    _check_items(records)


def _check_items(records: list[dict[str, Any]]) -> None:
    """Follow every item from its opening to its end."""
    open_items: dict[int, str] = {}
    open_parts: set[tuple[int, str, int]] = set()
    done: dict[int, Any] = {}
    for record in records:
        kind, place = record["type"], record.get("output_index", -1)
        if kind == "response.output_item.added":
            assert place == len(open_items) + len(done)
            open_items[place] = record["item"]["id"]
        elif kind == "response.output_item.done":
            assert open_items.pop(place) == record["item"]["id"]
            assert not [part for part in open_parts if part[0] == place]
            done[place] = record["item"]
        elif place >= 0:
            assert open_items[place] == record["item_id"]
            _check_part(record, open_parts)
    assert not open_items
    assert records[-1]["response"]["output"] == [done[place] for place in sorted(done)]


def _check_part(record: dict[str, Any], opened: set[tuple[int, str, int]]) -> None:
    """A delta, a done or an annotation lies inside its part."""
    name = "content_index" if "content_index" in record else "summary_index"
    if name not in record:
        return
    part = (record["output_index"], name, record[name])
    if record["type"].endswith("part.added"):
        assert part not in opened
        opened.add(part)
    elif record["type"].endswith("part.done"):
        opened.remove(part)
    else:
        assert part in opened


@given(replies())
def test_the_sdk_follows_every_stream(said: list[Event]) -> None:
    """Its own state machine takes each event, and its types fit what we write."""
    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    records = stream(said)

    for record in records:
        state.handle_event(ADAPTER.validate_python(record))

    Response.model_validate(records[-1]["response"])


@given(replies())
def test_a_stream_and_a_whole_response_say_the_same(said: list[Event]) -> None:
    """The last event shows what a caller without a stream gets."""
    shown = whole(said)

    assert shown == stream(said)[-1]["response"]
    Response.model_validate(shown)


@given(replies())
def test_what_is_written_is_read_back(said: list[Event]) -> None:
    """Streamed and whole, words, thinking, refusals and the names of calls come back."""
    for found in (events(SSE_HEAD, streamed(said)), events(JSON_HEAD, json.dumps(whole(said)).encode())):
        for kind in (TextDelta, ThinkingDelta, RefusalDelta):
            assert "".join(e.text for e in found if isinstance(e, kind)).replace("\n\n", "") == "".join(
                e.text for e in said if isinstance(e, kind)
            ).replace("\n\n", "")
        names = [e.name for e in said if isinstance(e, ToolCallDelta) and e.name]
        assert [e.name for e in found if isinstance(e, ToolCallDelta) and e.name] == names
        assert found[-1] == Done()

"""The exchanges of a prediction, in every order that Replicate may bring about."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dialects.replicate.replicate_examples import HELLO, STREAM, TEXT, TO, URLS, Play, described, prediction
from hearth.dialects.body import cut
from hearth.dialects.exchanges import CalledInTurns
from hearth.dialects.replicate import CALLED
from hearth.dialects.replicate.series import LAGS, POLL_S
from hearth.events import Done, Failed, Finished, Started, TextDelta, Usage
from hearth.problems import BrokenReply, ContextTooLong, ProviderFault

COUNTED = {"input_token_count": 3, "output_token_count": 5, "predict_time": 1.5, "total_time": 9.0}
USAGE = Usage(input=3, output=5, total_ns=1_500_000_000)
DESCRIBED = described(prompt={"type": "string"})
GONE = ProviderFault("gone")


def test_it_answers_in_turns() -> None:
    """Outbound finds out what it is by its shape."""
    assert isinstance(CALLED, CalledInTurns)


def test_description_creation_stream_and_counts() -> None:
    """The usual way: four exchanges, the stream at the place the prediction names."""
    play = Play().go(DESCRIBED, prediction())
    stream = play.next()
    play.read(STREAM)
    play.go(prediction("succeeded", output=[TEXT], metrics=COUNTED))

    paths = [(one.request.method, one.base, one.request.path) for one in play.sent]
    assert paths == [
        ("GET", "", "/v1/models/meta/llama"),
        ("POST", "", "/v1/models/meta/llama/predictions"),
        ("GET", "https://stream.replicate.com", "/v1/files/xyz?a=b"),
        ("GET", "https://api.replicate.com", "/v1/predictions/abc"),
    ]
    assert [(one.binding, one.optional, bool(one.keep_s)) for one in play.sent] == [
        (False, True, True),
        (True, False, False),
        (False, True, False),
        (False, True, False),
    ]
    assert stream is not None
    assert ("Accept", "text/event-stream") in stream.request.headers
    assert play.said == [
        Started("abc", "meta/llama"),
        TextDelta("Grüße"),
        TextDelta("\n🙂"),
        Finished("stop", "succeeded"),
        USAGE,
        Done(),
    ]
    assert play.next() is None


def test_without_a_stream_only_what_is_new_is_said() -> None:
    """Each question is half a second after the last, and the output is compared with what was said."""
    play = Play(stream=False).go(DESCRIBED, prediction(), prediction("processing", output=["a"]))
    play.go(prediction("processing", output=["a"]), prediction("succeeded", output=["a", "b"], metrics=COUNTED))

    assert {one.pause_s for one in play.sent[2:]} == {POLL_S}
    assert play.said[1:] == [TextDelta("a"), TextDelta("b"), Finished("stop", "succeeded"), USAGE, Done()]


def test_what_is_shown_may_lag_behind_what_was_streamed() -> None:
    """After a cut stream the prediction may show less for a while: nothing is said twice, and nothing taken back."""
    play = Play().go(DESCRIBED, prediction())
    play.next()
    play.read(STREAM[:40])
    play.go(prediction(), prediction("processing", output=["Grü"]), prediction("succeeded", output=TEXT))

    assert "".join(one.text for one in play.said if isinstance(one, TextDelta)) == TEXT


def test_a_prediction_that_is_done_at_once_needs_no_more() -> None:
    """A creation may already hold the end."""
    play = Play().go(DESCRIBED, prediction("succeeded", output="Hi"))

    assert play.said[1:] == [TextDelta("Hi"), Finished("stop", "succeeded"), Done()]
    assert play.next() is None


@pytest.mark.parametrize("at", range(len(STREAM)))
def test_a_stream_that_is_cut_is_taken_up_by_asking(at: int) -> None:
    """F6: cut at every byte, nothing is finished by it, and what is said in the end is said once."""
    play = Play().go(DESCRIBED, prediction())
    play.next()
    play.read(STREAM[:at])
    cut_short = not any(isinstance(event, Finished | Done) for event in play.said)
    play.go(prediction("succeeded", output=TEXT, metrics=COUNTED))

    assert cut_short
    assert "".join(one.text for one in play.said if isinstance(one, TextDelta)) == TEXT
    assert play.said[-3:] == [Finished("stop", "succeeded"), USAGE, Done()]


@pytest.mark.parametrize("at", range(1, len(STREAM)))
def test_pieces_change_nothing(at: int) -> None:
    """Split at every byte, the text is the same, and the raws joined are the bytes."""
    play = Play().go(DESCRIBED, prediction())
    play.next()
    before = len(play.frames)
    play.read(STREAM[:at], STREAM[at:])

    assert "".join(one.text for one in play.said if isinstance(one, TextDelta)) == TEXT
    assert b"".join(frame.raw for frame in play.frames[before:]) == STREAM


def test_what_can_be_done_without_is_done_without() -> None:
    """No description: the prompt alone. No stream: questions. No counts: an end without them."""
    play = Play()
    play.next()
    assert play.series.missed(GONE) == []
    play.go(prediction())
    body = json.loads(play.last.body)
    play.next()
    assert play.series.missed(GONE) == []
    play.go(prediction("succeeded", output="Hi"))

    counted = Play().go(DESCRIBED, prediction())
    counted.next()
    counted.read(STREAM)
    counted.next()
    ends = [event for frame in counted.series.missed(GONE) for event in frame.events]

    assert body == {"input": {"prompt": "Hello"}, "stream": True}
    assert play.said[-1] == Done()
    assert ends == [Finished("stop", "succeeded"), Done()]
    assert counted.next() is None


def test_counts_may_lag_behind_the_stream() -> None:
    """A prediction that still runs after its stream is asked again, not for ever."""
    play = Play().go(DESCRIBED, prediction())
    play.next()
    play.read(STREAM)
    play.go(*[prediction("processing")] * LAGS)
    waiting = Done() not in play.said
    play.go(prediction("processing"))

    assert waiting
    assert play.said[-2:] == [Finished("stop", "succeeded"), Done()]


@pytest.mark.parametrize(
    ("state", "words", "kind"),
    [
        ({"status": "failed", "error": "CUDA error"}, "CUDA error", ProviderFault),
        ({"status": "failed", "error": "prompt is too long"}, "too long", ContextTooLong),
        ({"status": "failed", "error": None}, "failed", ProviderFault),
        ({"status": "canceled"}, "cancelled", ProviderFault),
        ({"status": "aborted"}, "cancelled", ProviderFault),
        ({"status": "succeeded", "output": {"url": "x"}}, "else than text", BrokenReply),
        ({"status": "succeeded", "output": ["X"]}, "took back", BrokenReply),
    ],
)
def test_a_prediction_that_does_not_succeed_is_a_failure(state: dict[str, Any], words: str, kind: type) -> None:
    """F8: and there is nothing left to cancel where it ended by itself."""
    play = Play(stream=False).go(DESCRIBED, prediction(), prediction("processing", output=["a"]))
    play.go(prediction(**state))

    end = play.said[-1]
    assert isinstance(end, Failed)
    assert type(end.problem) is kind
    assert words in end.problem.text
    if kind is not BrokenReply:
        assert play.series.cancel() is None


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ('event: error\nid: 1\ndata: {"detail": "no GPU"}\n\n', "no GPU"),
        ("event: error\nid: 1\ndata: no GPU\n\n", "no GPU"),
        ('event: done\nid: 1\ndata: {"reason": "error"}\n\n', "failed"),
        ('event: done\nid: 1\ndata: {"reason": "canceled"}\n\n', "cancelled"),
    ],
)
def test_a_stream_that_ends_badly_is_a_failure(record: str, words: str) -> None:
    """F8: an error, or a reason to be done."""
    play = Play().go(DESCRIBED, prediction())
    play.next()
    play.read(record.encode())

    end = play.said[-1]
    assert isinstance(end, Failed)
    assert words in end.problem.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"id": "../x", "status": "starting"}',
        prediction(urls={"get": "file:///etc/passwd"}),
        prediction(urls={"get": "https://x/ y"}),
        prediction(urls={"stream": "//host/x"}),
    ],
)
def test_what_is_no_prediction_is_a_broken_reply(body: bytes) -> None:
    """An id goes into paths and an address is dialled: both have a form."""
    play = Play().go(DESCRIBED, body)

    end = play.said[-1]
    assert isinstance(end, Failed)
    assert isinstance(end.problem, BrokenReply)


def test_what_runs_can_be_cancelled_at_the_configured_address() -> None:
    """By its id, whatever address its reply names; before the creation and after the end there is nothing to cancel."""
    play = Play(stream=False)
    states = [play.series.cancel()]
    play.go(DESCRIBED)
    states.append(play.series.cancel())
    play.go(prediction(urls={**URLS, "cancel": "https://evil.example/"}))
    cancel = play.series.cancel()
    play.go(prediction("succeeded", output="a"))
    states.append(play.series.cancel())

    assert states == [None, None, None]
    assert cancel is not None
    assert (cancel.base, cancel.request.method, cancel.request.path) == ("", "POST", "/v1/predictions/abc/cancel")


def test_deployments_and_versions() -> None:
    """A deployment is described by the version it runs; a version goes into the body; an unofficial model has one."""
    deployed = Play(to=replace(TO, model="deployments/acme/mine"))
    deployed.go(json.dumps({"current_release": {"model": "o/n", "version": "v9"}}).encode(), DESCRIBED)
    deployed.next()
    version = Play(to=replace(TO, model="o/n:v9")).go(DESCRIBED)
    version.next()
    bare = Play(to=replace(TO, model="0" * 64))
    bare.next()
    unofficial = Play().go(json.dumps({**json.loads(DESCRIBED), "is_official": False}).encode())
    unofficial.next()

    assert [one.request.path for one in deployed.sent] == [
        "/v1/deployments/acme/mine",
        "/v1/models/o/n/versions/v9",
        "/v1/deployments/acme/mine/predictions",
    ]
    assert (version.last.path, json.loads(version.last.body)["version"]) == ("/v1/predictions", "v9")
    assert (bare.last.path, json.loads(bare.last.body)["version"]) == ("/v1/predictions", "0" * 64)
    assert (unofficial.last.path, json.loads(unofficial.last.body)["version"]) == ("/v1/predictions", "v1")


def test_the_config_lies_over_the_creation() -> None:
    """Webhook beside the input, `extra.input` over it."""
    extra = cut(b'{"webhook":"https://example.com","input":{"top_k":5,"prompt":"mine"}}')
    play = Play(to=replace(TO, extra=extra)).go(DESCRIBED)
    play.next()

    assert json.loads(play.last.body) == {
        "input": {"prompt": "mine", "top_k": 5},
        "stream": True,
        "webhook": "https://example.com",
    }


_JSON: Any = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "status", "output", "error", "metrics", "urls", "get", "stream", "latest_version", "openapi_schema",
         "components", "schemas", "Input", "properties", "current_release", "model", "version", "allOf", "enum"]
    ), inner, max_size=5)), max_leaves=14)  # fmt: skip


@given(st.lists(_JSON | st.just(json.loads(prediction())), max_size=6), st.booleans())
def test_no_reply_raises_and_every_series_ends_or_goes_on(replies: list[Any], stream: bool) -> None:
    """Whatever comes, there is a failure, an end, or one more exchange."""
    play = Play(HELLO, stream=stream)
    for reply in replies:
        if play.next() is None or any(isinstance(event, Failed) for event in play.said):
            break
        play.read(json.dumps(reply).encode())

    ended = [event for event in play.said if isinstance(event, Done)]
    assert len(ended) <= 1
    assert not ended or play.said[-1] == Done()

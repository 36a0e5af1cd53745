"""Replies that are not what they should be: pages, foreign hosts, strange spellings, endless lines."""

import json

import pytest

from hearth.dialects.dialect import Destination, Head, ReplyReader
from hearth.dialects.framing import MAX_RECORD
from hearth.dialects.ollama import CALLED
from hearth.events import Done, Failed, Finished, Started, TextDelta, ToolCallDelta, Vectors
from hearth.problems import BrokenReply, ContextTooLong, Forbidden, ModelMissing, Problem, ProviderFault

GUARDED = Destination("ollama", "qwen3:8b", local_only=True)


def reader(kind: str = "application/x-ndjson", to: Destination = GUARDED, status: int = 200) -> ReplyReader:
    return CALLED.reader("chat", None, to, Head(status, (("Content-Type", kind),)))


def line(**members: object) -> bytes:
    return json.dumps({"model": "qwen3:8b:local", **members}, separators=(",", ":")).encode() + b"\n"


def failure(frame_events: tuple[object, ...]) -> Problem:
    last = frame_events[-1]
    assert isinstance(last, Failed)
    return last.problem


def test_the_suffix_we_added_is_taken_out() -> None:
    """The caller never wrote `:local`, so it never sees it: neither in the bytes nor in the meaning."""
    one = reader()

    frame = one.feed(line(message={"role": "assistant", "content": "say :local"}, done=False))[0]

    assert frame.raw == b'{"model":"qwen3:8b","message":{"role":"assistant","content":"say :local"},"done":false}\n'
    assert frame.events == (Started(model="qwen3:8b"), TextDelta("say :local"))


def test_bytes_are_left_alone_otherwise() -> None:
    """Without the guard nothing of ours is in the reply, so nothing is taken out (design §2.4)."""
    raw = line(message={"content": "x"})

    assert reader(to=Destination("ollama", "qwen3:8b")).feed(raw)[0].raw == raw


@pytest.mark.parametrize("mark", ["remote_host", "remote_model"])
def test_a_forwarded_answer_is_refused(mark: str) -> None:
    """A model that turned remote behind our back is an alarm, not an answer: privacy outranks availability."""
    one = reader()

    frame = one.feed(line(**{mark: "https://ollama.com:443"}, message={"content": "secret"}, done=True))[0]

    assert [type(event) for event in frame.events] == [Failed]
    assert isinstance(failure(frame.events), Forbidden)
    assert not one.finished


def test_a_forwarded_answer_where_it_is_allowed() -> None:
    """Where remote models are allowed the mark is just a member."""
    frame = reader(to=Destination("ollama", "m")).feed(line(remote_host="h", message={"content": "x"}, done=True))[0]

    assert frame.events[-1] == Done()


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "", "text/plain"])
def test_a_page_is_not_a_reply(kind: str) -> None:
    """F7: a login page with status 200 is refused at its first bytes and named."""
    one = reader(kind)

    frames = one.feed(b"<html>") + one.feed(b"</html>") + one.close()

    assert isinstance(failure(frames[0].events), BrokenReply)
    assert b"".join(frame.raw for frame in frames) == b"<html></html>"
    assert not one.finished


def test_an_empty_reply() -> None:
    """F6: no bytes at all are a cut reply, streamed or whole."""
    for kind in ("application/x-ndjson", "application/json", "text/html"):
        assert isinstance(failure(reader(kind).close()[-1].events), BrokenReply), kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("model 'm' not found", ModelMissing),
        ('{"error":{"type":"exceed_context_size_error","message":"request (9 tokens) is too long"}}', ContextTooLong),
        ("CUDA error: out of memory", ProviderFault),
        ("model runner has unexpectedly stopped", ProviderFault),
    ],
)
def test_errors_in_a_stream(text: str, kind: type[Problem]) -> None:
    """F8: an error line is of the kind its words say, nested JSON opened."""
    problem = failure(reader().feed(line(error=text))[0].events)

    assert type(problem) is kind
    assert not problem.message.startswith("{")


def test_nothing_counts_after_an_error() -> None:
    """Whatever follows an error is passed on without meaning, and never finishes the reply."""
    one = reader()
    one.feed(line(error="x"))

    frames = one.feed(line(message={"content": "a"}, done=True)) + one.close()

    assert [frame.events for frame in frames] == [()]
    assert not one.finished


def test_nothing_counts_after_the_end() -> None:
    """The same behind `done`."""
    one = reader()
    one.feed(line(message={"content": ""}, done=True))

    frames = one.feed(b'{"x":1}\n\n{') + one.close()

    assert [(frame.raw, frame.events) for frame in frames] == [(b'{"x":1}\n', ()), (b"\n", ()), (b"{", ())]
    assert one.finished


def test_an_endless_line() -> None:
    """F12: a line that never ends is given up at 64 MiB."""
    one = reader()
    piece = b"x" * (MAX_RECORD // 2 + 1)

    frames = one.feed(piece) + one.feed(piece)

    assert isinstance(failure(frames[-1].events), BrokenReply)
    assert sum(len(frame.raw) for frame in frames) == 2 * len(piece)


def test_an_endless_body() -> None:
    """F12: so is a whole body."""
    one = reader("application/json")
    piece = b"x" * (MAX_RECORD // 2 + 1)

    frames = one.feed(piece) + one.feed(piece) + one.feed(b"y") + one.close()

    assert isinstance(failure(frames[0].events), BrokenReply)
    assert sum(len(frame.raw) for frame in frames) == 2 * len(piece) + 1


def test_spellings_of_servers_that_resemble_ollama() -> None:
    """Arguments as text, null members and a reason of their own are understood."""
    call = {"function": {"name": "f", "arguments": '{"x":1}'}}
    frame = reader().feed(
        line(message={"content": None, "tool_calls": [call]}, logprobs=None, error=None, done=True, done_reason="eos")
    )[0]

    assert frame.events[1:] == (
        ToolCallDelta(0, '{"x":1}', name="f", whole=True),
        Finished("unknown", "eos"),
        Done(),
    )


def test_numbers_of_vectors_may_be_whole() -> None:
    """Providers write 1 where they mean 1.0."""
    one = CALLED.reader("embed", None, GUARDED, Head(200, (("content-type", "application/json"),)))
    one.feed(b'{"embeddings":[[1,2.5]]}')

    assert one.close()[0].events[1:] == (Vectors(((1.0, 2.5),)), Done())

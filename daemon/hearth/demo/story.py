"""The story in six scenes. Each asks real questions of the daemon and says whether it saw what it should."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, wait
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from hearth.client import Client, ClientError, Refused
from hearth.demo.asking import Head, answer, asked
from hearth.demo.stage import Stage, wait_until
from hearth.demo.told import Command, Fact, Scene, Told, Verdict, Words

if TYPE_CHECKING:
    from hearth.record import CallRecord

MISSING = "qwen3:235b"
"""A model that the demo's engine does not have."""
SHORT, LONG = 30, 90
"""Tokens of the answers that keep the local model busy, and of the one that an edit happens under."""
_BEFORE, _AFTER = 'default_model = "small"', 'default_model = "other"'


class Cast(NamedTuple):
    """Who plays: the stage, and a client in front of it."""

    stage: Stage
    client: Client


def play(stage: Stage) -> Iterator[Told]:
    """Tell the whole story; a scene that cannot be played says so, and the next one begins."""
    with stage.client() as client:
        for number, (title, scene) in enumerate(SCENES, 1):
            yield Scene(f"{number}. {title}")
            try:
                yield from scene(Cast(stage, client))
            except ClientError as error:
                yield Verdict(holds=False, text=str(error) or "Hearth is not there any more.")


def at_home(cast: Cast) -> Iterator[Told]:
    """A model on this machine answers."""
    before = _questions(cast.stage)
    yield Fact("ask", "small: Hello!")
    with asked(cast.client, "small", "Hello!") as (head, text):
        yield Fact("head", str(head))
        yield from _spoken(text)
    yield Verdict(
        _is(head, "machine", "local") and _questions(cast.stage) == before,
        "It was answered on this machine; the cloud was not asked.",
    )


def busy(cast: Cast) -> Iterator[Told]:
    """One call runs and one waits, so that the third would wait too long."""
    slow = [_aside(cast.stage, "small", "Please count.", SHORT) for _ in range(2)]
    full = wait_until(lambda: sorted(call.phase == "queued" for call in cast.client.status().calls) == [False, True])
    yield from (Fact("in flight", f"{call.asked}: {call.phase}") for call in cast.client.status().calls)
    yield Fact("ask", "small: Hello!")
    try:
        with asked(cast.client, "small", "Hello!") as (head, text):
            yield Fact("head", str(head))
            yield from _spoken(text)
    finally:
        wait(slow)
    both = [each.result()[0] for each in slow]
    yield from (Fact("slow call", str(head)) for head in both)
    yield Verdict(
        full and _is(head, "cloud", "busy") and all(_is(one, "machine", "local") for one in both),
        "The third went to the cloud because the model was busy; the two before it were answered here.",
    )


def missing(cast: Cast) -> Iterator[Told]:
    """A model that is not installed."""
    yield Fact("ask", f"{MISSING}: Hello!")
    with asked(cast.client, MISSING, "Hello!") as (head, text):
        yield Fact("head", str(head))
        yield from _spoken(text)
    yield Verdict(_is(head, "cloud", "missing"), "The cloud answered, since [fallback] allows it.")


def offline(cast: Cast) -> Iterator[Told]:
    """The same request where nothing may leave the machine."""
    state = cast.client.set_mode("offline")
    before = _seen_by_cloud(cast.stage)
    yield Fact("mode", f"{state.mode} (`hearth mode offline`)")
    yield Fact("ask", f"{MISSING}: Hello!")
    refusal = _refusal(cast.client, MISSING)
    record = cast.client.calls(1)[0]
    yield Fact("refused", f"HTTP {record.status}: {refusal}")
    head, _ = answer(cast.client, "other", "Hello!")
    yield Fact("other", str(head))
    after = _seen_by_cloud(cast.stage)
    yield Fact("before", f"the cloud has seen {before}")
    yield Fact("after", f"the cloud has seen {after}")
    yield Verdict(
        state.mode == "offline"
        and _was_forbidden(record, refusal)
        and before == after
        and _is(head, "machine", "local"),
        "It was refused with its reason, nothing reached the cloud, and local models go on.",
    )


def edited(cast: Cast) -> Iterator[Told]:
    """The config is edited while an answer is being given."""
    yield Fact("mode", f"{cast.client.set_mode(None).mode} again (`hearth mode --clear`)")
    stream = _aside(cast.stage, "default", "Please count.", LONG)
    wait_until(lambda: any(call.output_tokens > 2 for call in cast.client.status().calls))
    cast.stage.edit(_BEFORE, _AFTER)
    yield Fact("edit", f"{_BEFORE} is now {_AFTER}, while an answer of {LONG} tokens is on its way")
    wait_until(lambda: cast.client.default_model().model == "other")
    head, text = answer(cast.client, "default", "Hello!")
    meanwhile = not stream.done()
    yield Fact("default", str(head))
    yield from _spoken(iter([text]))
    yield from _outcome(cast.client, stream, head, meanwhile=meanwhile)


def _outcome(client: Client, stream: Future[tuple[Head, str]], head: Head, *, meanwhile: bool) -> Iterator[Told]:
    first, text = stream.result()
    record = client.call(first.id).call
    whole = record is not None and record.ending == "complete" and record.output_tokens == LONG
    yield Fact("stream", f"{first.target}, {len(text.split())} words, {record.ending if record else 'not in the log'}")
    yield Verdict(
        meanwhile and whole and first.target == "ollama/small:latest" and head.target == "ollama/other:latest",
        "The new default held at once, and the answer begun before it came whole.",
    )


def written_down(cast: Cast) -> Iterator[Told]:
    """What the usage log knows of all this."""
    calls = cast.client.calls(20)
    to_cloud = next((call for call in calls if call.reason == "busy"), None)
    yield Command(("usage",))
    if to_cloud is not None:
        yield Command(("why", to_cloud.id))
    sums = cast.client.usage("place").rows
    yield Verdict(
        to_cloud is not None
        and sum(row.calls for row in sums) >= len(calls)
        and not _on_disk(cast.stage, b"Hello", b"Please count", b"stand-in on"),
        f"All {len(calls)} calls stand in the usage log with their reasons, and nothing of what was said.",
    )


SCENES = (
    ("A local model answers", at_home),
    ("The local model is busy", busy),
    ("The model is missing", missing),
    ("The same request in mode offline", offline),
    ("An edit of hearth.toml while an answer is streaming", edited),
    ("What was written down", written_down),
)


def _spoken(text: Iterator[str]) -> Iterator[Told]:
    yield from (Words(piece) for piece in text if piece)
    yield Words("")


def _aside(stage: Stage, model: str, question: str, max_tokens: int) -> Future[tuple[Head, str]]:
    """Ask beside the story, with a client of its own, in a thread that nobody waits for who breaks the story off."""
    answered: Future[tuple[Head, str]] = Future()

    def ask() -> None:
        try:
            with stage.client() as client:
                answered.set_result(answer(client, model, question, max_tokens))
        except Exception as error:  # noqa: BLE001 -- raised where the answer is asked for
            answered.set_exception(error)

    Thread(target=ask, daemon=True).start()
    return answered


def _refusal(client: Client, model: str) -> str:
    """Return the words a request is refused with, "" if it was answered."""
    try:
        answer(client, model, "Hello!")
    except Refused as refused:
        return refused.message
    return ""


def _is(head: Head, place: str, reason: str) -> bool:
    return (head.place, head.reason) == (place, reason)


def _was_forbidden(record: CallRecord, refusal: str) -> bool:
    return record.status == 403 and record.ending == "refused" and "offline" in refusal


def _questions(stage: Stage) -> int:
    """How many questions the cloud was asked; listing its models is none."""
    return sum(call.method == "POST" for call in stage.cloud.calls)


def _seen_by_cloud(stage: Stage) -> str:
    requests = [f"{call.method} {call.path}" for call in stage.cloud.calls]
    return f"{len(requests)} requests ({', '.join(requests)}), {stage.cloud.connections} connection(s)"


def _on_disk(stage: Stage, *said: bytes) -> bool:
    """Whether any file of this Hearth holds any of these words."""
    files = [file.read_bytes() for file in stage.home.iterdir() if file.is_file()]
    return any(words in content for content in files for words in said)

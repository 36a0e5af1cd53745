"""One cell of the matrix: a client asks for a feature through a daemon, and what became of it."""

from __future__ import annotations

import json
from typing import NamedTuple

from end_to_end.callers import Answer, call
from hearth.rehearsal import Fault, Rehearsal
from hearth_home import Home
from matrix.cast import CLIENTS, PROVIDERS, Client, Provider
from matrix.heard import Heard
from matrix.questions import LIMIT, MARKS, STOP, Feature

THOUGHT = "The user asks why."
NUMBERS = ["one,", "two,", "three,", "four,", "five,", "six,", "seven,", "eight,", "nine,", "ten,"]
SKY = "Because of Rayleigh scattering."
PAUSE = "70"
"""Seconds: longer than a call waits for its key to have room again (`patience`)."""


class Outcome(NamedTuple):
    """What became of it: "kept", "refused" with the words of the refusal, or "lost" with what is wrong."""

    word: str
    why: str = ""


class Scene(NamedTuple):
    """A daemon with every provider behind it, each played by its own rehearsal."""

    home: Home
    rehearsals: dict[str, Rehearsal]


async def play(scene: Scene, served: str, called: str, feature: Feature, *, stream: bool) -> Outcome:
    """Ask a provider of the cast, and judge what it got and what the client heard."""
    return await play_at(scene, served, called, PROVIDERS[called], feature, stream=stream)


async def play_at(
    scene: Scene, served: str, called: str, provider: Provider, feature: Feature, *, stream: bool
) -> Outcome:
    """The same, for any provider that stands under that name in the config."""
    client, rehearsal = CLIENTS[served], scene.rehearsals[called]
    rehearsal.clear()
    rehearsal.calls.clear()
    _plan_fault(rehearsal, feature, stream=stream)
    path, body = client.request(feature, f"{called}/{provider.model}", stream=stream)
    answer = await call(scene.home, path, body, **dict(client.headers))
    sent = [one for one in rehearsal.calls if one.method == "POST"]
    assert not rehearsal.panics, rehearsal.panics
    if not sent:
        return Outcome("refused", _refusal(client, answer))
    if feature in ("error", "cut"):
        return _judge_failure(client, answer, feature, stream=stream)
    lost = [mark for mark in MARKS.get(feature, ()) if not _stands(mark, sent[-1].body)]
    if lost:
        return Outcome("lost", f"the provider never got {lost}: {sent[-1].body[:600]!r}")
    if answer.status != 200:
        return Outcome("lost", f"{answer.status} {answer.body[:600]!r} for {sent[-1].body[:600]!r}")
    heard = client.stream(answer.body) if stream else client.whole(json.loads(answer.body))
    if feature == "thinking" and not provider.shows_thoughts:
        return Outcome("unseen") if heard.ended and heard.text and not heard.thinking else Outcome("lost", f"{heard}")
    wrong = _wrong(heard, feature)
    return Outcome("lost", f"{wrong}: {heard} in {answer.body[:1500]!r}") if wrong else Outcome("kept")


def _plan_fault(rehearsal: Rehearsal, feature: Feature, *, stream: bool) -> None:
    if feature == "error":
        rehearsal.next(Fault.error("it fell over", after=3) if stream else Fault.refuse(429, retry_after=PAUSE))
    elif feature == "cut":
        rehearsal.next(Fault.cut(objects=3) if stream else Fault.cut(size=25))
        rehearsal.when(lambda request: "/streams/" in request.path, Fault.cut(objects=3), times=1)


def _stands(mark: str, body: bytes) -> bool:
    """Whether the words stand in the JSON that was sent, however JSON spells them."""
    return json.dumps(mark)[1:-1] in body.decode() or mark in body.decode()


def _refusal(client: Client, answer: Answer) -> str:
    """Return the words of a refusal in the client's own envelope."""
    assert 400 <= answer.status < 500, answer
    heard = client.whole(json.loads(answer.body))
    assert heard.error, answer.body
    return heard.error


def _judge_failure(client: Client, answer: Answer, feature: Feature, *, stream: bool) -> Outcome:
    """An error is told as one, a cut reply is never a whole one."""
    if answer.status != 200:
        error = client.whole(json.loads(answer.body)).error
        pause = answer.headers.get("retry-after") == PAUSE or feature == "cut" or stream
        return Outcome("kept" if error and pause else "lost", f"{answer.status} {answer.headers} {answer.body!r}")
    heard = client.stream(answer.body) if stream else client.whole(json.loads(answer.body))
    healed = feature == "cut" and heard.ended and not _wrong(heard, "text")  # by asking for the rest
    told = (bool(heard.error) and not heard.ended) or healed
    return Outcome("kept" if told else "lost", "" if told else f"{heard} in {answer.body!r}")


def _wrong(heard: Heard, feature: Feature) -> str:
    """Return what is wrong with what the client heard, "" if nothing is."""
    paris, rome = ("get_weather", '{"city": "Paris"}'), ("get_weather", '{"city": "Rome"}')
    finish = {"tools": "tools", "parallel tools": "tools", "length": "length"}.get(feature, "stop")
    if not heard.ended or heard.finish != finish:
        return f"it does not end as {finish}"
    if feature in ("tools", "parallel tools"):
        wanted = (paris,) if feature == "tools" else (paris, rome)
        return "" if heard.calls == wanted else "the calls are not those that were made"
    if feature == "thinking" and heard.thinking.strip() != THOUGHT:
        return "the thoughts are not those of the model"
    return "" if _text_is_right(heard.text, feature) else "the text is not the model's"


def _text_is_right(text: str, feature: Feature) -> bool:
    if feature == "JSON schema":
        return bool(json.loads(text) == {"city": "Paris", "temp": 21})
    if feature == "stop":
        return text.strip() == "one, two, three," and STOP not in text
    if feature == "length":
        return text.split() == (NUMBERS * 2)[:LIMIT]
    said = {"tool results": "It is 21 degrees and sunny in Paris.", "thinking": SKY}
    return text.strip() == said.get(feature, "Hello! I am a small test model.")

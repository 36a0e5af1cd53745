"""The rehearsal holds keys to limits as providers do, and keeps books of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from hearth.rehearsal import KeyLimit, ModelScript, Rehearsal, Script
from hearth.rehearsal.key_limits import KeyBook, Said
from promised_times import held_once_of
from rehearsal.raw_client import Answer, connected, head, read

BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 7}).encode()
MODELS = (ModelScript(name="m"),)


def play(limit: KeyLimit, pauses: tuple[float, ...], keys: tuple[str, ...] = ()) -> tuple[list[Answer], KeyBook]:
    """Ask once after each pause, with the key `k`."""

    async def scene() -> tuple[list[Answer], KeyBook]:
        answers = []
        async with Rehearsal(Script(kind="openai", models=MODELS, limits=(limit,), keys=keys)) as far:
            for pause in pauses:
                await asyncio.sleep(pause)
                async with connected(far) as (reader, writer):
                    named = [("Host", "x"), ("Authorization", "Bearer k")]
                    writer.write(head("POST", "/v1/chat/completions", named, BODY))
                    answers.append(await read(reader))
            return answers, far.books.get("k", KeyBook())

    return asyncio.run(scene())


def test_what_is_over_a_limit_gets_429_with_the_time_to_wait() -> None:
    """Two in so many seconds, and the third is refused; the books say how many there were of each."""
    answers, book = play(KeyLimit(key="k", requests=2, seconds=30.0, counts="sliding"), (0, 0, 0))

    assert [one.status for one in answers] == [200, 200, 429]
    assert [one.header("x-ratelimit-remaining-requests") for one in answers] == ["1", "0", "0"]
    assert 29 <= int(answers[2].header("retry-after")) <= 31
    assert (book.passed, book.over, book.most) == (2, 1, 2)


def test_a_bucket_refills() -> None:
    """One of two is there again after half the time."""

    def scene() -> tuple[list[Answer], KeyBook]:
        return play(KeyLimit(requests=2, seconds=0.8), (0, 0, 0, 0.5))

    answers, book = held_once_of(3, scene, lambda found: found[0][2].status == 429)

    assert [one.status for one in answers] == [200, 200, 429, 200]
    assert (book.passed, book.over) == (3, 1)


def test_tokens_count_when_the_request_comes() -> None:
    """The prompt at four bytes a token, and all the tokens that the answer may have, as OpenAI counts."""
    answers, book = play(KeyLimit(tokens=40, seconds=60.0, silent=True), (0, 0))

    assert [one.status for one in answers] == [200, 429]
    assert book.tokens == len(BODY) // 4 + 7
    assert answers[1].header("retry-after") == ""
    assert answers[0].header("x-ratelimit-limit-tokens") == "40"


def test_a_wrong_key_is_refused_before_it_is_counted() -> None:
    """Who is not let in has no limits."""
    answers, book = play(KeyLimit(requests=1), (0, 0), keys=("other",))

    assert [one.status for one in answers] == [401, 401]
    assert book == KeyBook()


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("openai", "x-ratelimit-reset-requests"),
        ("anthropic", "anthropic-ratelimit-requests-reset"),
        ("plain", "x-ratelimit-reset"),
    ],
)
def test_each_form_of_headers_is_told(said: Said, name: str) -> None:
    """A duration, a moment in RFC 3339, or one in ms since 1970."""
    answers, _ = play(KeyLimit(requests=5, said=said), (0,))

    assert answers[0].header(name)

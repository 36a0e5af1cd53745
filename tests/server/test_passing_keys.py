"""Keys and money of requests that are handed on unread: the next key takes over, and nobody's price stays unknown."""

from typing import Any

import httpx
import pytest

from hearth_home import Home
from server.far import KEY, Far, played, rows

TWO_KEYS = 'keys = [{ id = "a", value = "env:FAR_KEY" }, { id = "b", value = "env:SPARE_KEY" }]'


@pytest.mark.parametrize("status", [401, 402, 429])
def test_another_key_takes_over_from_one_that_is_refused(status: int) -> None:
    """As for any call: a limited, spent or revoked key costs no request whose body can be sent again."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[list[httpx.Response], int, dict[str, Any]]:
        far.refuses[KEY] = status
        answers = [await client.post("/v1/images/generations", json={"model": "far/img", "prompt": "x"}) for _ in "123"]
        return answers, len(far.asked), (await rows(home))[0]

    answers, asked, row = played(act, keys=TWO_KEYS)

    assert [one.status_code for one in answers] == [200] * 3
    assert [one.headers["X-Hearth-Attempts"] for one in answers] == ["2", "1", "1"]
    assert asked == 4
    assert (row["attempts"], row["ending"]) == (2, "complete")


def test_when_every_key_is_refused_the_last_refusal_is_told() -> None:
    """Each key is tried once, and each try is written down once."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[httpx.Response, int, dict[str, Any]]:
        far.refuses = {KEY: 401, "sk-spare-0123456789": 429}
        answer = await client.post("/v1/images/generations", json={"model": "far/img", "prompt": "x"})
        return answer, len(far.asked), (await rows(home))[0]

    answer, asked, row = played(act, keys=TWO_KEYS)

    assert answer.status_code == 429
    assert asked == 2
    assert (row["attempts"], row["ending"], row["problem"]) == (2, "failed", "rate_limited")


@pytest.mark.usefixtures("noon")
def test_what_nobody_counts_stands_in_the_budget_as_unknown() -> None:
    """An answer of unknown price is told beside the sum at once; a refusal owes nothing."""
    budget = "[budget]\ndaily_limit = 1\nallow_unpriced = true\n"

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> list[int]:
        unknown = []
        for status in (200, 400):
            far.status = status
            await client.post("/v1/audio/speech", json={"model": "far/tts-1"})
            unknown.append(home.daemon.core.till.views()[0].unknown)
        return unknown

    assert played(act, budget) == [1, 1]

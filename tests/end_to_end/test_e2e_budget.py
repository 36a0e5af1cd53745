"""Limits on what may be spent, held by a running daemon: before, beside and after calls, and over restarts."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from end_to_end.callers import PATIENT_S, Answer, Object, admin, call, calm, chat, cloud, engine, inference, until
from hearth.daemon import Daemon
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth_home import Home, make, running

pytestmark = pytest.mark.usefixtures("noon")
PRICED = "price = { input_per_million = 1000, output_per_million = 1000 }"
"""A thousandth of a dollar for each token."""
BOTH = '[models.both]\nuse = ["far/scripted", "spare/scripted"]\nstrategy = "as_listed"\n'


def budget(*, daily: float = 1.0, more: str = "") -> str:
    return f"{calm()}\n[budget]\ndaily_limit = {daily}\n{more}\n"


def far() -> Rehearsal:
    return Rehearsal(Script(kind="openai"))


async def record(home: Home, answer: Answer) -> Object:
    """Return what is written down of a call, once it is."""
    async with asyncio.timeout(PATIENT_S):
        while True:
            found: Object = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
            if found.get("attempts"):
                return found


async def spent(home: Home) -> list[tuple[str, float]]:
    found = await admin(home, "/hearth/v1/status")
    return [(one["scope"], one["spent"]) for one in found["budgets"]]


def test_a_reply_says_what_it_cost_and_the_budget_counts_it() -> None:
    """The price of the config, the provider's own count; in the head of the reply, in the log and in the status."""

    async def scene() -> None:
        async with far() as provider, running(budget() + cloud(provider, more=PRICED)) as home:
            answer = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=100))
            usage = answer.json()["usage"]
            told = await record(home, answer)

            cost = (usage["prompt_tokens"] + usage["completion_tokens"]) / 1000
            assert float(answer.headers["x-hearth-cost"]) == pytest.approx(cost)
            (attempt,) = told["attempts"]
            assert attempt["cost"] == pytest.approx(cost)
            assert (attempt["currency"], attempt["cost_source"]) == ("USD", "config")
            assert dict(await spent(home)) == pytest.approx({"all": cost})

    asyncio.run(scene())


def test_when_it_is_spent_the_cloud_is_refused_and_home_goes_on() -> None:
    """403 in the caller's dialect, with what is left and what to do; the model at home answers as ever."""

    async def scene() -> None:
        async with far() as provider, Rehearsal() as ollama:
            config = budget(daily=0.2) + engine(ollama) + cloud(provider, more=PRICED)
            async with running(config) as home:
                first = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=80))
                second = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=190))
                local = await call(home, "/v1/chat/completions", chat("scripted"))
                asked = inference(provider)

        assert (first.status, second.status, local.status) == (200, 403, 200)
        assert asked == 1
        said = second.json()["error"]["message"]
        assert "are left of the daily limit of all providers" in said
        assert said.endswith("Raise that limit, name a lower max_tokens, or ask for a model on this machine.")

    asyncio.run(scene())


def test_callers_at_once_never_overspend() -> None:
    """32 at a time: each sets its upper bound aside before it is sent, so that the sum stays below the limit."""

    async def scene() -> None:
        async with far() as provider, running(budget(daily=2.0) + cloud(provider, more=PRICED)) as home:

            async def caller() -> list[int]:
                return [
                    (await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=60))).status
                    for _ in range(4)
                ]

            statuses = [one for many in await asyncio.gather(*(caller() for _ in range(32))) for one in many]
            found = await admin(home, "/hearth/v1/status")

        assert set(statuses) == {200, 403}
        (view,) = found["budgets"]
        assert 0 < view["spent"] <= 2.0
        assert view["reserved"] == 0

    asyncio.run(scene())


def test_a_candidate_without_room_gives_way_to_the_next() -> None:
    """The dear one is refused by the plan, or when it is tried; the cheap one answers, and says why."""

    async def scene() -> None:
        cheap = "price = { input_per_million = 1, output_per_million = 1 }"
        async with far() as dear, far() as other:
            config = budget(daily=0.05) + BOTH + cloud(dear, more=PRICED) + cloud(other, "spare", cheap)
            async with running(config) as home:
                answer = await call(home, "/v1/chat/completions", chat("both", max_tokens=100))

        assert answer.headers["x-hearth-target"] == "spare/scripted"
        assert answer.headers["x-hearth-reason"] == "refused:budget"
        assert not inference(dear)

    asyncio.run(scene())


def test_a_key_whose_money_is_spent_gives_way_to_another() -> None:
    """Each key has a limit of its own, and its provider's other keys go on."""

    async def scene() -> None:
        small, large = 'id = "a", value = "env:A", daily_limit = 0.1', 'id = "b", value = "env:B", daily_limit = 5.0'
        keys = f"keys = [ {{ {small} }}, {{ {large} }} ]"
        async with far() as provider:
            config = calm() + cloud(provider, more=f"{PRICED}\n{keys}")
            async with running(config, {"A": "sk-a", "B": "sk-b"}) as home:
                answers = [
                    await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=30)) for _ in range(12)
                ]
                found = {one["name"]: one for one in (await admin(home, "/hearth/v1/status"))["budgets"]}

        assert {one.status for one in answers} == {200}
        assert found["far/a"]["spent"] <= 0.1
        assert found["far/b"]["spent"] > 0

    asyncio.run(scene())


def test_when_spent_warn_only_tells() -> None:
    """Nothing is refused; the events say both that it is nearly spent and that it is."""

    async def scene() -> None:
        config = budget(daily=0.03, more='when_spent = "warn"')
        async with far() as provider, running(config + cloud(provider, more=PRICED)) as home:
            for _ in range(5):
                answer = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=100))
                assert answer.status == 200
            kinds = [one.kind for one in home.daemon.core.events.recent]

        assert [kind for kind in kinds if kind.startswith("budget")] == ["budget_alert", "budget_spent"]

    asyncio.run(scene())


def test_what_one_request_may_cost_bounds_it() -> None:
    """By the header or the body field; without a budget too."""

    async def scene() -> None:
        async with far() as provider, running(calm() + cloud(provider, more=PRICED)) as home:
            body = chat("far/scripted", max_tokens=100)
            cheap = await call(home, "/v1/chat/completions", body, X_Hearth_Max_Cost="0.05")
            enough = await call(home, "/v1/chat/completions", body, X_Hearth_Max_Cost="0.5")
            field = await call(home, "/v1/chat/completions", {**body, "hearth": {"max_cost": 0.05}})

        assert (cheap.status, enough.status, field.status) == (403, 200, 403)
        assert "the request allows 0.05" in cheap.json()["error"]["message"]

    asyncio.run(scene())


def test_an_apps_limit_binds_that_app() -> None:
    """Another caller of the same model is answered."""

    async def scene() -> None:
        app = '[apps.zed]\nmatch = { user_agent = "Zed/*" }\ndaily_limit = 0.05\n'
        async with far() as provider, running(calm() + app + cloud(provider, more=PRICED)) as home:
            body = chat("far/scripted", max_tokens=100)
            zed = await call(home, "/v1/chat/completions", body, User_Agent="Zed/1.0")
            other = await call(home, "/v1/chat/completions", body, User_Agent="curl/8")

        assert (zed.status, other.status) == (403, 200)

    asyncio.run(scene())


def test_a_cut_answer_is_paid_by_estimate() -> None:
    """The provider counted nothing, yet it read the prompt and wrote a part: never 0, and marked as estimated."""

    async def scene() -> None:
        async with far() as provider, running(budget() + cloud(provider, more=PRICED)) as home:
            provider.next(Fault.cut(objects=4))
            answer = await call(home, "/v1/chat/completions", chat("far/scripted", stream=True, max_tokens=100))
            told = await record(home, answer)
            (view,) = (await admin(home, "/hearth/v1/status"))["budgets"]

        attempt = told["attempts"][0]
        assert attempt["estimated"]
        assert attempt["cost"] > 0
        assert view["spent"] == pytest.approx(attempt["cost"])
        assert view["reserved"] == 0

    asyncio.run(scene())


def test_a_restart_keeps_the_sums() -> None:
    """Read from the usage log at start, before the first answer is paid; a purge of the log empties no budget."""

    async def scene() -> None:
        async with far() as provider:
            config = budget() + cloud(provider, more=PRICED)
            with tempfile.TemporaryDirectory(prefix="hearth-") as name:
                sums = []
                for round_number in range(3):
                    daemon = make(Path(name), config)
                    await daemon.start()
                    home = Home(daemon, _port(daemon), daemon.paths.socket, Path(name))
                    await until(lambda: daemon.core.till.loaded)  # noqa: B023 -- used at once
                    sums.append((await spent(home))[0][1])
                    await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=50))
                    after = (await spent(home))[0][1]
                    if round_number == 1:
                        await admin(home, "/hearth/v1/usage", "DELETE")
                    await daemon.stop()
                    sums.append(after)

        assert sums[0] == 0
        assert sums[1] > 0
        assert sums[2] == pytest.approx(sums[1])
        assert sums[4] == pytest.approx(sums[3])
        assert sums[5] > sums[4]

    asyncio.run(scene())


def _port(daemon: Daemon) -> int:
    addresses = [one for one in daemon.core.listening if one.startswith("http")]
    return int(addresses[0].rpartition(":")[2])


def test_home_costs_its_energy_where_that_is_set() -> None:
    """Kept with its currency, and no part of the budget."""

    async def scene() -> None:
        config = f"{budget()}\n[energy]\nwatts = 36000\nprice_per_kwh = 100\n"
        async with Rehearsal() as ollama, running(config + engine(ollama)) as home:
            answer = await call(home, "/v1/chat/completions", chat("scripted"))
            told = await record(home, answer)

            (attempt,) = told["attempts"]
            assert attempt["cost"] > 0
            assert (attempt["currency"], attempt["cost_source"]) == ("USD", "local")
            assert await spent(home) == [("all", 0)]

    asyncio.run(scene())


def test_what_is_handed_on_unread_is_of_unknown_price() -> None:
    """With a budget set, a picture is refused before it is made; a question that costs nothing is handed on."""

    async def scene() -> None:
        async with far() as provider, running(budget() + cloud(provider, more=PRICED)) as home:
            named = {"X_Hearth_Provider": "far"}
            made = await call(home, "/v1/images/generations", {"prompt": "x"}, **named)
            asked = await call(home, "/v1/files", method="GET", **named)

        assert made.status == 403
        assert "no known price" in made.json()["error"]["message"]
        assert asked.status != 403

    asyncio.run(scene())

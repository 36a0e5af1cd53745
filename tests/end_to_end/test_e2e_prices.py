"""Whose price an answer has: the config's of now, else the public list's, else the provider's own word."""

from __future__ import annotations

import asyncio

import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, Object, admin, call, calm, chat, cloud, inference, until
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth.rehearsal.script import MODELS, ModelScript
from hearth_home import Home, running
from promised_times import held_once_of

pytestmark = pytest.mark.usefixtures("noon")
LISTED = (*MODELS, ModelScript(name="gpt-4o-mini"))


def openai(provider: Rehearsal, more: str = "") -> str:
    """Return OpenAI's preset at the address of a stand-in."""
    return (
        f'[providers.openai]\npreset = "openai"\naddress = "{provider.url}/v1"\nplace = "cloud"\nkey = "sk-x"\n{more}\n'
    )


async def attempt(home: Home, answer: Answer) -> Object:
    async with asyncio.timeout(PATIENT_S):
        while True:
            found: Object = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
            if found.get("attempts"):
                one: Object = found["attempts"][0]
                return one


def test_with_a_budget_the_public_list_is_read_and_waited_for() -> None:
    """The first call is not refused for a price that is being looked up; the list and its date are shown."""

    async def scene() -> tuple[Answer, Object, Object]:
        async with (
            Rehearsal(Script(kind="openai", models=LISTED)) as provider,
            running(f"{calm()}[budget]\ndaily_limit = 1\n{openai(provider)}") as home,
        ):
            answer = await call(home, "/v1/chat/completions", chat("openai/gpt-4o-mini", max_tokens=50))
            made = await attempt(home, answer) if answer.status == 200 else {}
            return answer, made, await admin(home, "/hearth/v1/status")

    answer, made, status = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0].status == 200)

    assert answer.status == 200
    tokens_in, tokens_out = made["input_tokens"], made["output_tokens"]
    assert made["cost"] == pytest.approx((tokens_in * 0.15 + tokens_out * 0.60) / 1_000_000)
    assert made["cost_source"].startswith("genai-prices 20")
    assert status["price_list"].startswith("genai-prices ")
    assert status["budgets"][0]["spent"] == pytest.approx(made["cost"])


def test_a_model_that_no_list_knows_is_refused_with_a_budget() -> None:
    """After the list was read, and with what to do."""

    async def scene() -> None:
        async with (
            Rehearsal(Script(kind="openai")) as provider,
            running(f"{calm()}[budget]\ndaily_limit = 1\n{openai(provider)}") as home,
        ):
            answer = await call(home, "/v1/chat/completions", chat("openai/scripted", max_tokens=50))

        assert answer.status == 403
        assert "no known price" in answer.json()["error"]["message"]

    asyncio.run(scene())


def test_the_providers_own_figure_is_taken_where_nobody_else_knows() -> None:
    """OpenRouter says what each answer cost."""

    async def scene() -> None:
        async with (
            Rehearsal(Script(kind="openai", flavour="openrouter", cost_per_token=0.5)) as provider,
            running(calm() + cloud(provider)) as home,
        ):
            answer = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=5))
            made = await attempt(home, answer)

        assert made["cost"] == answer.json()["usage"]["cost"]
        assert (made["currency"], made["cost_source"]) == ("USD", "provider")

    asyncio.run(scene())


def test_a_reload_changes_prices_and_limits_for_the_next_call() -> None:
    """What was spent stays; what is allowed is what the file says now."""

    async def scene() -> None:
        async with Rehearsal(Script(kind="openai")) as provider:
            dear = "price = { input_per_million = 1000, output_per_million = 1000 }"
            config = f'{calm()}[listen]\ntcp = "127.0.0.1:0"\n[budget]\ndaily_limit = 1\n{cloud(provider, more=dear)}'
            async with running(config) as home:
                body = chat("far/scripted", max_tokens=60)
                first = await call(home, "/v1/chat/completions", body)
                file = home.folder / "hearth.toml"
                file.write_text(config.replace("daily_limit = 1", "daily_limit = 0.1"), "utf-8")
                await admin(home, "/hearth/v1/reload", "POST")
                refused = await call(home, "/v1/chat/completions", body)
                file.write_text(config.replace("1000", "1"), "utf-8")
                await admin(home, "/hearth/v1/reload", "POST")
                cheap = await call(home, "/v1/chat/completions", body)
                (view,) = (await admin(home, "/hearth/v1/status"))["budgets"]

        assert (first.status, refused.status, cheap.status) == (200, 403, 200)
        costs = [float(one.headers["x-hearth-cost"]) for one in (first, cheap)]
        assert costs[0] == pytest.approx(1000 * costs[1])
        assert "e" not in cheap.headers["x-hearth-cost"]
        assert view["spent"] == pytest.approx(sum(costs))

    asyncio.run(scene())


def test_orders_by_price_know_prices_before_the_first_call() -> None:
    """The list is read at start for the models that an alias names, though no provider has listed them yet."""

    async def scene() -> None:
        alias = '[models.both]\nuse = ["openai/gpt-5.5", "openai/gpt-4o-mini"]\nstrategy = "cheapest"\n'
        async with (
            Rehearsal(Script(kind="openai", models=LISTED)) as provider,
            running(calm() + alias + openai(provider)) as home,
        ):
            await until(lambda: home.daemon.core.till.list_name)
            answer = await call(home, "/v1/chat/completions", chat("both", max_tokens=50))

        assert answer.headers["x-hearth-target"] == "openai/gpt-4o-mini"

    asyncio.run(scene())


@pytest.mark.parametrize(("fault", "cost"), [(Fault.refuse(401), 0.0), (Fault.cut(objects=2), None)])
def test_a_call_that_failed_costs_what_was_answered(fault: Fault, cost: float | None) -> None:
    """Who was refused by everybody owes nothing; a cut answer without a known price costs nobody knows what."""

    async def scene() -> Object:
        async with (
            Rehearsal(Script(kind="openai", models=LISTED)) as provider,
            running(f"{calm()}[retry]\nattempts = 1\n{cloud(provider)}") as home,
        ):
            provider.next(fault)
            answer = await call(home, "/v1/chat/completions", chat("far/scripted", stream=True))
            await attempt(home, answer)
            told: Object = (await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}"))["call"]
            return told

    assert asyncio.run(scene())["cost"] == cost


def test_a_stream_that_was_left_before_its_first_word_pays_no_answer() -> None:
    """The framing that came is no text: only the prompt counts, and it is marked as an estimate."""
    price = "price = { input_per_million = 1000, output_per_million = 1000 }"

    async def scene() -> Object:
        async with (
            Rehearsal(Script(kind="openai", models=(ModelScript(name="slow", tokens_per_second=0.05),))) as provider,
            running(calm() + cloud(provider, more=price)) as home,
        ):
            caller = await Caller.ask(home, "/v1/chat/completions", chat("far/slow", stream=True))
            await until(lambda: inference(provider))
            (live,) = home.daemon.core.calls
            assert live.answering is not None
            attempted = live.answering.current
            assert attempted is not None
            await until(lambda: attempted.meter.bytes_in)
            caller.leave()
            return await attempt(home, Answer(200, {"x-hearth-id": live.call.id}, b"", ended=False))

    made = asyncio.run(scene())

    assert (made["ending"], made["estimated"], made["output_tokens"]) == ("client_gone", True, 0)
    assert made["cost"] == pytest.approx(made["input_tokens"] / 1000)


KEYED = """keys = [
    {{ id = "dear", value = "sk-d", {dear} }},
    {{ id = "cheap", value = "sk-c", price = {{ input_per_million = 1, output_per_million = 1 }} }},
]"""
DEAR = "price = { input_per_million = 100000, output_per_million = 100000 }"


@pytest.mark.parametrize("dear", [DEAR, "weight = 5"], ids=["a dear key", "a key of unknown price"])
def test_a_key_that_can_pay_is_used_though_another_could_not(dear: str) -> None:
    """Keys have prices of their own: the budget refuses the one that is too dear or unpriced, and not its provider."""

    async def scene() -> list[str]:
        async with (
            Rehearsal(Script(kind="openai", models=LISTED)) as provider,
            running(f"{calm()}[budget]\ndaily_limit = 1\n{cloud(provider, more=KEYED.format(dear=dear))}") as home,
        ):
            answers = [await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=50)) for _ in "12"]
            assert [one.status for one in answers] == [200, 200]
            assert float(answers[0].headers["x-hearth-cost"]) == pytest.approx(15e-6)
            return [one.header("Authorization")[7:] for one in provider.calls if one.method == "POST"]

    assert asyncio.run(scene()) == ["sk-c", "sk-c"]

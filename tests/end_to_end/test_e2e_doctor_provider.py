"""`hearth doctor PROVIDER`: what stands between Hearth and a provider, found by asking it the ordinary way."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from end_to_end.callers import admin, inference, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running

KEY = "sk-canary-0123456789"
ADDRESS_STEP = "Check its address: is it the API's, with its path (such as /v1)?"
MODELS = (ModelScript(name="big"), ModelScript(name="small"))


def script(**more: Any) -> Script:  # noqa: ANN401 -- the fields of Script
    return Script(kind="openai", keys=(KEY,), models=MODELS, **more)


def config(address: str, more: str = "", mode: str = "") -> str:
    head = f'mode = "{mode}"\n' if mode else ""
    table = f'[providers.far]\ndialect = "openai_chat"\naddress = "{address}"\nplace = "cloud"\nkey = "env:FAR"\n'
    return f"{head}{table}{more}\n"


async def doctor(home: Home, provider: str = "far", **more: str | bool) -> list[tuple[str, str, str]]:
    """Ask the control API; return state, text and next step of each finding."""
    said = await admin(home, "/hearth/v1/doctor", "POST", {"provider": provider, **more})
    return [(one["state"], one["text"], one["next_step"]) for one in said["findings"]]


def check(
    *faults: Fault,
    more: str = "",
    key: str = KEY,
    mode: str = "",
    **wish: Any,  # noqa: ANN401 -- of the order
) -> tuple[list[tuple[str, str, str]], list[Any]]:
    """Run a daemon in front of one provider with these faults; return the findings and what arrived there."""

    async def run() -> tuple[list[tuple[str, str, str]], list[Any]]:
        async with Rehearsal(script()) as far:
            environ = {"FAR": key} if key else {}
            async with running(config(f"{far.url}/v1", more, mode), environ) as home:
                far.calls.clear()
                far.next(*faults, path="*")
                return await doctor(home, **wish), far.calls

    return asyncio.run(run())


def test_a_provider_that_works_is_said_to() -> None:
    """Address, key, models and a one-word answer, each found good; the answer has a limit of few tokens."""
    findings, arrived = check(model="small")

    assert [state for state, _, _ in findings] == ["ok"] * 4
    assert "in the cloud" in findings[0][1]
    assert [text for _, text, _ in findings[1:3]] == ["key default is there", "lists 2 models"]
    assert findings[3][1].startswith("small answers (")
    assert [one.path for one in arrived] == ["/v1/models", "/v1/chat/completions"]
    assert arrived[1].json()["max_tokens"] == 16
    assert KEY not in str(findings)


def test_each_of_several_keys_is_shown_to_the_provider() -> None:
    """One that it does not take is named, though the answers came with another one."""
    keys = 'keys = [{ id = "main", value = "env:FAR" }, { id = "old", value = "env:OLD" }]'

    async def run() -> list[tuple[str, str, str]]:
        async with Rehearsal(script()) as far:
            text = config(f"{far.url}/v1").replace('key = "env:FAR"', keys)
            async with running(text, {"FAR": KEY, "OLD": "sk-revoked-0123456789"}) as home:
                return await doctor(home, free=True)

    findings = asyncio.run(run())

    (refused,) = [one for one in findings if one[1].startswith("key old is refused: ")]
    assert refused[0] == "note"
    assert "`hearth keys test far`" in refused[2]
    assert not any("key main is refused" in text for _, text, _ in findings)


def test_the_answer_is_written_down_like_any_call() -> None:
    """What may have cost money stands in the usage log, by whom it was asked."""

    async def run() -> Any:  # noqa: ANN401 -- any JSON
        async with (
            Rehearsal(script(flavour="openrouter")) as far,
            running(config(f"{far.url}/v1"), {"FAR": KEY}) as home,
        ):
            findings = await doctor(home)
            return findings[-1], (await admin(home, "/hearth/v1/calls?limit=1"))[0]

    finding, record = asyncio.run(run())

    assert record["user_agent"] == "hearth doctor"
    assert record["target"] == "far/big"
    assert record["cost"] > 0
    assert "cost 0.0000" in finding[1]


def test_free_leaves_out_what_costs() -> None:
    """With `free` the models are asked for and nothing else."""
    findings, arrived = check(free=True)

    assert findings[-1] == ("note", "no answer was asked for (--free)", "")
    assert [one.path for one in arrived] == ["/v1/models"]


def test_a_wrong_key_is_named_with_what_to_do() -> None:
    """The provider takes the key for wrong: the finding says so, and not what the key is."""
    findings, _ = check(key="sk-wrong-0123456789")

    state, text, step = findings[-1]
    assert (state, "(key_refused)" in text) == ("bad", True)
    assert step == "Check the key of providers.far."
    assert "sk-wrong" not in str(findings)


def test_a_key_that_cannot_be_had_ends_it() -> None:
    """Nothing is asked without a key that the config names."""
    findings, arrived = check(key="")

    assert findings[-1][0] == "bad"
    assert "env:FAR" in findings[-1][1]
    assert not arrived


@pytest.mark.parametrize(
    ("fault", "kind", "step"),
    [
        (Fault.refuse(402), "quota_spent", "Add credit at far, or give it another key."),
        (Fault.refuse(429), "rate_limited", "Wait a little, or give it another key."),
        (Fault.refuse(503), "overloaded", "Try again later."),
        (Fault.html(), "broken_reply", ADDRESS_STEP),
        (Fault.redirect(301, "http://127.0.0.1:1/"), "broken_reply", ADDRESS_STEP),
    ],
)
def test_what_a_provider_says_is_told_with_the_next_step(fault: Fault, kind: str, step: str) -> None:
    """Quota, rate limit, load, and an address that is another server's are told apart."""
    findings, _ = check(fault)

    assert findings[-1][0] == "bad"
    assert f"({kind})" in findings[-1][1]
    assert findings[-1][2] == step


def test_a_model_that_is_not_there_is_named_with_those_like_it() -> None:
    """A typing mistake is answered with the nearest names, and by the provider's own refusal."""
    findings, _ = check(model="smal")

    assert findings[-2] == ("note", "smal is not among the models it lists", "Names like it: small.")
    assert findings[-1][0] == "bad"
    assert "(model_missing)" in findings[-1][1]


def test_an_address_where_nobody_listens_is_bad() -> None:
    """The connection is refused, and that is what is said."""

    async def run() -> list[tuple[str, str, str]]:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            async with running(config(f"http://127.0.0.1:{bound.getsockname()[1]}/v1"), {"FAR": KEY}) as home:
                return await doctor(home)

    state, text, step = asyncio.run(run())[-1]

    assert state == "bad"
    assert "(unreachable)" in text
    assert step


@pytest.mark.parametrize("mode", ["offline", "lan"])
def test_the_mode_holds_for_the_doctor_too(mode: str) -> None:
    """T33: where the mode forbids a place, nothing is sent there, not even to ask whether it works."""
    findings, arrived = check(mode=mode)

    assert findings[-1][0] == "bad"
    assert f"mode {mode} keeps everything away" in findings[-1][1]
    assert not arrived


def test_nobody_else_answers_for_the_one_that_is_asked() -> None:
    """A fallback would hide the fault: only the named provider is asked."""

    async def run() -> tuple[list[tuple[str, str, str]], int]:
        async with Rehearsal(script()) as far, Rehearsal(script()) as other:
            table = f'[providers.other]\ndialect = "openai_chat"\naddress = "{other.url}/v1"\nplace = "cloud"\n'
            table += 'key = "env:FAR"\n[fallback]\ncloud = ["other/big"]'
            async with running(config(f"{far.url}/v1", table), {"FAR": KEY}) as home:
                far.next(Fault.refuse(500), path="/chat/completions", times=-1)
                return await doctor(home, model="big"), inference(other)

    findings, elsewhere = asyncio.run(run())

    assert findings[-1][0] == "bad"
    assert elsewhere == 0


def test_a_local_engine_is_asked_too() -> None:
    """An Ollama on this machine: its models, and an answer of the first, which costs nothing."""

    async def run() -> list[tuple[str, str, str]]:
        async with Rehearsal(Script()) as engine:
            table = f'[providers.ollama]\npreset = "ollama"\naddress = "{engine.url}"\n'
            async with running(table) as home:
                return await doctor(home, "ollama")

    findings = asyncio.run(run())

    assert [state for state, _, _ in findings] == ["ok"] * 4
    assert "cost" not in findings[-1][1]


def test_a_provider_without_a_list_is_asked_for_the_model_of_the_config() -> None:
    """No list is no fault; the model that the config names is tried."""
    findings, arrived = check(more='default_model = "small"\nquirks = { models_path = "none" }')

    assert findings[2][0] == "note"
    assert findings[-1][1].startswith("small answers (")
    assert [one.path for one in arrived] == ["/v1/chat/completions"]


def test_an_embedding_model_is_asked_for_a_vector() -> None:
    """A provider of which the config names only an embedding model is asked for embeddings."""
    findings, arrived = check(more='embedding_model = "small"')

    assert findings[-1][1].startswith("small answers (")
    assert arrived[-1].path == "/v1/embeddings"


def test_an_unknown_provider_is_refused_with_the_nearest_name() -> None:
    """A name that the config does not have is not guessed."""

    async def run() -> Any:  # noqa: ANN401 -- any JSON
        async with running(config("http://127.0.0.1:9/v1"), {"FAR": KEY}) as home:
            return await admin(home, "/hearth/v1/doctor", "POST", {"provider": "fra"})

    error = asyncio.run(run())["error"]

    assert error["message"] == "No provider is called 'fra'."
    assert error["next_step"] == "Names like it: far."


def test_a_mode_that_tightens_meanwhile_ends_the_question(tmp_path: Path) -> None:
    """The check is a call in flight like any other: a tighter mode ends it."""

    async def run() -> list[tuple[str, str, str]]:
        async with Rehearsal(script()) as far, running(config(f"{far.url}/v1"), {"FAR": KEY}) as home:
            far.next(Fault.never(), path="/chat/completions")
            asking = asyncio.ensure_future(doctor(home, model="big"))
            await far.wait_for_call(path="/chat/completions")
            await until(lambda: len(home.daemon.core.calls) == 1)
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
            return await asking

    state, text, _ = asyncio.run(run())[-1]

    assert state == "bad"
    assert "mode" in text

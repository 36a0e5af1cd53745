"""Busy and missing lead to the cloud as far as the mode allows; apps and wishes only tighten; the head says why."""

from __future__ import annotations

import asyncio
import re

import psutil
import pytest

from end_to_end.callers import Answer, Caller, admin, call, calm, chat, cloud, engine, inference
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running

ROUTES = ("/api/chat", "/v1/chat/completions")
ENDLESS = "count"
PACED = Script(models=(ModelScript(name="scripted", tokens_per_second=50.0),))
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
TO_CLOUD = '[fallback]\ncloud = ["far/scripted"]\n'
APPS = (
    '[apps.zed]\nmatch = { user_agent = "Zed/*" }\nmode = "offline"\n'
    '[apps.script]\nmatch = { token = "env:APP" }\nmode = "lan"\n'
    '[apps.narrow]\nmatch = { user_agent = "Narrow/*" }\nmodels = ["ollama/*"]\n'
    '[apps.wide]\nmatch = { user_agent = "Wide/*" }\nmode = "any"\n'
)


async def _ask(
    top: str, path: str, model: str, who: dict[str, str] | None = None, *, busy: bool = False
) -> tuple[Answer, int]:
    """What a caller reads from a daemon with one model at home and one in the cloud; how often the cloud was asked."""
    async with (
        Rehearsal(PACED) as near,
        Rehearsal(CLOUD) as far,
        running(top + calm("200ms" if busy else "10s") + TO_CLOUD + APPS + engine(near) + cloud(far), TOKENS) as home,
    ):
        await call(home, path, chat("local/scripted"))
        holder = await Caller.ask(home, "/api/chat", chat("local/scripted", ENDLESS)) if busy else None
        if holder is not None:
            await holder.until(b"one,")
        headers = dict(who or {})
        body = chat(model)
        if wish := headers.pop("wish", ""):
            body["hearth"] = {"mode": wish}
        caller = await Caller.ask(home, path, body, **headers)
        if holder is not None and top:
            await asyncio.sleep(0.4)
            holder.leave()
        answer = await caller.rest()
        if holder is not None:
            holder.leave()
        return answer, inference(far)


NARROW = {"User_Agent": "Narrow/1"}
TOKENS = {"APP": "hearth_app_for_the_tests"}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("model", "busy", "target", "place", "reason"),
    [
        ("scripted", False, "ollama/scripted:latest", "machine", "local"),
        ("scripted", True, "far/scripted", "cloud", "busy"),
        ("gone", False, "far/scripted", "cloud", "missing"),
        ("far/scripted", False, "far/scripted", "cloud", "listed"),
    ],
)
def test_the_head_says_who_answered_and_why(
    model: str, busy: bool, target: str, place: str, reason: str, path: str
) -> None:
    """Busy or missing at home is answered by the cloud, and every head says target, place, reason, tries and time."""
    answer, _ = asyncio.run(_ask("", path, model, busy=busy))

    head = answer.headers
    assert answer.finished
    assert (head["x-hearth-target"], head["x-hearth-place"], head["x-hearth-reason"]) == (target, place, reason)
    assert head["x-hearth-attempts"] == "1"
    assert float(head["x-hearth-overhead-ms"]) >= 0
    assert re.fullmatch(r"[0-9a-v]{26}", head["x-hearth-id"])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("top", ['mode = "offline"\n', 'mode = "lan"\n'])
def test_the_same_busy_call_waits_at_home_where_the_mode_says_so(top: str, path: str) -> None:
    """Busy never pushes a private call out: it waits for its turn and is answered at home."""
    answer, abroad = asyncio.run(_ask(top, path, "scripted", busy=True))

    assert answer.headers["x-hearth-target"] == "ollama/scripted:latest"
    assert abroad == 0


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    "who",
    [
        {"X_Hearth_Mode": "offline"},
        {"X_Hearth_Mode": "LAN"},
        {"wish": "offline"},
        {"User_Agent": "Zed/1.2"},
        {"Authorization": "Bearer hearth_app_for_the_tests"},
        {"User_Agent": "Zed/1.2", "X_Hearth_Mode": "any"},
        {"User_Agent": "Narrow/1", "X_Hearth_Mode": "lan"},
    ],
    ids=",".join,
)
@pytest.mark.parametrize(("model", "status"), [("gone", 403), ("far/scripted", 403), ("scripted", 200)])
def test_apps_and_wishes_tighten(model: str, status: int, who: dict[str, str], path: str) -> None:
    """An app's mode, its token's, a header or a body field keep a call at home, with the reason where that fails."""
    answer, abroad = asyncio.run(_ask("", path, model, who))

    assert answer.status == status
    assert abroad == 0
    if status == 403:
        assert "far/scripted" in str(answer.json()["error"])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("who", [{"X_Hearth_Mode": "any"}, {"wish": "any"}, {"User_Agent": "Wide/1"}], ids=",".join)
def test_apps_and_wishes_never_loosen(who: dict[str, str], path: str) -> None:
    """Asked for more than the file allows, the file holds."""
    answer, abroad = asyncio.run(_ask('mode = "offline"\n', path, "far/scripted", who))

    assert answer.status == 403
    assert abroad == 0


@pytest.mark.parametrize("path", ROUTES)
def test_an_app_gets_the_models_it_may_use(path: str) -> None:
    """[apps.X] models names all that an app may ask for; anything else is refused by name."""
    allowed, _ = asyncio.run(_ask("", path, "scripted", NARROW))
    refused, abroad = asyncio.run(_ask("", path, "far/scripted", NARROW))

    assert allowed.finished
    assert refused.status == 403
    assert "narrow" in str(refused.json()["error"])
    assert abroad == 0


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("header", [{"X_Hearth_Mode": "offlin"}, {"X_Hearth_Max_Cost": "cheap"}])
def test_a_wish_that_cannot_be_read_is_refused(header: dict[str, str], path: str) -> None:
    """A misspelt wish is a 400, never ignored: it may have been meant to keep something private."""
    answer, abroad = asyncio.run(_ask("", path, "far/scripted", header))

    assert answer.status == 400
    assert abroad == 0


def test_wishes_are_taken_out_before_anything_is_sent_on() -> None:
    """The body field is Hearth's own: no provider sees it."""

    async def scene() -> bytes:
        async with Rehearsal(CLOUD) as far:
            config = f'[providers.far]\npreset = "vllm"\naddress = "{far.url}/v1"\n'
            async with running(calm() + config) as home:
                await call(home, ROUTES[1], chat("far/scripted", hearth={"mode": "any"}, x_unknown=[1]))
            return far.calls[-1].body

    body = asyncio.run(scene())

    assert b'"hearth"' not in body
    assert b'"x_unknown":[1]' in body.replace(b" ", b"")


def test_a_process_is_known_by_its_name() -> None:
    """An app's match may be the program that holds the connection: this very test's is held at home."""
    me = psutil.Process().name()
    app = f'[apps.me]\nmatch = {{ process = "{me}" }}\nmode = "offline"\n'

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far, running(calm() + app + cloud(far)) as home:
            return await call(home, ROUTES[1], chat("far/scripted"))

    assert asyncio.run(scene()).status == 403


@pytest.mark.parametrize(
    ("environ", "words"), [({"APP": "plain"}, 'Begin it with "hearth_"'), ({}, "env:APP"), (TOKENS, "")]
)
def test_an_app_that_nobody_can_be_is_told_of(environ: dict[str, str], words: str) -> None:
    """A token that is missing, or that SDKs' dummies cannot be told from, would leave the app's rules to nobody."""

    async def scene() -> list[str]:
        async with Rehearsal() as near, running(calm() + APPS + engine(near), environ) as home:
            found: list[str] = (await admin(home, "/hearth/v1/status"))["config"]["warnings"]
            return [one for one in found if one.startswith("apps.script.match.token: ")]

    told = asyncio.run(scene())

    assert bool(told) is bool(words)
    assert all(words in one and "plain" not in one for one in told)

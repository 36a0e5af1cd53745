"""Nothing leaves the place that the mode allows: not by a late change, by Ollama, by redirects, by the environment."""

from __future__ import annotations

import asyncio
import time

import pytest

from end_to_end.callers import Answer, Caller, admin, call, calm, chat, cloud, engine, inference
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import running
from promised_times import held_once_of

ROUTES = ("/api/chat", "/v1/chat/completions")
ENDLESS = "count"
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=50.0),))
TO_CLOUD = '[fallback]\ncloud = ["far/scripted"]\n'


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("how", ["switch", "file", "cancel"])
def test_a_tighter_mode_ends_the_cloud_streams_of_now(how: str, path: str) -> None:
    """F54: a switch, an edit of the file or a cancellation ends a cloud stream within a second, with an error."""

    async def scene() -> tuple[Answer, float]:
        async with Rehearsal(CLOUD) as far, running(calm() + cloud(far)) as home:
            caller = await Caller.ask(home, path, chat("far/scripted", ENDLESS, stream=True))
            await caller.until(b"one,")
            began = time.monotonic()
            if how == "switch":
                assert (await admin(home, "/hearth/v1/mode", "PUT", {"mode": "offline"}))["ended"] == 1
            elif how == "file":
                file = home.folder / "hearth.toml"
                file.write_text('mode = "lan"\n' + file.read_text())
                assert (await admin(home, "/hearth/v1/reload", "POST"))["reloaded"]
            else:
                call_id = next(iter(home.daemon.core.calls)).call.id
                await admin(home, f"/hearth/v1/calls/{call_id}/cancel", "POST")
            answer = await caller.rest()
            heard = await far.wait_for_hangup()
            return answer, (heard.hung_up_at or 0.0) - began

    answer, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < 1)

    assert "error" in answer.last
    assert not answer.finished
    assert seconds < 1


def test_a_stream_at_home_outlives_a_tighter_mode() -> None:
    """F54: what the tighter mode allows goes on to its end."""

    async def scene() -> Answer:
        paced = Script(models=(ModelScript(name="scripted", tokens_per_second=30.0),))
        async with Rehearsal(paced) as near, running(calm() + engine(near)) as home:
            caller = await Caller.ask(home, "/api/chat", chat())
            await caller.until(b"Hello")
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
            return await caller.rest()

    answer = asyncio.run(scene())

    assert answer.finished
    assert answer.text == "Hello! I am a small test model."


@pytest.mark.parametrize("path", ROUTES)
def test_a_tighter_mode_ends_a_wait_for_the_cloud(path: str) -> None:
    """F54: a call that still waits for its first word from the cloud is refused with the reason."""

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far, running(calm() + cloud(far)) as home:
            far.next(Fault.late_token(60.0), times=-1)
            caller = await Caller.ask(home, path, chat("far/scripted", stream=True))
            await far.wait_for_call(path="/chat/completions")
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
            return await caller.rest()

    answer = asyncio.run(scene())

    assert answer.status == 403
    assert "offline" in str(answer.json()["error"])


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("mode", ["offline", "lan"])
@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "gpt-oss:cloud", "innocent"])
def test_a_model_that_ollama_forwards_stays_unasked(name: str, mode: str, path: str) -> None:
    """T31: `:cloud` names and an innocent name with remote_host are the cloud: no prompt reaches that Ollama."""
    remote = ModelScript(name=name, remote_host="https://ollama.com", remote_model="gpt-oss")

    async def scene() -> tuple[Answer, int]:
        near = Rehearsal(Script(models=(remote,)))
        async with near, running(f'mode = "{mode}"\n' + calm() + engine(near)) as home:
            return await call(home, path, chat(name)), inference(near)

    answer, asked = asyncio.run(scene())

    assert answer.status == 403
    assert asked == 0


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("mode", ["offline", "lan", "prefer-local", "any"])
def test_a_model_that_turns_remote_between_list_and_call(mode: str, path: str) -> None:
    """T31: each call carries Ollama's own guard, so that a model changed since the last look stays here."""

    async def scene() -> tuple[list[str], Answer, Answer]:
        async with Rehearsal() as near, running(f'mode = "{mode}"\n' + calm() + engine(near)) as home:
            local = await call(home, path, chat())
            turned = ModelScript(name="scripted", remote_host="https://ollama.com", remote_model="gpt-oss")
            near.rescript(models=(turned,))
            answer = await call(home, path, chat(stream=True))
            return [str(one.json()["model"]) for one in near.calls if b'"content"' in one.body], local, answer

    asked, local, answer = asyncio.run(scene())

    assert asked
    assert all(name.endswith(":local") for name in asked)
    assert b":local" not in local.body
    assert "error" in answer.last
    assert not answer.finished


@pytest.mark.parametrize(
    ("version", "more", "guarded"),
    [
        ("0.18.0", "", True),
        ("0.17.9", "", False),
        ("", "", False),
        ("0.18.0", "remote_models = true", False),
    ],
)
def test_the_guard_is_asked_for_where_it_is_understood(version: str, more: str, guarded: bool) -> None:
    """T31: where the cloud is allowed, an Ollama too old for the guard, or of unknown version, still answers."""

    async def scene() -> tuple[list[str], Answer]:
        near = Rehearsal(Script(version=version))
        async with near, running(calm() + engine(near, more=more)) as home:
            answer = await call(home, "/api/chat", chat())
            return [str(one.json()["model"]) for one in near.calls if b'"content"' in one.body], answer

    asked, answer = asyncio.run(scene())

    assert [name.endswith(":local") for name in asked] == [guarded]
    assert answer.status == 200
    assert b":local" not in answer.body


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(("more", "status"), [("", 403), ("remote_models = true", 200)])
def test_an_answer_that_names_a_remote_host_is_refused(more: str, status: int, *, stream: bool) -> None:
    """T31: an Ollama too old for the guard says afterwards who answered: that is told, unless it was allowed."""

    async def scene() -> Answer:
        near = Rehearsal(Script(version="0.17.9"))
        async with near, running(calm() + engine(near, more=more)) as home:
            await call(home, "/api/chat", chat())
            near.rescript(models=(ModelScript(name="scripted", remote_host="https://a.example", remote_model="m"),))
            return await call(home, "/api/chat", chat(stream=stream))

    answer = asyncio.run(scene())

    assert answer.status == status
    assert ("was answered by https://a.example" in answer.body.decode()) == (status == 403)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("path", ROUTES)
def test_a_redirect_is_followed_by_nobody(path: str, code: int) -> None:
    """T11: an upstream 3xx is an error: neither key nor prompt reaches the address it names."""

    async def scene() -> tuple[int, Answer]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as canary:
            far.next(Fault.redirect(code, f"{canary.url}/v1/chat/completions"), path="*", times=-1)
            key = 'key = "env:K"\nretry = { attempts = 1 }'
            async with running(calm() + cloud(far, more=key), {"K": "sk-secret"}) as home:
                answer = await call(home, path, chat("far/scripted"))
            return canary.connections, answer

    hits, answer = asyncio.run(scene())

    assert hits == 0
    assert answer.status == 502
    assert b"sk-secret" not in answer.body


def test_proxy_variables_are_never_read() -> None:
    """T32: with all eight proxy variables set to a canary, calls at home and abroad go straight."""
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

    async def scene() -> tuple[int, list[Answer]]:
        async with Rehearsal() as near, Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as canary:
            environ = {one: canary.url for name in names for one in (name, name.upper())}
            async with running(calm() + engine(near) + cloud(far), environ) as home:
                answers = [
                    await call(home, path, chat(model)) for path in ROUTES for model in ("scripted", "far/scripted")
                ]
            return canary.connections, answers

    hits, answers = asyncio.run(scene())

    assert hits == 0
    assert all(one.finished for one in answers)


LOOSER = [
    {"X_Hearth_Mode": "any"},
    {"X_Hearth_Mode": "prefer-local"},
    {"User_Agent": "Zed/1.0"},
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("headers", LOOSER)
@pytest.mark.parametrize("model", ["far/scripted", "cloud/scripted", "away", "gone", "far", "default", "local/away"])
def test_no_name_and_no_wish_leads_out_of_offline(model: str, headers: dict[str, str], path: str) -> None:
    """G2: whatever the call says of its model and mode, the file's ceiling holds, and the cloud hears nothing."""
    names = '[models.away]\nuse = ["far/scripted"]\n[models."*one"]\nuse = ["far/scripted"]\n'
    app = '[apps.zed]\nmatch = { user_agent = "Zed/*" }\nmode = "any"\n'
    top = 'mode = "offline"\ndefault_model = "away"\n'

    async def scene() -> tuple[Answer, int]:
        async with Rehearsal(CLOUD) as far, Rehearsal(Script(models=())) as near:
            more = 'default_model = "scripted"'
            config = top + calm() + names + app + TO_CLOUD + engine(near) + cloud(far, more=more)
            async with running(config) as home:
                answer = await call(home, path, chat(model, hearth={"mode": "any"}), **headers)
            return answer, far.connections

    answer, connections = asyncio.run(scene())

    assert answer.status in (403, 404)
    assert connections == 0


def test_the_answer_to_an_offline_refusal_says_why_and_what_to_do() -> None:
    """The refusal names the model, where it is, what forbids it and how to allow it."""

    async def scene() -> Answer:
        async with Rehearsal(CLOUD) as far, running('mode = "offline"\n' + calm() + cloud(far)) as home:
            return await call(home, "/v1/chat/completions", chat("far/scripted"))

    error = asyncio.run(scene()).json()["error"]

    assert all(word in error["message"] for word in ("far/scripted", "cloud", "offline", "mode"))

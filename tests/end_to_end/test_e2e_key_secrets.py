"""Secrets that change while a daemon runs: in files, and behind commands."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from end_to_end.callers import PATIENT_S, admin, call, calm, chat, cloud
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running

MODELS = (ModelScript(name="scripted"),)
PATH = "/v1/chat/completions"
CALLERS = 32


async def _ask(home: Home, count: int) -> list[int]:
    """The statuses of so many calls by 32 parallel callers."""
    left = iter(range(count))

    async def caller() -> list[int]:
        return [(await call(home, PATH, chat("far/scripted"))).status for _ in left]

    found = await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return [status for statuses in found for status in statuses]


async def _states(home: Home) -> list[str]:
    return [one["state"] for one in (await admin(home, "/hearth/v1/status"))["keys"]]


def _write(file: Path, text: str) -> None:
    """Write as careful programs do: a new file in the place of the old one."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    fresh.replace(file)


def _sent(far: Rehearsal) -> list[str]:
    """The secrets that came with requests for an answer, in order."""
    return [one.header("Authorization").removeprefix("Bearer ") for one in far.calls if one.method == "POST"]


def test_a_changed_file_is_used_without_a_restart() -> None:
    """A key in a file is rotated: no request fails, and the new one is used from the next call on."""

    async def scene() -> tuple[list[int], list[str], list[str]]:
        async with (
            Rehearsal(Script(kind="openai", models=MODELS, keys=("sk-old",))) as far,
            running(calm() + cloud(far, more='key = "file:far.key"')) as home,
        ):
            _write(home.folder / "far.key", "sk-old")
            statuses = await _ask(home, 1)
            _write(home.folder / "far.key", "sk-new")
            far.rescript(keys=("sk-new",))
            statuses += await _ask(home, 64)
            await asyncio.sleep(1.1)
            _write(home.folder / "far.key", "sk-newer")
            far.rescript(keys=("sk-newer",))
            statuses += await _ask(home, 1)
            return statuses, _sent(far), await _states(home)

    statuses, sent, states = asyncio.run(scene())

    assert statuses == [200] * 66
    assert (sent.count("sk-new"), sent[-1]) == (64, "sk-newer")
    assert states == ["ready"]


def test_a_command_that_gives_another_key_is_asked_again_when_one_is_refused(tmp_path: Path) -> None:
    """401 asks the command at once; with an answer that is new, the same call goes through."""
    store = tmp_path / "store"
    _write(store, "sk-old")

    async def scene() -> tuple[list[int], Counter[str]]:
        async with Rehearsal(Script(kind="openai", models=MODELS, keys=("sk-old",))) as far:
            config = calm() + cloud(far, more=f'key = "cmd:cat {store}"')
            async with running(config, {"PATH": os.environ["PATH"]}) as home:
                statuses = await _ask(home, 8)
                _write(store, "sk-new")
                far.rescript(keys=("sk-new",))
                statuses += await _ask(home, 64)
                return statuses, Counter(_sent(far))

    statuses, sent = asyncio.run(scene())

    assert statuses == [200] * 72
    assert sent["sk-new"] == 64
    assert 9 <= sent["sk-old"] <= 8 + CALLERS


def test_a_command_whose_answer_always_changes_and_never_fits_is_given_up(tmp_path: Path) -> None:
    """Each refusal is renewed once a call, not for ever."""
    counter = tmp_path / "count.sh"
    counter.write_text("#!/bin/sh\ndate +sk-%N\n")
    counter.chmod(0o700)

    async def scene() -> tuple[list[int], int]:
        async with Rehearsal(Script(kind="openai", models=MODELS, keys=("sk-none",))) as far:
            config = calm() + cloud(far, more=f'key = "cmd:{counter}"') + "[retry]\nattempts = 1\n"
            async with running(config, {"PATH": os.environ["PATH"]}) as home:
                return [(await call(home, PATH, chat("far/scripted"))).status], len(_sent(far))

    statuses, sent = asyncio.run(scene())

    assert statuses == [502]
    assert sent == 2


def test_a_revoked_key_comes_back_when_its_file_changes() -> None:
    """A key that was taken out is used again once its file holds another one; refusals and return are told."""

    async def scene() -> tuple[list[int], list[str], list[str], list[tuple[str, object]]]:
        async with Rehearsal(Script(kind="openai", models=MODELS, keys=("sk-b", "sk-a2"))) as far:
            keys = 'keys = [{ id = "a", value = "file:a.key" }, { id = "b", value = "env:B" }]'
            async with running(calm() + cloud(far, more=keys), {"B": "sk-b"}) as home:
                _write(home.folder / "a.key", "sk-a1")
                statuses = [(await call(home, PATH, chat("far/scripted"))).status for _ in range(4)]
                states = await _states(home)
                _write(home.folder / "a.key", "sk-a2")
                statuses += [(await call(home, PATH, chat("far/scripted"))).status for _ in range(4)]
                happened = [one for one in home.daemon.core.events.recent if one.kind.startswith("key_")]
                told: list[tuple[str, object]] = [(one.kind, one.facts.get("why")) for one in happened]
                return statuses, states + await _states(home), _sent(far), told

    statuses, states, sent, told = asyncio.run(scene())

    assert statuses == [200] * 8
    assert states == ["key_refused", "ready", "ready", "ready"]
    assert (sent.count("sk-a1"), sent.count("sk-a2")) == (1, 2)
    assert told == [("key_refused", "missing"), ("key_back", None), ("key_refused", "key_refused"), ("key_back", None)]


def test_no_value_of_a_key_is_ever_told(caplog: pytest.LogCaptureFixture) -> None:
    """T16, T17: neither logs, errors, events, status, metrics, the API nor the usage log hold a key.

    Not even where a provider quotes the key that it refuses.
    """
    caplog.set_level(logging.DEBUG)
    secrets = {"A": "canary-0123456789-aaaa", "B": "canary-0123456789-bbbb"}
    quoting = Fault.refuse(401, f'{{"error": {{"message": "Wrong key: {secrets["A"]}"}}}}'.encode())

    async def scene() -> tuple[list[bytes], bytes]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.when(lambda one: one.header("Authorization").endswith("aaaa"), quoting)
            keys = 'keys = [{ id = "a", value = "env:A" }, { id = "b", value = "env:B" }]'
            async with running(calm() + cloud(far, more=keys), secrets) as home:
                shown = [(await call(home, PATH, chat("far/scripted"))).body]
                far.when(lambda one: one.header("Authorization").endswith("bbbb"), Fault.refuse(429, retry_after="60"))
                shown.append((await call(home, PATH, chat("far/scripted"))).body)
                named = {"Authorization": f"Bearer {home.token('admin')}"}
                shown.append((await call(home, "/hearth/v1/keys/test", {}, **named)).body)
                asked = ("status", "keys", "config", "calls", "usage?by=key", "addresses")
                paths = [*(f"/hearth/v1/{one}" for one in asked), "/metrics"]
                shown += [(await call(home, path, method="GET", **named)).body for path in paths]
                shown += [msgspec.json.encode(one) for one in home.daemon.core.events.recent]
                await asyncio.to_thread(home.daemon.ledger.flush, PATIENT_S)
                kept = b"".join(file.read_bytes() for file in home.folder.iterdir() if file.name.startswith("usage"))
                return shown, kept

    shown, kept = asyncio.run(scene())

    assert b"far" in kept
    assert any(b"key_refused" in one for one in shown)
    assert "key_refused provider=far key=a" in caplog.text
    assert "key_rests provider=far key=b" in caplog.text
    assert not [one for one in (*shown, kept, caplog.text.encode()) if b"canary" in one]

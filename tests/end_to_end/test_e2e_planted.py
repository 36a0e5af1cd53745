"""Requests that try to choose where they go, with which key, or what is run: none has a say."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest

from end_to_end.callers import call, calm, chat, cloud, engine
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import LISTEN, running

FAR = Script(kind="openai", models=(ModelScript(name="scripted"),), keys=("sk-mine",))
NAMES = (
    "api_base", "base_url", "api_key", "headers", "extra_headers", "proxy", "proxies", "http_proxy", "url", "endpoint",
    "host", "organization", "custom_llm_provider", "provider", "address", "callback_url", "webhook", "organization_id",
)  # fmt: skip
HEADERS = ("X-Api-Base", "X-Base-Url", "X-Forwarded-Host", "X-Forwarded-For", "X-Proxy", "Forwarded")
ROUTES = ("/v1/chat/completions", "/api/chat", "/v1/messages", "/v1/responses")
MODELS = ("scripted", "far/scripted", "ollama/scripted")
SEED = 20261121


def _planted(chance: random.Random, poison: object) -> dict[str, object]:
    """A chat with members that a careless gateway would heed, at any depth."""
    body: dict[str, object] = {**chat(chance.choice(MODELS)), "input": "hello", "max_tokens": 20}
    places: list[dict[str, object]] = [body, {}, {}]
    body[chance.choice(("metadata", "options", "extra_body", "litellm_params", "provider"))] = places[1]
    places[1][chance.choice(("extra", "client", "http"))] = places[2]
    for name in chance.sample(NAMES, 6):
        chance.choice(places)[name] = poison
    return body


def test_no_member_and_no_header_chooses_the_destination_or_the_key() -> None:
    """T10: 160 requests with addresses and keys at any depth: a canary hears nothing, our key is the one sent."""
    chance = random.Random(SEED)

    async def act() -> tuple[int, set[str], list[str]]:
        async with (
            Rehearsal() as canary,
            Rehearsal() as near,
            Rehearsal(FAR) as far,
            running(calm() + engine(near) + cloud(far, more='key = "sk-mine"')) as home,
        ):
            for number in range(160):
                poison = chance.choice([canary.url, {"http": canary.url, "Authorization": "Bearer sk-planted"}])
                headers = {chance.choice(HEADERS).replace("-", "_"): canary.url, "Authorization": "Bearer sk-dummy"}
                await call(home, ROUTES[number % 4], _planted(chance, poison), **headers)
            keys = {one.header("Authorization") for one in far.calls if one.method == "POST"}
            passed = [name for one in [*near.calls, *far.calls] for name in HEADERS if one.header(name)]
            return canary.connections, keys, passed

    hits, keys, passed = asyncio.run(act())

    assert hits == 0, f"seed {SEED}"
    assert keys == {"Bearer sk-mine"}
    assert not passed


WATCHED = """
import sys
started = []
STARTS = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.system", "os.startfile", "pty.")
def watch(event, args):
    if event.startswith(STARTS):
        frame, files = sys._getframe(1), []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        ours = [file for file in files if "/hearth" in file]
        started.append(ours[0].rpartition("/hearth")[2] if ours else files[0])
sys.addaudithook(watch)
import atexit, json
atexit.register(lambda: open(sys.argv[2], "w").write(json.dumps(started)))
from hearth.foreground import run
from hearth_config.paths import Paths
sys.exit(run(Paths.find(sys.argv[1], {})))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="keys from commands are run as on POSIX")
def test_programs_are_started_from_listed_places_only(tmp_path: Path) -> None:
    """T14: whatever a request holds, what is run is the command that the file names, and our own price reader."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)

    async def act() -> None:
        async with Rehearsal(FAR) as far:
            config = calm() + cloud(far, more='key = "cmd:/bin/echo sk-mine"') + LISTEN
            (folder / "hearth.toml").write_text(config)
            (folder / "hearth.toml").chmod(0o600)
            environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            daemon = await asyncio.create_subprocess_exec(
                sys.executable, "-c", WATCHED, str(folder), str(tmp_path / "started"),
                stdout=asyncio.subprocess.PIPE, env=environ,
            )  # fmt: skip
            try:
                assert daemon.stdout is not None
                await daemon.stdout.readline()
                port = int((await daemon.stdout.readline()).rpartition(b":")[2])
                poison = {"cmd": "touch /tmp/x", "command": ["touch", "x"], "__class__": "os.system", "!!python": "x"}
                for route in ROUTES:
                    body = {**chat("far/scripted"), "input": "$(id)", "max_tokens": 9, "metadata": poison, **poison}
                    await call(_At(port), route, body, X_Command="id")
                await call(_At(port), "/hearth/v1/config", {"key": "cmd:id"}, X_Command="id")
            finally:
                daemon.terminate()
                await daemon.wait()

    asyncio.run(act())

    started = json.loads((tmp_path / "started").read_text())
    assert "_config/secrets.py" in started
    assert set(started) <= {"_config/secrets.py", "/senses/public_prices.py"}


class _At:
    """A daemon of another process, as callers need it."""

    def __init__(self, port: int) -> None:
        self.port = port

"""`hearth keys`: what is shown of them, what a trial finds, and how one gets into the keyring."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from cli.terminal import PYTHONPATH, hearth
from end_to_end.callers import call, calm, chat, cloud
from hearth.cli.key_view import rows
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.status import Usage
from hearth.status_keys import KeyStatus, RoomStatus
from hearth_home import running

MODELS = (ModelScript(name="scripted"),)
SECRETS = {"A": "sk-canary-aaaa", "B": "sk-canary-bbbb"}
POOL = 'keys = [{ id = "a", value = "env:A", requests_per_minute = 60 }, { id = "b", value = "env:B" }]'
Shown = CompletedProcess[str]
RING = """
import json, pathlib
from keyring.backend import KeyringBackend

FILE = pathlib.Path(__file__).with_suffix(".json")

class Ring(KeyringBackend):
    priority = 1

    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}

    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")

    def set_password(self, service, username, password):
        FILE.write_text(json.dumps(self._all() | {f"{service} {username}": password}))
"""


def at_work(script: Script, *commands: tuple[str, ...], calls: int = 2, more: str = "") -> list[Shown]:
    """Run commands beside a daemon that has answered some calls with two keys."""

    async def scene() -> list[Shown]:
        async with Rehearsal(script) as far, running(calm() + cloud(far, more=POOL) + more, SECRETS) as home:
            for _ in range(calls):
                await call(home, "/v1/chat/completions", chat("far/scripted"))
            return [await asyncio.to_thread(hearth, home.folder, *command) for command in commands]

    return asyncio.run(scene())


def test_each_key_has_a_row_without_its_value() -> None:
    """State, room, uses, what it cost today and its last error, by id (T16)."""
    script = Script(kind="openai", models=MODELS, keys=(SECRETS["A"],))

    table, plain, status = at_work(script, ("keys",), ("keys", "--json"), ("status",))

    first, second = (line.split("\t") for line in table.stdout.splitlines()[1:])
    assert first[:4] == ["far/a", "ready", "58 of 60 requests a minute", "2"]
    assert second[:2] == ["far/b", "refused"]
    assert "Incorrect API key" in second[5]
    assert [one["id"] for one in json.loads(plain.stdout)["keys"]] == ["a", "b"]
    assert "keys: a ready, b refused" in status.stdout
    assert not any("canary" in one.stdout + one.stderr for one in (table, plain, status))


def test_a_trial_tells_good_keys_from_refused_ones() -> None:
    """The provider's own list of models is asked for with each; exit 1 since one is refused."""
    script = Script(kind="openai", models=MODELS, keys=(SECRETS["A"],))

    both, good, unknown = at_work(
        script, ("keys", "test"), ("keys", "test", "far", "--id", "a"), ("keys", "test", "fra"), calls=0
    )

    assert [line.split("\t")[:2] for line in both.stdout.splitlines()[1:]] == [["far/a", "good"], ["far/b", "refused"]]
    assert (both.returncode, good.returncode, unknown.returncode) == (1, 0, 1)
    assert "far" in unknown.stderr
    assert not any("canary" in one.stdout + one.stderr for one in (both, good, unknown))


def test_a_key_that_is_found_good_is_used_again() -> None:
    """What was taken out comes back by a trial, without a change of the config."""

    async def scene() -> tuple[list[str], Shown]:
        async with Rehearsal(Script(kind="openai", models=MODELS, keys=(SECRETS["A"],))) as far:
            async with running(calm() + cloud(far, more=POOL), SECRETS) as home:
                for _ in range(4):
                    await call(home, "/v1/chat/completions", chat("far/scripted"))
                far.rescript(keys=tuple(SECRETS.values()))
                tried = await asyncio.to_thread(hearth, home.folder, "keys", "test")
                before = len(far.calls)
                for _ in range(4):
                    await call(home, "/v1/chat/completions", chat("far/scripted"))
            return [one.header("Authorization")[7:] for one in far.calls[before:] if one.method == "POST"], tried

    used, tried = asyncio.run(scene())

    assert tried.returncode == 0
    assert set(used) == set(SECRETS.values())


def test_an_open_list_says_nothing_of_a_key() -> None:
    """Where everybody may list the models, a trial does not call a key good."""
    (tried,) = at_work(Script(kind="openai", models=MODELS), ("keys", "test"), calls=0)

    assert [line.split("\t")[1] for line in tried.stdout.splitlines()[1:]] == ["unknown", "unknown"]
    assert "hearth doctor far" in tried.stdout
    assert tried.returncode == 0


def test_a_mode_that_keeps_home_tries_nothing() -> None:
    """In `offline` no key is shown to anybody, and none is held to be bad for it."""

    async def scene() -> tuple[Shown, Shown, int]:
        async with (
            Rehearsal(Script(kind="openai", models=MODELS)) as far,
            running(f'mode = "offline"\n{calm()}' + cloud(far, more=POOL), SECRETS) as home,
        ):
            tried = await asyncio.to_thread(hearth, home.folder, "keys", "test")
            shown = await asyncio.to_thread(hearth, home.folder, "keys")
            return tried, shown, len(far.calls)

    tried, shown, arrived = asyncio.run(scene())

    assert [line.split("\t")[1] for line in tried.stdout.splitlines()[1:]] == ["failed", "failed"]
    assert "offline" in tried.stdout
    assert "refused" not in shown.stdout
    assert arrived == 0


def test_no_keys_are_told_with_the_next_step() -> None:
    """A config without keys says how to give one."""

    async def scene() -> Shown:
        async with running(calm()) as home:
            return await asyncio.to_thread(hearth, home.folder, "keys")

    assert "hearth keys set" in asyncio.run(scene()).stdout


@pytest.fixture
def ring(tmp_path: Path) -> dict[str, str]:
    """A keyring of its own, kept in a file, as variables that choose it."""
    (tmp_path / "file_ring.py").write_text(RING)
    path = os.pathsep.join((PYTHONPATH, str(tmp_path)))
    return {"PYTHON_KEYRING_BACKEND": "file_ring.Ring", "PYTHONPATH": path}


def test_a_key_is_stored_and_named(tmp_path: Path, ring: dict[str, str]) -> None:
    """The key comes by a pipe or a hidden question, never as an argument (T17); the line for the config is printed."""
    first = hearth(tmp_path, "keys", "set", "openrouter", text=" sk-canary \n", **ring)
    spare = hearth(tmp_path, "keys", "set", "openrouter", "--id", "spare", text="sk-canary-2\n", **ring)

    kept = json.loads((tmp_path / "file_ring.json").read_text())
    assert kept == {"hearth openrouter": "sk-canary", "hearth openrouter-spare": "sk-canary-2"}
    assert 'key = "keyring:openrouter"' in first.stdout
    assert '{ id = "spare", value = "keyring:openrouter-spare" }' in spare.stdout
    assert (first.returncode, spare.returncode) == (0, 0)
    assert not any("canary" in one.stdout + one.stderr for one in (first, spare))


def test_a_key_that_the_config_names_is_stored_there(tmp_path: Path, ring: dict[str, str]) -> None:
    """The config's own name is used, and nothing need be added to it."""
    file = tmp_path / "hearth.toml"
    file.write_text('[providers.openai]\npreset = "openai"\nkey = "keyring:mine"\n')
    file.chmod(0o600)

    shown = hearth(tmp_path, "keys", "set", "openai", text="sk-canary\n", **ring)

    assert json.loads((tmp_path / "file_ring.json").read_text()) == {"hearth mine": "sk-canary"}
    assert "names it already" in shown.stdout


@pytest.mark.parametrize(
    ("text", "said"), [("\n", "empty"), ("sk-\u00e4\n", "characters"), ("sk-\x01\n", "characters")]
)
def test_what_no_header_can_carry_is_not_stored(tmp_path: Path, ring: dict[str, str], text: str, said: str) -> None:
    """An empty key, or one with odd characters, is refused without being shown."""
    shown = hearth(tmp_path, "keys", "set", "openai", text=f"{text}\n", PYTHONUTF8="1", **ring)

    assert shown.returncode == 1
    assert said in shown.stderr
    assert not (tmp_path / "file_ring.json").exists()


def test_a_machine_without_a_keyring_says_so(tmp_path: Path) -> None:
    """Where no keyring answers there is a way to go on."""
    none = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}

    shown = hearth(tmp_path, "keys", "set", "openai", text="sk-canary\n", **none)

    assert shown.returncode == 1
    assert "file:" in shown.stderr
    assert "canary" not in shown.stdout + shown.stderr


def test_a_python_without_the_package_says_how_to_get_it(tmp_path: Path) -> None:
    """The extra is named when it is missing."""
    (tmp_path / "keyring.py").write_text("raise ImportError\n")

    path = os.pathsep.join((str(tmp_path), PYTHONPATH))
    shown = hearth(tmp_path, "keys", "set", "openai", text="sk-canary\n", PYTHONPATH=path)

    assert shown.returncode == 1
    assert "pip install keyring" in shown.stderr


def test_names_that_no_key_can_have_are_refused(tmp_path: Path) -> None:
    """A provider's name has letters, digits, hyphens, dots and underscores."""
    shown = hearth(tmp_path, "keys", "set", "open ai", text="x\n")

    assert shown.returncode == 2


def test_states_and_room_are_told_in_words() -> None:
    """What a key lacks is said with the time it takes."""
    room = (RoomStatus("requests", "day", 1000.0, 3), RoomStatus("input-tokens", "", None, 7, source="provider"))
    limited = KeyStatus("a", "rate_limited", 90.0, "far", uses=5, room=room)
    barred = KeyStatus("b", "ready", provider="far", barred=("gpt-x",))
    of_model = RoomStatus("requests", "", 5.0, 0, source="provider", model="gpt-y")
    one_model = KeyStatus("c", "ready", provider="far", limited={"gpt-y": 90.0}, room=(of_model,))
    failing = KeyStatus("d", "provider_error", 30.0, "far")
    spent = Usage("far/a", 5, 0, 1, 1, 0, 0, 0, {"USD": 0.5}, 1)

    first, second, third, fourth = rows((limited, barred, one_model, failing), (spent,))

    assert first[:5] == (
        "far/a",
        "limited for 1 min",
        "3 of 1,000 requests a day, 7 input tokens (as its provider says)",
        "5",
        "0.5000 USD + 1 unknown",
    )
    assert second[:3] == ("far/b", "ready, not for gpt-x", "-")
    assert third[1:3] == (
        "ready, limited for gpt-y for 1 min",
        "0 of 5 requests for gpt-y (as its provider says)",
    )
    assert fourth[1] == "failing for 30.0 s"

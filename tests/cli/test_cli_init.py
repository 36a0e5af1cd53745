"""`hearth init`: what it proposes, asks, writes and leaves alone."""

from __future__ import annotations

import asyncio
import json
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.terminal import hearth
from hearth.cli.first_config import Found, fitting, proposal
from hearth.cli.first_look import Installed, Server, look
from hearth.cli.init import candidates, ollama_host
from hearth.rehearsal import Rehearsal, Script
from hearth_config.load import load_text
from hearth_config.variables import Variables

GIB = 1024**3
BIG, SMALL = Installed("qwen3:8b", 5 * GIB), Installed("qwen3:1.7b", GIB)
MODELS = (
    SMALL, BIG, Installed("llama3.3:70b", 42 * GIB), Installed("gpt-oss:120b-cloud", 400),
    Installed("nomic-embed-text:latest", GIB // 4), Installed("qwen2.5-coder:1.5b", GIB),
)  # fmt: skip
OLLAMA = Server("ollama", "http://127.0.0.1:11434", "0.12.3", MODELS)
KEY = ("openrouter", "OPENROUTER_API_KEY")


def read(text: str) -> dict[str, object]:
    """Check a proposal as the daemon would, and return its raw table."""
    loaded = load_text(text, Path("/nowhere/hearth.toml"), Variables({}))
    assert not loaded.warnings
    return tomllib.loads(text)


def test_a_new_file_names_what_is_there() -> None:
    """The largest model that fits, the small ones for their tasks, each server, each key by its variable."""
    table = read(proposal(Found((OLLAMA,), (KEY,), 16 * GIB), ""))

    assert table == {
        "mode": "prefer-local",
        "default_model": "qwen3:8b",
        "tasks": {"autocomplete": "qwen2.5-coder:1.5b", "embeddings": "nomic-embed-text:latest"},
        "providers": {
            "ollama": {"preset": "ollama", "address": "http://127.0.0.1:11434"},
            "openrouter": {"preset": "openrouter", "key": "env:OPENROUTER_API_KEY"},
        },
        "fallback": {"cloud": []},
    }


def test_an_ollama_that_is_away_is_not_lost() -> None:
    """Naming any provider takes the unnamed Ollama away, so it is named too."""
    fresh = read(proposal(Found((), (KEY,)), ""))
    added = read(proposal(Found((), (KEY,)), 'mode = "lan"\n'))

    assert fresh["providers"] == added["providers"]
    assert set(load_text(proposal(Found((), (KEY,)), ""), Path("/x"), Variables({})).settings.providers) == {
        "ollama", "openrouter",
    }  # fmt: skip


def test_what_a_file_says_stays_and_what_it_has_is_not_added() -> None:
    """The user's text is the beginning of the new one; a second run has nothing to add."""
    mine = '# mine\nmode = "offline"\n[providers.home]\ndialect = "ollama"\naddress = "http://127.0.0.1:11434"'

    once = proposal(Found((OLLAMA,), (KEY,), GIB), mine)

    assert once.startswith(mine)
    assert set(tomllib.loads(once)["providers"]) == {"home", "openrouter"}
    assert proposal(Found((OLLAMA,), (KEY,), GIB), once) == once


def test_a_model_must_fit() -> None:
    """Neither too large, nor for embeddings, nor one that Ollama forwards to its cloud."""
    assert fitting(MODELS, 16 * GIB) == "qwen3:8b"
    assert fitting(MODELS, 4 * GIB) == "qwen3:1.7b"
    assert fitting(MODELS[3:5], 64 * GIB) == ""


@given(
    st.lists(
        st.builds(
            Server,
            st.sampled_from(["ollama", "vllm", "generic", "lm-studio"]),
            st.just("http://127.0.0.1:1234/v1"),
            st.just(""),
            st.lists(st.builds(Installed, st.text(max_size=12), st.integers(0, GIB)), max_size=3).map(tuple),
        ),
        max_size=3,
    )
)
def test_hostile_names_make_no_other_config(servers: list[Server]) -> None:
    """T12: whatever a server calls its models, the file is valid and says nothing else."""
    table = read(proposal(Found(tuple(servers), (), GIB), ""))

    assert set(table) <= {"mode", "default_model", "tasks", "providers"}
    assert table["mode"] == "prefer-local"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", ""),
        ("127.0.0.1:11436", "http://127.0.0.1:11436"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":5000", "http://127.0.0.1:5000"),
        ("http://localhost:80", "http://127.0.0.1:80"),
        ("[::1]:7", "http://[::1]:7"),
        ("192.168.1.9:11434", ""),
        ("https://ollama.example.org", ""),
        ("[", ""),
    ],
)
def test_only_loopback_is_looked_at(said: str, meant: str) -> None:
    """OLLAMA_HOST is heeded where it means this machine."""
    assert ollama_host(said) == meant
    assert all("127.0.0.1" in address or "[::1]" in address for _, address in candidates({"OLLAMA_HOST": said}, set()))


def test_hearths_own_ports_are_not_taken_for_ollama() -> None:
    """Where Hearth is in front of Ollama, that port is its own."""
    assert ("ollama", "http://127.0.0.1:11434") not in set(candidates({}, {11434}))


def test_servers_are_known_by_what_they_answer() -> None:
    """An Ollama with its version and models, a server of OpenAI's dialect, nobody."""

    async def run() -> tuple[Server, ...]:
        async with Rehearsal(Script()) as ollama, Rehearsal(Script(kind="openai")) as other:
            asked = [("ollama", ollama.url), ("vllm", f"{other.url}/v1"), ("ollama", other.url)]
            return await asyncio.to_thread(look, [*asked, ("vllm", "http://127.0.0.1:1")])

    first, second = asyncio.run(run())

    assert first.preset == "ollama"
    assert first.version
    assert [model.name for model in first.models]
    assert second.preset in {"vllm", "generic"}


def test_it_asks_before_it_writes(tmp_path: Path) -> None:
    """A "no", or no answer, writes nothing; --yes writes a private file; the key's value is nowhere."""
    refused = hearth(tmp_path, "init", text="n\n", OPENROUTER_API_KEY="sk-or-canary")
    silent = hearth(tmp_path, "init", OPENROUTER_API_KEY="sk-or-canary")
    before = (tmp_path / "hearth.toml").exists()
    done = hearth(tmp_path, "init", "--yes", OPENROUTER_API_KEY="sk-or-canary")
    again = hearth(tmp_path, "init", "--yes", OPENROUTER_API_KEY="sk-or-canary")
    file = tmp_path / "hearth.toml"

    assert (refused.returncode, silent.returncode, before, done.returncode) == (130, 130, False, 0)
    assert "--yes" in silent.stderr
    assert '+key = "env:OPENROUTER_API_KEY"' in refused.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Nothing to write" in again.stdout
    assert "canary" not in done.stdout + file.read_text("utf-8")
    assert hearth(tmp_path, "config", "check").returncode == 0


def test_json_shows_the_proposal_and_writes_nothing(tmp_path: Path) -> None:
    """For programs that ask the user themselves."""
    shown = json.loads(hearth(tmp_path, "init", "--json", "--yes", OPENROUTER_API_KEY="sk-or-canary").stdout)

    assert shown["changes"]
    assert "[providers.openrouter]" in shown["proposal"]
    assert ["openrouter", "OPENROUTER_API_KEY"] in shown["found"]["keys"]
    assert not (tmp_path / "hearth.toml").exists()


def test_a_broken_file_is_left_alone(tmp_path: Path) -> None:
    """It is named with its line; nothing is written over it."""
    file = tmp_path / "hearth.toml"
    file.write_text("mode = \n")
    file.chmod(0o600)

    done = hearth(tmp_path, "init", "--yes")

    assert done.returncode == 1
    assert f"{file}:1" in done.stderr
    assert file.read_text() == "mode = \n"

"""`hearth doctor` beyond the daemon: machine, desktop, connected apps; and the bundle that says nothing private."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.control_server import serving, status
from cli.terminal import hearth
from hearth.cli.scrub import Private, scrub
from hearth.record import CallRecord

pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights and paths are those of Linux")

CONFIG = """
[providers.openrouter]
preset = "openrouter"
key = "env:OPENROUTER_API_KEY"
headers = { x-team = "canary-in-header" }
[providers.groq]
preset = "groq"
key = "file:groq.key"
[providers.together]
preset = "together"
key = "cmd:echo canary-of-command"
[providers.box]
dialect = "openai_chat"
address = "http://192.168.77.9:8000/v1"
"""
CALL = CallRecord(
    id="c1", time=1.0, app="canary-app", dialect="ollama", route="/api/chat", task="chat", asked="canary-asked",
    mode="lan", stream=True, target="ollama/qwen3:8b", place="machine", reason="local", attempts=1, ending="complete",
    problem="timed_out", detail="the provider said canary-detail", user_agent="canary-agent",
)  # fmt: skip
CANARIES = (
    "canary", "sk-or-v1", "gsk_", "hearth_aaaa", "192.168.77.9", "intranet.example", "hunter2", "/nobodys/", "10.9.8.7",
)  # fmt: skip


def test_a_bundle_holds_what_helps_and_no_canary(tmp_path: Path) -> None:
    """T16: keys by variable, file and command, tokens, headers, callers, questions and folders are all taken out."""
    home = tmp_path / "canary-home" / "hearth"
    home.mkdir(parents=True)
    for name, text in (
        ("hearth.toml", CONFIG),
        ("groq.key", "gsk_canary0123456789"),
        ("token", "infer hearth_aaaaaaaaaaaaaaaaaaaa\nadmin hearth_aaaabbbbbbbbbbbbbbbb\n"),
        ("hearth.log", "started with hearth_aaaaaaaaaaaaaaaaaaaa\nGET http://u:hunter2@10.9.8.7/ from /nobodys/x.py\n"),
        ("hearth.env", "OTHER=canary-in-env-file\n"),
    ):
        (home / name).write_text(text)
        (home / name).chmod(0o600)
    refused = {"intranet.example:11430": 2, "https://www.intranet.example": 1}
    script = {"GET status": status(refused_callers=refused), "GET calls": [CALL]}
    file = tmp_path / "bundle.md"

    with serving(home, script):
        done = hearth(
            home, "doctor", "--bundle", str(file),
            HOME=str(home.parent), OPENROUTER_API_KEY="sk-or-v1-canary0123456789abcdef", MY_PASSWORD="hunter2",
            USER="canaryuser", LOGNAME="canaryuser",
        )  # fmt: skip
    text = file.read_text("utf-8")

    assert f"Wrote {file}" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [line for line in text.splitlines() if any(canary in line for canary in CANARIES)] == []
    assert "env:OPENROUTER_API_KEY" in text
    assert "target=ollama/qwen3:8b place=machine" in text
    assert "[config folder]/hearth.toml is fine" in text
    assert "/api/chat" in text


def test_a_bundle_needs_neither_daemon_nor_config_and_replaces_no_file(tmp_path: Path) -> None:
    """It is wanted most where nothing works; a file that is there is left alone."""
    (tmp_path / "hearth.toml").write_text('mode = "lan"\nnonsense\n')
    (tmp_path / "hearth.toml").chmod(0o600)

    first = hearth(tmp_path, "doctor", "--bundle", str(tmp_path / "b.md"))
    again = hearth(tmp_path, "doctor", "--bundle", str(tmp_path / "b.md"))
    text = (tmp_path / "b.md").read_text("utf-8")

    assert first.returncode == 1
    assert "is not valid TOML" in text
    assert "Hearth is not running." in text
    assert "is there already" in again.stderr


def test_machine_desktop_and_apps_are_looked_at(tmp_path: Path) -> None:
    """Memory, disk, rights of our files, the icon's kind or why there is none (pain 47), apps and whether they hold."""
    (tmp_path / "token").write_text("infer hearth_x\n")
    (tmp_path / "token").chmod(0o644)
    hearth(tmp_path, "connect", "codex", "--write", HOME=str(tmp_path))
    profile = tmp_path / ".codex" / "hearth.config.toml"
    profile.write_text(profile.read_text().replace("default", "other"))

    shown = hearth(tmp_path, "doctor", HOME=str(tmp_path))

    assert "of memory free, " in shown.stdout
    assert "GB free on the disk" in shown.stdout
    assert f"chmod go= '{tmp_path / 'token'}'" in shown.stdout
    assert "No icon: " in shown.stdout or "The icon " in shown.stdout
    assert "Codex CLI was connected, and its file has been changed since" in shown.stdout
    assert "at login" in shown.stdout


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-abcdefghijklmnop used", "key [key] used"),
        ("Authorization: Bearer abcdefgh", "Authorization: Bearer [taken out]"),
        ("http://ann:pw@host/x", "http://[login]@host/x"),
        ("/opt/ann's/file.txt", "[folder]/ann's/file.txt"),
        ("File /usr/lib/python3/x.py, line 3", "File [folder]/x.py, line 3"),
        (r"C:\Users\Ann\hearth.toml:3", "[folder]/hearth.toml:3"),
        ("POST /v1/chat/completions and /api/chat", "POST /v1/chat/completions and /api/chat"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        ("box.lan and nas.home.arpa at 172.20.1.2, 8.8.8.8", "[own host] and [own host] at [own address], 8.8.8.8"),
        ("ask ann@example.org", "ask [mail]"),
    ],
)
def test_what_looks_private_is_taken_out(text: str, left: str) -> None:
    """Whatever is not known here but has the shape of a key, a login, a folder."""
    assert scrub(text, Private()) == left


@given(st.text(max_size=60), st.text(alphabet="abcXYZ019-_", min_size=6, max_size=20), st.text(max_size=60))
def test_no_known_secret_survives(before: str, secret: str, after: str) -> None:
    """Wherever it stands, and whatever stands around it."""
    assert secret not in scrub(f"{before}{secret}{after}", Private((secret,))).replace("[secret]", "")

"""From a reference to a key: every source, every way it fails, and that a key never shows itself (T14, T16, T17)."""

import copy
import pickle
import shlex
import sys
import time
from pathlib import Path

import pytest

from hearth_config.load import load_text
from hearth_config.secrets import Secret, SecretError, read_reference, resolve
from hearth_config.variables import Variables

CANARY = "sk-canary-4711"


def command(code: str) -> str:
    """A reference to a Python program, quoted as a user would."""
    return f"cmd:{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def failure(reference: str, env: dict[str, str], base: Path) -> str:
    with pytest.raises(SecretError) as failed:
        resolve(reference, env, base)
    return str(failed.value)


def test_a_secret_does_not_show_itself() -> None:
    """T16: neither printing, formatting, pickling nor an error's text reveals a key."""
    secret = Secret(CANARY)

    shown = f"{secret} {secret!r} {[secret]} {vars(Secret)} {ValueError(secret)}"

    assert CANARY not in shown
    assert secret.reveal() == CANARY
    assert secret == Secret(CANARY)
    for write in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="never written out"):
            write(secret)


def test_settings_do_not_show_a_literal_key(tmp_path: Path) -> None:
    """T16: a key, a header or a token that the user wrote into the file is in no printed form of the settings."""
    text = f"""
        [providers.openai]
        key = "{CANARY}"
        headers = {{ Authorization = "{CANARY}" }}
        [apps.a]
        match = {{ token = "hearth_{CANARY}" }}
    """
    loaded = load_text(text, tmp_path / "hearth.toml", Variables({"OTHER": CANARY}, {"X": CANARY}))

    shown = (
        f"{loaded} {loaded!r} {loaded.settings!r} {loaded.settings.providers} {loaded.settings.apps} {loaded.variables}"
    )

    assert CANARY not in shown
    assert len(loaded.warnings) == 3
    assert all("holds the" in warning and CANARY not in warning for warning in loaded.warnings)


def test_env_reads_the_environment_then_hearth_env(tmp_path: Path) -> None:
    """A variable of the process wins over one of hearth.env; one that is set to nothing counts as not set."""
    variables = Variables({"ONE": "from-process", "EMPTY": ""}, {"ONE": "x", "TWO": "from-file", "EMPTY": "filled"})

    assert resolve("env:ONE", variables, tmp_path).reveal() == "from-process"
    assert resolve("env:TWO", variables, tmp_path).reveal() == "from-file"
    assert resolve("env:EMPTY", variables, tmp_path).reveal() == "filled"
    assert variables.source("TWO") == "hearth.env"


def test_a_missing_variable_says_where_to_put_it(tmp_path: Path) -> None:
    """A service has no shell environment, so the next step names hearth.env."""
    assert failure("env:NOT_SET", {}, tmp_path) == (
        "env:NOT_SET: the variable is not set. "
        "Add a line NOT_SET=… to hearth.env beside hearth.toml, or export it where Hearth is started."
    )


def test_a_file_holds_the_key_if_only_its_owner_may_read_it(tmp_path: Path) -> None:
    """A 0600 file beside hearth.toml works; one that others may read is refused with the command that mends it."""
    file = tmp_path / "the.key"
    file.write_text(f"{CANARY}\n")
    file.chmod(0o600)

    assert resolve("file:the.key", {}, tmp_path).reveal() == CANARY
    assert resolve(f"file:{file}", {}, Path("/")).reveal() == CANARY

    file.chmod(0o640)
    said = failure("file:the.key", {}, tmp_path)
    assert said == f"file:the.key: other users may read the file. Run: chmod 600 {file}."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_mark_that_editors_put_before_a_text_is_no_part_of_the_key(tmp_path: Path, encoding: str) -> None:
    """Notepad begins a file with a byte order mark, PowerShell's ">" writes UTF-16: nobody sees either."""
    file = tmp_path / "the.key"
    file.write_bytes(f"{CANARY}\r\n".encode(encoding))
    file.chmod(0o600)

    assert resolve("file:the.key", {}, tmp_path).reveal() == CANARY


def test_a_file_that_cannot_be_the_key_is_refused(tmp_path: Path) -> None:
    """Missing, a folder, empty, several lines or no text: each has its own sentence."""
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, content in (("empty", b" \n"), ("lines", b"one\ntwo"), ("binary", b"\xff\xfe\x00\xd8")):
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)

    assert "cannot be read" in failure("file:missing", {}, tmp_path)
    assert "cannot be read" in failure("file:folder", {}, tmp_path)
    assert "the key is empty" in failure("file:empty", {}, tmp_path)
    assert "no header can carry" in failure("file:lines", {}, tmp_path)
    assert "holds no text" in failure("file:binary", {}, tmp_path)


def test_a_command_prints_the_key(tmp_path: Path) -> None:
    """The first line of what a program prints is the key."""
    assert resolve(command(f"print('{CANARY}'); print('more')"), {}, tmp_path).reveal() == CANARY


def test_a_command_has_no_shell(tmp_path: Path) -> None:
    """T14: what a shell would run, expand or redirect is passed on as plain words."""
    words = "$HOME;touch`touch`>(touch)&&touch|touch"

    found = resolve(f"{command('import sys; print(sys.argv[1])')} {shlex.quote(words)}", {}, tmp_path)

    assert found.reveal() == words
    assert list(tmp_path.iterdir()) == []


def test_a_command_sees_no_key_of_the_environment(tmp_path: Path) -> None:
    """T14, T17: of the environment a program gets what it needs to start, and no other key."""
    env = {"PATH": "/usr/bin", "OPENAI_API_KEY": CANARY, "LD_PRELOAD": "x", "HOME": "/home/me"}

    found = resolve(command("import os; print(','.join(sorted(os.environ)))"), env, tmp_path).reveal()

    assert {"PATH", "HOME"} <= set(found.split(","))
    assert not {"OPENAI_API_KEY", "LD_PRELOAD"} & set(found.split(","))


def test_a_command_that_fails_repeats_nothing_it_said(tmp_path: Path) -> None:
    """T16: neither its output nor its errors are in the message, only how it ended."""
    said = failure(command(f"import sys; print('{CANARY[:6]}'); sys.exit('{CANARY[6:]}')"), {}, tmp_path)

    assert said.endswith("the command ended with 1. Run it by hand to see why.")
    assert "cannot be run" in failure("cmd:/no/such/program", {}, tmp_path)


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    """After 5 s a program and what it started are ended, even if a child holds the pipe open."""
    sleep = "import time; time.sleep(60)"
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', '{sleep}']); {sleep}"
    started = time.monotonic()

    said = failure(command(code), {}, tmp_path)

    assert "took longer than 5 s" in said
    assert 4.5 < time.monotonic() - started < 15


def test_the_keyring_is_optional(tmp_path: Path) -> None:
    """Without the package, or without an entry, the message says what to do."""
    said = failure("keyring:hearth-test-entry-that-is-not-there", {}, tmp_path)

    assert said.startswith("keyring:hearth-test-entry-that-is-not-there: ")
    assert any(step in said for step in ("pip install", "keyring set", "Unlock the keyring"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("$KEY", 'write "env:KEY"'),
        ("${KEY}", 'write "env:KEY"'),
        ("env:", 'nothing stands after "env:"'),
        ("env:MY KEY", "name of a variable"),
        ("env:$KEY", "name of a variable"),
        ("file: ", 'nothing stands after "file:"'),
        ("cmd:'open", "not closed"),
    ],
)
def test_a_reference_in_a_wrong_form_is_refused(text: str, reason: str) -> None:
    """What was meant as a reference and is none is an error at load, not a key."""
    with pytest.raises(ValueError, match=r"\w") as refused:
        read_reference(text)

    assert reason in str(refused.value)


def test_a_literal_is_a_key_that_is_not_shown(tmp_path: Path) -> None:
    """A key written into the file works, and its reference does not show it."""
    assert resolve(CANARY, {}, tmp_path).reveal() == CANARY
    assert CANARY not in f"{read_reference(CANARY)!r} {read_reference(CANARY)}"
    assert CANARY not in failure(f"{CANARY}\n\x07", {}, tmp_path)

"""The commands that need no daemon: config, token and doctor."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec

from cli.control_server import serving, status
from cli.terminal import hearth
from hearth_config.manual import example


def _write(home: Path, text: str) -> Path:
    file = home / "hearth.toml"
    file.write_text(text)
    file.chmod(0o600)
    return file


def test_a_good_config_passes(tmp_path: Path) -> None:
    """`config check` exits 0 and names the file."""
    _write(tmp_path, 'mode = "lan"\n')

    shown = hearth(tmp_path, "config", "check")

    assert (shown.returncode, shown.stdout) == (0, f"{tmp_path / 'hearth.toml'} is fine.\n")


def test_a_bad_config_names_file_line_and_key(tmp_path: Path) -> None:
    """`config check` exits 1 with one sentence; as JSON the parts stand apart."""
    file = _write(tmp_path, '\nmdoe = "lan"\n')

    shown = hearth(tmp_path, "config", "check")
    parts = msgspec.json.decode(hearth(tmp_path, "config", "check", "--json").stdout)

    assert shown.returncode == 1
    assert shown.stderr.startswith(f"{file}:2: mdoe: ")
    assert (parts["ok"], parts["line"], parts["key"]) == (False, 2, "mdoe")


def test_config_show_says_where_a_setting_comes_from(tmp_path: Path) -> None:
    """Each row has key, value and source."""
    _write(tmp_path, '\nmode = "lan"\n')

    shown = hearth(tmp_path, "config", "show")

    assert 'mode\t"lan"\thearth.toml:2' in shown.stdout.splitlines()


def test_config_edit_opens_the_editor_and_checks(tmp_path: Path) -> None:
    """A missing file begins as the manual, private; what the editor leaves is checked."""
    fine = hearth(tmp_path, "config", "edit", EDITOR="true")
    file = tmp_path / "hearth.toml"
    written, rights = file.read_text("utf-8"), stat.S_IMODE(file.stat().st_mode)
    broken = hearth(tmp_path, "config", "edit", EDITOR="sh -c 'echo nonsense > \"$0\"'")
    missing = hearth(tmp_path, "config", "edit", EDITOR="no-such-editor")

    assert (fine.returncode, written, rights) == (0, example(), 0o600)
    assert broken.returncode == 1
    assert "is not valid TOML" in broken.stderr
    assert missing.returncode == 1
    assert "cannot be started" in missing.stderr


def test_the_token_is_made_once_and_private(tmp_path: Path) -> None:
    """T22: `token` prints the token for answers, `--admin` the other, `--new` makes both anew."""
    first, again = hearth(tmp_path, "token").stdout, hearth(tmp_path, "token").stdout
    admin = hearth(tmp_path, "token", "--admin").stdout
    new = hearth(tmp_path, "token", "--new").stdout

    assert first.startswith("hearth_")
    assert first == again
    assert len({first, admin, new}) == 3
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_doctor_gives_each_finding_its_next_step(tmp_path: Path) -> None:
    """No daemon, no engine, an unset key, an ignored proxy: all are found, and what was not checked is said."""
    _write(
        tmp_path,
        '[providers.ollama]\npreset = "ollama"\naddress = "http://127.0.0.1:1"\n'
        '[providers.openrouter]\npreset = "openrouter"\nkey = "env:NOT_SET_HERE"\n',
    )

    shown = hearth(tmp_path, "doctor", HTTP_PROXY="http://127.0.0.1:1")

    assert shown.returncode == 1
    assert "Start it with `hearth run`." in shown.stdout
    assert "BAD  ollama does not answer at http://127.0.0.1:1" in shown.stdout
    assert "NOT_SET_HERE: the variable is not set" in shown.stdout
    assert "HTTP_PROXY ignored" in shown.stdout
    assert "Not checked: " in shown.stdout


def test_doctor_turns_refused_callers_into_config_lines(tmp_path: Path) -> None:
    """T1: a refused Host or Origin is shown as the line that would let it in."""
    refused = {"GET status": status(refused_callers={"box.lan:11430": 2, "vscode-webview://x": 1})}

    with serving(tmp_path, refused):
        shown = hearth(tmp_path, "doctor")

    assert 'hosts = ["box.lan"]' in shown.stdout
    assert 'origins = ["vscode-webview://x"]' in shown.stdout

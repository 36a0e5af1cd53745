"""`hearth connect` and `hearth disconnect` at the terminal, with files in a home of their own."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.terminal import command, environment
from hearth.connecting import doing
from hearth.connecting.app import Desk, Door
from hearth.connecting.apps import APPS, find
from hearth.connecting.edits.block import Block
from hearth.connecting.edits.jsonc import value_of
from hearth.connecting.notebook import Notebook

WRITTEN = {
    "continue": ".continue/config.yaml",
    "zed": ".config/zed/settings.json",
    "vscode": ".config/Code/User/chatLanguageModels.json",
    "cline": ".cline/data/settings/providers.json",
    "claude-code": ".claude/settings.json",
    "aider": ".aider.conf.yml",
    "codex": ".codex/hearth.config.toml",
    "llm": ".config/io.datasette.llm/extra-openai-models.yaml",
    "neovim": ".config/nvim/lua/codecompanion/adapters/http/hearth.lua",
    "emacs": ".emacs.d/init.el",
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the paths are those of Linux")


def hearth(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user whose home is `home`."""
    found = {"HOME": str(home), "PATH": "/usr/bin:/bin"} | variables
    return subprocess.run(
        command(home / "hearth", *arguments), env=environment(**found), capture_output=True, text=True, check=False
    )


def tree(home: Path) -> dict[str, bytes]:
    """Every file below a home, Hearth's own left out."""
    files = (path for path in home.rglob("*") if path.is_file() and "hearth" not in path.relative_to(home).parts[:1])
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


def desk(home: Path, system: str = "linux", environ: Mapping[str, str] | None = None) -> Desk:
    return Desk(home, environ or {}, system, lambda _: None)


@pytest.mark.parametrize("app", WRITTEN)
def test_an_app_without_a_file_gets_one_and_loses_it(app: str, tmp_path: Path) -> None:
    """Written where the app looks, private, and gone again without a trace."""
    known, notebook = find(app), Notebook(tmp_path / "hearth")
    assert known
    setting = known.setting(desk(tmp_path), Door("http://127.0.0.1:11430"))
    assert setting.edit
    assert setting.file == tmp_path / WRITTEN[app]

    first = doing.connect(app, setting.file, setting.edit, notebook)
    text, rights = setting.file.read_text("utf-8"), stat.S_IMODE(setting.file.stat().st_mode)
    again = doing.connect(app, setting.file, setting.edit, notebook)
    back = doing.disconnect(app, setting.file, setting.edit, notebook)

    assert (first.changed, again.changed, back.changed) == (True, False, True)
    assert "127.0.0.1:11430" in text
    assert rights == 0o600
    assert tree(tmp_path) == {}


def test_a_file_of_ones_own_comes_back_byte_for_byte(tmp_path: Path) -> None:
    """Comments and line ends included; the copy from before goes too."""
    file = tmp_path / WRITTEN["zed"]
    file.parent.mkdir(parents=True)
    file.write_bytes(b'// mine\r\n{\r\n\t"vim_mode": true, // yes\r\n}')
    file.chmod(0o640)
    before = tree(tmp_path)

    first = hearth(tmp_path, "connect", "zed", "--write")
    again = hearth(tmp_path, "connect", "zed", "--write")
    between, copies = value_of(file.read_text("utf-8")), tree(tmp_path)
    hearth(tmp_path, "disconnect", "zed")

    assert "Wrote" in first.stdout
    assert "has the setting already" in again.stdout
    assert between == {"language_models": {"ollama": {"api_url": "http://127.0.0.1:11430"}}, "vim_mode": True}
    assert copies[f"{WRITTEN['zed']}.before-hearth"] == before[WRITTEN["zed"]]
    assert tree(tmp_path) == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_what_the_user_wrote_since_stays(tmp_path: Path) -> None:
    """Only our part goes from a file that was edited meanwhile, and the copy is kept and named."""
    file = tmp_path / WRITTEN["emacs"]
    file.parent.mkdir(parents=True)
    file.write_text("(setq mine 1)\n")

    hearth(tmp_path, "connect", "emacs", "--write")
    file.write_text(file.read_text() + "(setq later 2)\n")
    back = hearth(tmp_path, "disconnect", "emacs")

    assert file.read_text() == "(setq mine 1)\n(setq later 2)\n"
    assert "init.el.before-hearth" in back.stdout


def test_what_the_user_wrote_between_two_changes_of_ours_stays(tmp_path: Path) -> None:
    """Connecting again, with another model, must not make the older copy look like what was there."""
    file, notebook = tmp_path / "init.el", Notebook(tmp_path / "hearth")
    file.write_text("(setq mine 1)\n")
    first, second = Block(("(one)",), comment=";;"), Block(("(two)",), comment=";;")

    doing.connect("emacs", file, first, notebook)
    file.write_text(file.read_text() + "(setq later 2)\n")
    doing.connect("emacs", file, second, notebook)
    doing.disconnect("emacs", file, second, notebook)

    assert file.read_text() == "(setq mine 1)\n(setq later 2)\n"


def test_a_file_that_cannot_be_changed_safely_is_left(tmp_path: Path) -> None:
    """The setting is shown with the reason, and nothing is written."""
    file = tmp_path / WRITTEN["aider"]
    file.write_text("model: gpt-5\n")

    done = hearth(tmp_path, "connect", "aider", "--write")

    assert done.returncode == 1
    assert "model is set in line 1 already" in done.stderr
    assert 'model: "openai/default"' in done.stdout
    assert tree(tmp_path) == {WRITTEN["aider"]: b"model: gpt-5\n"}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Dotfiles are often links into a repository: the file behind is changed."""
    real = tmp_path / "dotfiles.yml"
    real.write_text("dark-mode: true\n")
    (tmp_path / WRITTEN["aider"]).symlink_to(real)

    hearth(tmp_path, "connect", "aider", "--write")

    assert (tmp_path / WRITTEN["aider"]).is_symlink()
    assert "openai-api-base" in real.read_text()


def test_the_list_tells_what_is_here_and_what_is_connected(tmp_path: Path) -> None:
    """One row an app; --json for programs."""
    (tmp_path / ".continue").mkdir()
    hearth(tmp_path, "connect", "continue", "--write")

    rows = {row["app"]: row for row in json.loads(hearth(tmp_path, "connect", "--json").stdout)}

    assert set(rows) == {app.name for app in APPS}
    assert rows["continue"]["found"]
    assert rows["continue"]["file"].endswith("config.yaml")
    assert not rows["zed"]["found"]


def test_the_address_and_trust_of_the_config_count(tmp_path: Path) -> None:
    """T6: with trust = "token" no token is written into an app's file; it is said where it goes."""
    home = tmp_path / "hearth"
    home.mkdir()
    (home / "hearth.toml").write_text('[listen]\ntcp = "127.0.0.1:12345"\ntrust = "token"\n')
    (home / "hearth.toml").chmod(0o600)

    shown = hearth(tmp_path, "connect", "aider")
    written = hearth(tmp_path, "connect", "aider", "--write")

    assert "http://127.0.0.1:12345/v1" in shown.stdout
    assert "`hearth token`" in shown.stderr
    assert written.returncode == 1
    assert tree(tmp_path) == {}


def test_unknown_apps_and_odd_models_are_refused(tmp_path: Path) -> None:
    """The apps there are are named; a model's name cannot carry Lisp or YAML into a file."""
    assert "It knows: continue, zed, vscode, cline, claude-code" in hearth(tmp_path, "connect", "winamp").stderr
    assert hearth(tmp_path, "connect", "emacs", "--write", "--model", "x) (shell-command 1").returncode == 2
    assert hearth(tmp_path, "connect", "zed", "--front").returncode == 2
    assert "set by hand" in hearth(tmp_path, "disconnect", "open-webui").stderr


def test_what_can_only_be_made_by_hand_says_so_and_why(tmp_path: Path) -> None:
    """--write of an app that keeps its settings to itself fails, shows them, and changes nothing."""
    done = hearth(tmp_path, "connect", "open-webui", "--write")

    assert done.returncode == 1
    assert "OPENAI_API_BASE_URL=http://127.0.0.1:11430/v1" in done.stdout
    assert "Nothing was written: Open WebUI keeps connections in its own database" in done.stderr
    assert tree(tmp_path) == {}


def test_claude_code_asks_for_its_own_models_or_for_one_of_mine(tmp_path: Path) -> None:
    """Without a name it asks as ever, and Hearth decides; a named model answers in every role."""
    file = tmp_path / WRITTEN["claude-code"]
    file.parent.mkdir()
    file.write_text('{"env": {"ANTHROPIC_MODEL": "opus", "EDITOR": "vi"}, "theme": "dark"}')
    before = tree(tmp_path)

    hearth(tmp_path, "connect", "claude-code", "--write")
    plain = json.loads(file.read_text())
    hearth(tmp_path, "connect", "claude-code", "--write", "--model", "qwen3:8b")
    named = json.loads(file.read_text())
    hearth(tmp_path, "disconnect", "claude-code")

    address = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:11430", "ANTHROPIC_AUTH_TOKEN": "hearth"}
    assert plain == {"env": {**address, "ANTHROPIC_MODEL": "opus", "EDITOR": "vi"}, "theme": "dark"}
    assert named["env"]["ANTHROPIC_MODEL"] == named["env"]["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "qwen3:8b"
    assert tree(tmp_path) == before


def test_every_variable_of_claude_code_goes_again(tmp_path: Path) -> None:
    """Also those of a model that was named, from a file that was edited since."""
    file = tmp_path / WRITTEN["claude-code"]

    hearth(tmp_path, "connect", "claude-code", "--write", "--model", "qwen3:8b")
    file.write_text(file.read_text().replace("{", '{"theme": "dark",', 1))
    hearth(tmp_path, "disconnect", "claude-code")

    assert json.loads(file.read_text()) == {"theme": "dark"}


def test_connecting_anew_leaves_nothing_of_the_time_before(tmp_path: Path) -> None:
    """A model that was named once is not asked for by a setting that names none."""
    file = tmp_path / WRITTEN["claude-code"]

    hearth(tmp_path, "connect", "claude-code", "--write", "--model", "qwen3:8b")
    hearth(tmp_path, "connect", "claude-code", "--write")

    assert set(json.loads(file.read_text())["env"]) == {"ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"}
    assert "deleted" in hearth(tmp_path, "disconnect", "claude-code").stdout
    assert tree(tmp_path) == {}


def test_an_address_that_the_user_has_changed_since_is_theirs(tmp_path: Path) -> None:
    """Taking Hearth out of a file must not take out the server that came after it."""
    file = tmp_path / WRITTEN["zed"]
    hearth(tmp_path, "connect", "zed", "--write")
    file.write_text(file.read_text().replace("http://127.0.0.1:11430", "http://box:11434"))

    done = hearth(tmp_path, "disconnect", "zed")

    assert "has no setting of Hearth's" in done.stdout
    assert "http://box:11434" in file.read_text()


def test_a_provider_chosen_in_cline_since_stays_chosen(tmp_path: Path) -> None:
    """What Cline wrote meanwhile, its login too, is still there when Hearth's part has gone."""
    file = tmp_path / WRITTEN["cline"]
    hearth(tmp_path, "connect", "cline", "--write")
    since = json.loads(file.read_text())
    login = {"settings": {"provider": "cline", "apiKey": "mine"}, "updatedAt": "x", "tokenSource": "oauth"}
    since["lastUsedProvider"] = "cline"
    since["providers"]["cline"] = login
    file.write_text(json.dumps(since))

    hearth(tmp_path, "disconnect", "cline")

    rest = {"version": 1, "modes": {}, "lastUsedProvider": "cline", "providers": {"cline": login}}
    assert json.loads(file.read_text()) == rest


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_every_app_is_set_on_every_system(app: object, system: str, tmp_path: Path) -> None:
    """Each setting names Hearth's address; what is made by hand says why; what is written can be."""
    assert isinstance(app, type(APPS[0]))
    setting = app.setting(desk(tmp_path, system), Door("http://127.0.0.1:11430", "qwen3:8b"))

    assert "127.0.0.1:11430" in setting.text
    assert bool(setting.by_hand) != bool(setting.edit and setting.file)
    assert not app.found(desk(tmp_path, system))
    if setting.edit:
        assert "127.0.0.1:11430" in setting.edit.put("")

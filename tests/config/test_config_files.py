"""Which files are read at all, by owner and mode (T13), and how hearth.env is read."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_config.errors import ConfigError
from hearth_config.files import check_rights
from hearth_config.load import Loaded, load
from hearth_config.paths import Paths
from hearth_config.variables import BadLine, parse_env_file

ME = 1000


def paths(home: Path, text: str | bytes | None = None, mode: int = 0o600) -> Paths:
    """A home with a hearth.toml in it, if a text is given."""
    found = Paths.find(str(home), {})
    if text is not None:
        found.config_file.write_bytes(text if isinstance(text, bytes) else text.encode())
        found.config_file.chmod(mode)
    return found


def refusal(found: Paths) -> str:
    with pytest.raises(ConfigError) as refused:
        load(found, {})
    return str(refused.value)


def info(mode: int, uid: int) -> os.stat_result:
    return os.stat_result((stat.S_IFREG | mode, 1, 1, 1, uid, 100, 10, 0, 0, 0))


@pytest.mark.parametrize(("uid", "mode"), [(ME, 0o600), (ME, 0o644), (0, 0o444)])
def test_a_file_of_the_user_or_of_root_is_read(uid: int, mode: int) -> None:
    """Root may own it (a read-only store links there): root can change anything anyhow."""
    assert check_rights("hearth.toml", info(mode, uid), ME, holds_keys=False) == ()


@pytest.mark.parametrize(
    ("uid", "mode", "said"),
    [
        (1001, 0o600, "hearth.toml: belongs to another user (uid 1001). Take it over (chown), or write your own."),
        (ME, 0o602, "hearth.toml: may be written by everybody. Run: chmod o-w 'hearth.toml'."),
        (0, 0o666, "hearth.toml: may be written by everybody. Run: chmod o-w 'hearth.toml'."),
    ],
)
def test_a_file_that_another_user_decides_on_is_refused(uid: int, mode: int, said: str) -> None:
    """T13: another owner, or write permission for all, and nothing of it is used."""
    with pytest.raises(ConfigError) as refused:
        check_rights("hearth.toml", info(mode, uid), ME, holds_keys=False)

    assert str(refused.value) == said


def test_a_world_writable_config_is_refused(tmp_path: Path) -> None:
    """T13: the same for a real file, and for a real folder in which everybody may replace it."""
    assert "may be written by everybody" in refusal(paths(tmp_path, "", 0o666))

    found = paths(tmp_path, 'mode = "lan"')
    tmp_path.chmod(0o777)
    assert "lies in a folder that everybody may write to" in refusal(found)


def test_a_group_writable_config_is_a_warning(tmp_path: Path) -> None:
    """It is used, and the warning says how to end it."""
    found = paths(tmp_path, 'mode = "lan"', 0o660)

    loaded = load(found, {})

    assert loaded.settings.mode == "lan"
    assert loaded.warnings == (
        f"{found.config_file}: may be written by its group. Run: chmod g-w '{found.config_file}'.",
    )


def test_a_readable_hearth_env_is_a_warning(tmp_path: Path) -> None:
    """Keys in a file that others may read are used, and warned about without being named."""
    found = paths(tmp_path, 'mode = "lan"')
    found.env_file.write_text("KEY=sk-canary\n")
    found.env_file.chmod(0o644)

    loaded = load(found, {})

    assert loaded.variables["KEY"] == "sk-canary"
    assert "holds keys and may be read by others" in loaded.warnings[0]
    assert "canary" not in loaded.warnings[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'mode = "\xff"', "hearth.toml:1: is not UTF-8 text. Save it as UTF-8."),
        (b"#" * 1_000_001, "is larger than 1 MB"),
        (b"  \n\n", "is empty. Write it again."),
        (b"\x00", "is not valid TOML"),
    ],
)
def test_a_file_that_is_no_config_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """F51: bytes that are no text, a huge or a blank file: a clear error, no crash."""
    assert said in refusal(paths(tmp_path, content))


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    """A folder or a pipe in its place is an error, and a pipe is not waited for."""
    found = paths(tmp_path)
    os.mkfifo(found.config_file)
    assert "is no regular file" in refusal(found)

    found.config_file.unlink()
    found.config_file.mkdir()
    assert "hearth.toml: " in refusal(found)


def test_windows_editors_are_understood(tmp_path: Path) -> None:
    """A byte order mark and CRLF line ends change nothing, line numbers included."""
    loaded = load(paths(tmp_path, b'\xef\xbb\xbfmode = "lan"\r\n[busy]\r\nqueue = 3\r\n'), {})

    assert (loaded.settings.mode, loaded.settings.busy.queue) == ("lan", 3)
    assert ":3: busy.queue" in refusal(paths(tmp_path, b"\xef\xbb\xbf\r\n[busy]\r\nqueue = true\r\n"))


def test_at_start_a_missing_or_blank_file_means_the_defaults(tmp_path: Path) -> None:
    """This machine's Ollama and no cloud; at a reload both are bad edits."""
    found = paths(tmp_path)

    missing = load(found, {}, allow_missing=True)
    blank = load(paths(tmp_path, "\n"), {}, allow_missing=True)

    assert missing.settings == blank.settings
    assert [str(provider.address) for provider in missing.settings.providers.values()] == ["http://127.0.0.1:11434"]
    assert missing.blank
    assert blank.blank
    found.config_file.unlink()
    assert "does not exist. Write it again" in refusal(found)


def test_equal_files_have_equal_fingerprints(tmp_path: Path) -> None:
    """The fingerprint follows the contents of both files and nothing else."""

    def read() -> Loaded:
        return load(found, {})

    found = paths(tmp_path, 'mode = "lan"')
    first = read().fingerprint
    os.utime(found.config_file, (1, 1))
    assert read().fingerprint == first

    found.env_file.touch(mode=0o600)
    with_env = read().fingerprint
    assert with_env != first

    found.env_file.write_text("A=1\n")
    assert read().fingerprint not in {first, with_env}


def test_hearth_env_is_read_as_people_write_it() -> None:
    """Comments, export, quotes and spaces; nothing is expanded."""
    text = "# keys\n\nA=1\nexport B = two words # why\nC='$A #x'\nD=\"q\" # c\nE=\nF=a=b#c\n"

    assert parse_env_file(text) == {"A": "1", "B": "two words", "C": "$A #x", "D": "q", "E": "", "F": "a=b#c"}


@pytest.mark.parametrize("line", ["no equals sign", "1A=x", "A-B=x", "A='open", 'A="x" y'])
def test_a_bad_line_of_hearth_env_is_named_by_number_only(tmp_path: Path, line: str) -> None:
    """T16: the line may hold a key, so the message gives its number and not its text."""
    found = paths(tmp_path, 'mode = "lan"')
    found.env_file.write_text(f"OK=1\n{line}\n")
    found.env_file.chmod(0o600)

    said = refusal(found)

    assert said == f'{found.env_file}:2: is no NAME=value. Write NAME=value on a line of its own, or begin it with "#".'


@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,9}", fullmatch=True), st.text("abc =#'\"$\\", max_size=12)))
def test_hearth_env_reads_back_what_was_quoted(variables: dict[str, str]) -> None:
    """Any value without the quote that surrounds it comes back as it was."""
    kept = {name: value.replace('"', "") for name, value in variables.items()}

    assert parse_env_file("\n".join(f'{name}="{value}"' for name, value in kept.items())) == kept


@given(st.text(max_size=60))
def test_any_hearth_env_is_read_or_refused(text: str) -> None:
    """No text breaks the reader."""
    number = None
    try:
        parse_env_file(text)
    except BadLine as bad:
        number = bad.number

    assert number is None or 1 <= number <= len(text.splitlines())

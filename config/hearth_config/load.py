"""Files and environment in, Settings out, or one ConfigError that names file, line, key, reason and the next step."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Final

from msgspec import Struct, structs

from hearth_config import checks, notes, presets
from hearth_config.errors import ConfigError, Path, Problem, dotted, located
from hearth_config.files import FileText, check_folder, read_private
from hearth_config.lines import find_line
from hearth_config.paths import Paths
from hearth_config.settings import Settings
from hearth_config.shape import build
from hearth_config.variables import BadLine, Variables, parse_env_file

_SHELL: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_TOML_LINE: Final = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)", re.ASCII)


class Loaded(Struct, frozen=True):
    """A configuration that is whole and good."""

    settings: Settings
    warnings: tuple[str, ...]  # whole sentences that name file, line and key
    path: FilePath
    fingerprint: str  # equal for equal contents of hearth.toml and hearth.env; not to be shown
    inactive: tuple[str, ...]  # keys set by the user that nothing heeds yet
    blank: bool  # there was no file, or nothing in it: all defaults
    variables: Variables  # where "env:" references look: pass it to secrets.resolve

    @property
    def base_dir(self) -> FilePath:
        """The folder that "file:" references and `ca` start from."""
        return self.path.parent

    def __repr__(self) -> str:
        return f"Loaded(path={str(self.path)!r}, warnings={self.warnings!r}, inactive={self.inactive!r})"

    __str__ = __repr__


def load(paths: Paths, environ: Mapping[str, str], *, allow_missing: bool = False) -> Loaded:
    """Read hearth.toml and hearth.env. Raise ConfigError if they cannot be used.

    `allow_missing` (at start): a missing or blank file means the defaults; at a reload it is a bad edit.
    """
    check_folder(paths.config_file)
    config = read_private(paths.config_file)
    text = config.text if config else ""
    if not allow_missing and not text.strip():
        reason = "is empty" if config else "does not exist"
        step = "Write it again; until then the last good settings stay in force"
        raise ConfigError(str(paths.config_file), None, None, reason, step)
    env = read_private(paths.env_file, holds_keys=True)
    variables = Variables(environ, _env(paths.env_file, env))
    loaded = load_text(text, paths.config_file, variables)
    rights = tuple(warning for file in (config, env) if file for warning in file.warnings)
    return structs.replace(loaded, warnings=rights + loaded.warnings, fingerprint=_fingerprint(config, env))


def load_text(text: str, path: FilePath, variables: Variables) -> Loaded:
    """Check a configuration that is already in memory; `path` names it in messages and is the base of its files."""
    raw = _parse(text, str(path))
    try:
        _refuse_shell_spelling(raw)
        settings = _settings(raw)
        checks.check(settings)
        _check_files(settings, path.parent)
    except Problem as problem:
        raise _located(problem, raw, text, str(path)) from None
    warnings = tuple(_sentence(note, raw, text, str(path)) for note in notes.warnings(settings))
    return Loaded(settings, warnings, path, _digest(text), notes.inactive(settings), not text.strip(), variables)


def _parse(text: str, file: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(file, None, None, "is nested too deeply", "Write it flatter") from None
    except ValueError as error:
        place = _TOML_LINE.search(str(error))
        line = int(place[1]) if place and place[1] else len(text.splitlines()) or 1
        reason = _TOML_LINE.sub("", str(error))
        step = 'Correct that line; texts stand in "quotes", and each key once'
        raise ConfigError(file, line, None, f"is not valid TOML: {reason}", step) from None


def _settings(raw: dict[str, object]) -> Settings:
    common = {key: value for key, value in raw.items() if key != "providers"}
    settings = build(Settings, common)
    tables = raw.get("providers", {})
    if not isinstance(tables, dict):
        raise Problem(("providers",), "is not a table", "Write providers as [providers.NAME]")
    tables = tables or {"ollama": {"preset": "ollama"}}
    providers = {name: presets.build_provider(name, table, common) for name, table in tables.items()}
    return structs.replace(settings, providers=providers)


def _refuse_shell_spelling(raw: dict[str, object]) -> None:
    for path, text in _strings(raw, ()):
        if found := _SHELL.search(text):
            spelling = f'"env:{found[1]}"'
            raise Problem(
                path,
                f"${{{found[1]}}} is not expanded here",
                f"Write {spelling} for a key, a token or a header; write any other value out",
            )


def _strings(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _strings(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))


def _check_files(settings: Settings, base: FilePath) -> None:
    for name, provider in settings.providers.items():
        for option in ("ca", "credentials"):
            written = getattr(provider, option)
            if written and not (base / FilePath(written).expanduser()).is_file():
                raise Problem(("providers", name, option), "there is no such file", "Correct the path")


def _located(problem: Problem, raw: dict[str, object], text: str, file: str) -> ConfigError:
    path = _as_written(problem.path, raw)
    return ConfigError(file, find_line(text, path), dotted(path) or None, problem.reason, problem.next_step)


def _sentence(note: notes.Note, raw: dict[str, object], text: str, file: str) -> str:
    path = _as_written(note[0], raw)
    return f"{located(file, find_line(text, path), dotted(path))}{note[1]}."


def _as_written(path: Path, raw: dict[str, object]) -> Path:
    """`key = "…"` is read as a list of one key; in a message it has the name that the user wrote."""
    if path[:1] == ("providers",) and path[2:] == ("keys", 0, "value"):
        providers = raw.get("providers")
        table = providers.get(path[1]) if isinstance(providers, dict) else None
        if isinstance(table, dict) and "key" in table:
            return (*path[:2], "key")
    return path


def _env(path: FilePath, file: FileText | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        return parse_env_file(file.text)
    except BadLine as bad:
        step = 'Write NAME=value on a line of its own, or begin it with "#"'
        raise ConfigError(str(path), bad.number, None, "is no NAME=value", step) from None


def _fingerprint(*files: FileText | None) -> str:
    return _digest("\0".join("-" if file is None else f"+{file.text}" for file in files))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

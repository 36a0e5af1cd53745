"""Files and environment in, Settings out, or one ConfigError that names file, line, key, reason and the next step."""

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, Final

from msgspec import Struct, structs

from hearth_config import checks, notes
from hearth_config.errors import ConfigError, Path, Problem, dotted, located
from hearth_config.files import FileText, at_home, check_folder, is_there, read_private
from hearth_config.layers import build_provider
from hearth_config.lines import find_line
from hearth_config.own_presets import OwnPreset, OwnPresets
from hearth_config.paths import Paths
from hearth_config.secrets import Secret, SecretError, resolve
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
    blank: bool  # there was no file, or nothing in it: all defaults
    variables: Variables  # where "env:" references look
    presets: dict[str, OwnPreset] = {}  # the user's own presets in use, by the name they are asked for

    @property
    def base_dir(self) -> FilePath:
        """The folder that "file:" references and `ca` start from."""
        return self.path.parent

    def secret(self, reference: str) -> Secret:
        """The key that a reference of this configuration names, fetched now; may block (`secrets.resolve`).

        Raise SecretError if there is no such key.
        """
        if self.settings.sealed and reference.startswith("keyring:"):
            step = "Use env: or file: for it"
            raise SecretError(reference, "a sealed Hearth cannot ask the keyring, which answers on D-Bus", step)
        return resolve(reference, self.variables, self.base_dir)

    def __repr__(self) -> str:
        return f"Loaded(path={str(self.path)!r}, warnings={self.warnings!r})"

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
        step = "Write it again"
        raise ConfigError(str(paths.config_file), None, None, reason, step)
    env = read_private(paths.env_file, holds_keys=True)
    variables = Variables(environ, _env(paths.env_file, env))
    loaded = load_text(text, paths.config_file, variables)
    own = loaded.presets.values()
    rights = tuple(warning for file in (config, env, *own) if file for warning in file.warnings)
    return structs.replace(loaded, warnings=rights + loaded.warnings, fingerprint=_fingerprint(config, env, *own))


def load_text(text: str, path: FilePath, variables: Variables) -> Loaded:
    """Check a configuration that is already in memory; `path` names it in messages and is the base of its files."""
    raw = _parse(text, str(path))
    own = OwnPresets(path.parent)
    source = _Source(str(path), text, raw, own)
    try:
        _refuse_shell_spelling(raw)
        settings = _settings(raw, own)
        checks.check(settings)
        _check_files(settings, path.parent)
    except Problem as problem:
        raise _located(problem, source) from None
    warnings = tuple(_sentence(note, source) for note in notes.warnings(settings))
    return Loaded(settings, warnings, path, _digest(text), not text.strip(), variables, own.read)


class _Source(Struct, frozen=True):
    """What was written, and where: hearth.toml and the presets it names."""

    file: str
    text: str
    raw: dict[str, object]
    own: OwnPresets

    def find(self, path: Path) -> tuple[str, int | None, Path]:
        """The file in which a setting stands, its line, and its path there: the user's own preset where it is from."""
        path = _as_written(path, self.raw)
        preset = self._preset(path)
        if preset is not None and not _stands(path, self.raw) and _stands(path[2:], preset.table):
            return str(preset.path), find_line(preset.text, path[2:]), path[2:]
        return self.file, find_line(self.text, path), path

    def _preset(self, path: Path) -> OwnPreset | None:
        if path[:1] != ("providers",) or len(path) < 3:
            return None
        providers = self.raw.get("providers")
        table = providers.get(str(path[1])) if isinstance(providers, dict) else None
        name = table.get("preset", path[1]) if isinstance(table, dict) else None
        return self.own.read.get(str(name))


def _stands(path: Path, tree: Any) -> bool:  # noqa: ANN401 -- any TOML
    for part in path:
        in_list = isinstance(tree, list) and isinstance(part, int) and part < len(tree)
        if not in_list and not (isinstance(tree, dict) and part in tree):
            return False
        tree = tree[part]
    return True


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


def _settings(raw: dict[str, object], own: OwnPresets) -> Settings:
    common = {key: value for key, value in raw.items() if key != "providers"}
    settings = build(Settings, common)
    tables = raw.get("providers", {})
    if not isinstance(tables, dict):
        raise Problem(("providers",), "is not a table", "Write providers as [providers.NAME]")
    tables = tables or {"ollama": {"preset": "ollama"}}
    providers = {name: build_provider(name, table, common, own) for name, table in tables.items()}
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
            if written and not is_there(base / at_home(written), FilePath.is_file):
                raise Problem(("providers", name, option), "there is no such file", "Correct the path")


def _located(problem: Problem, source: _Source) -> ConfigError:
    file, line, path = source.find(problem.path)
    return ConfigError(file, line, dotted(path) or None, problem.reason, problem.next_step)


def _sentence(note: notes.Note, source: _Source) -> str:
    file, line, path = source.find(note[0])
    return f"{located(file, line, dotted(path))}{note[1]}."


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


def _fingerprint(*files: FileText | OwnPreset | None) -> str:
    return _digest("\0".join("-" if file is None else f"+{file.text}" for file in files))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

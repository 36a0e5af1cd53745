"""Where Hearth's files live: the folders of the system, or one folder for everything (`--home`, HEARTH_HOME)."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from platformdirs import PlatformDirs


class Paths(Struct, frozen=True):
    """Every file of one Hearth; nothing is created by looking."""

    config_file: Path
    env_file: Path
    data_dir: Path
    database: Path
    state_dir: Path
    state_file: Path
    token_file: Path
    socket: Path
    lock_file: Path
    log_file: Path
    answers_file: Path
    answers_key: Path
    bodies_file: Path

    @staticmethod
    def find(home: str | None, environ: Mapping[str, str]) -> "Paths":
        """The files under `home`, else under HEARTH_HOME, else in the folders of the system (XDG and its kin).

        Never below the working directory unless `home` says so (T13): HEARTH_HOME must be absolute, else ValueError.
        """
        if home:
            return _in_one_folder(Path(home).expanduser().absolute())
        if variable := environ.get("HEARTH_HOME"):
            if not Path(variable).is_absolute():
                raise ValueError("HEARTH_HOME is not an absolute path. Write the whole path, beginning with /.")
            return _in_one_folder(Path(variable))
        return _in_system_folders(PlatformDirs("hearth", appauthor=False), environ)


def _in_one_folder(home: Path) -> Paths:
    return Paths(
        config_file=home / "hearth.toml",
        env_file=home / "hearth.env",
        data_dir=home,
        database=home / "usage.db",
        state_dir=home,
        state_file=home / "state.json",
        token_file=home / "token",
        socket=home / "hearth.sock",
        lock_file=home / "hearth.lock",
        log_file=home / "hearth.log",
        answers_file=home / "answers.db",
        answers_key=home / "answers.key",
        bodies_file=home / "bodies.db",
    )


def _in_system_folders(dirs: PlatformDirs, environ: Mapping[str, str]) -> Paths:
    runtime = _runtime_folder(dirs, environ)
    return Paths(
        config_file=dirs.user_config_path / "hearth.toml",
        env_file=dirs.user_config_path / "hearth.env",
        data_dir=dirs.user_data_path,
        database=dirs.user_data_path / "usage.db",
        state_dir=dirs.user_state_path,
        state_file=dirs.user_state_path / "state.json",
        token_file=dirs.user_state_path / "token",
        socket=runtime / "hearth.sock",
        lock_file=runtime / "hearth.lock",
        log_file=dirs.user_log_path / "hearth.log",
        answers_file=dirs.user_cache_path / "answers.db",
        answers_key=dirs.user_state_path / "answers.key",
        bodies_file=dirs.user_data_path / "bodies.db",
    )


def _runtime_folder(dirs: PlatformDirs, environ: Mapping[str, str]) -> Path:
    """Where socket and lock belong; without a runtime folder of the user's own, their state folder.

    Never a folder in /tmp, where another user could be first.
    """
    if sys.platform in {"darwin", "win32"}:
        return dirs.user_runtime_path
    for folder in (environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"):
        if folder.startswith("/") and Path(folder).is_dir() and os.access(folder, os.W_OK):
            return Path(folder) / "hearth"
    return dirs.user_state_path / "run"

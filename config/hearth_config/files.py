"""The user's own files: read unless somebody else could have written them (design §9, T13), replaced as a whole."""

import contextlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from hearth_config.errors import ConfigError

_MAX_BYTES: Final = 1_000_000


class FileText(Struct, frozen=True):
    """What stood in a file, and what is doubtful about its rights."""

    text: str
    warnings: tuple[str, ...] = ()


def read_private(path: Path, *, holds_keys: bool = False) -> FileText | None:
    """Read a UTF-8 file; None if there is none. Raise ConfigError if it may not be trusted or cannot be read."""
    name = str(path)
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            info = os.fstat(file.fileno())
            warnings = check_rights(name, info, os.getuid(), holds_keys=holds_keys) if hasattr(os, "getuid") else ()
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        step = "Make it a file that you may read"
        raise ConfigError(name, None, None, f"cannot be read ({error.strerror})", step) from None
    if len(raw) > _MAX_BYTES:
        raise ConfigError(name, None, None, "is larger than 1 MB", "Write settings only into it")
    try:
        return FileText(raw.decode("utf-8-sig"), warnings)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(name, line, None, "is not UTF-8 text", "Save it as UTF-8") from None


def replace_private(path: Path, content: bytes) -> None:
    """Write a file that only the user may read, its folder too; after a crash it is the old one or the new one.

    Waits for the disk. Raise OSError where it cannot be written; then the old one is as it was.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def check_folder(path: Path) -> None:
    """Raise ConfigError if everybody may replace the file: a folder open to all without the sticky bit (T13)."""
    folder = path.resolve().parent
    if os.name == "nt" or not folder.exists():
        return
    mode = folder.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        reason = "lies in a folder that everybody may write to"
        raise ConfigError(str(path), None, None, reason, f"Run: chmod o-w '{folder}'")


def check_rights(name: str, info: os.stat_result, uid: int, *, holds_keys: bool) -> tuple[str, ...]:
    """Warnings about the owner and mode in `info`; ConfigError where another user could decide what stands there."""
    if not stat.S_ISREG(info.st_mode):
        raise ConfigError(name, None, None, "is no regular file", "Replace it by a file")
    if info.st_uid not in {uid, 0}:
        step = "Take it over (chown), or write your own"
        raise ConfigError(name, None, None, f"belongs to another user (uid {info.st_uid})", step)
    if info.st_mode & stat.S_IWOTH:
        raise ConfigError(name, None, None, "may be written by everybody", f"Run: chmod o-w '{name}'")
    warnings = []
    if info.st_mode & stat.S_IWGRP:
        warnings.append(f"{name}: may be written by its group. Run: chmod g-w '{name}'.")
    if holds_keys and info.st_mode & (stat.S_IRGRP | stat.S_IROTH):
        warnings.append(f"{name}: holds keys and may be read by others. Run: chmod 600 '{name}'.")
    return tuple(warnings)


def _sync_folder(folder: Path) -> None:
    """Make the new name last; only POSIX knows how to."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def at_home(name: str) -> Path:
    """The path that a user wrote, "~" followed; one of a user who is not there stays as it is written."""
    path = Path(name)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def is_there(path: Path, look: Callable[[Path], bool] = Path.exists) -> bool:
    """Whether there is such a file; there is none of a name that no file can have."""
    try:
        return look(path)
    except (OSError, ValueError):
        return False


def _without_waiting(name: str, flags: int) -> int:
    """Open at once even a pipe, which would otherwise wait for a writer."""
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))

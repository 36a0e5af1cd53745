"""The stream of edits, good and bad: watches the folders on the way to hearth.toml and hearth.env."""

import asyncio
import contextlib
import math
import platform
import threading
import time
from collections.abc import AsyncGenerator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watchfiles import Change
from watchfiles._rust_notify import RustNotify  # documented, in spite of its name ("Rust backend direct usage")

from hearth_config.errors import ConfigError
from hearth_config.files import read_private
from hearth_config.load import Loaded, load
from hearth_config.own_presets import named_files
from hearth_config.paths import Paths
from hearth_config.trail import Trail, find_trail

STEP_MS = 400  # how often the watcher's thread looks for events while idle: 2.5 wake-ups a second
SETTLE_S = 0.2  # a file younger than this may be half-written; a bad one is read again after as long
UNNAMEABLE_S = 1.0  # how often files are read that lie where nothing can be watched
_LOOKS = 5
_QUIET_MS = 60_000
_TOGETHER_MS = 1_600
_POLL_MS = 300

Outcome = Loaded | ConfigError


async def watch(paths: Paths, environ: Mapping[str, str], current: Loaded) -> AsyncGenerator[Outcome, None]:
    """Yield each new state of the configuration at most a second after it was saved, until closed.

    `current` is what is in force. A good edit comes as Loaded and counts as in force from then on; a bad one comes
    as ConfigError, once. An edit that changes nothing comes not at all, save to take back an error.
    """
    reader = _Reader(paths, environ, current)
    while True:
        trail = find_trail(_files(paths))
        async with contextlib.aclosing(_events(trail)) as events:
            async for _ in events:
                outcome = await reader.read()
                if outcome is not None:
                    yield outcome
                if find_trail(_files(paths)) != trail:
                    break


def _files(paths: Paths) -> tuple[Path, ...]:
    """The files that say what holds: hearth.toml, hearth.env, and the user's own presets that it names."""
    try:
        config = read_private(paths.config_file)
    except ConfigError:
        config = None
    named = named_files(config.text, paths.config_file.parent) if config else ()
    return (paths.config_file, paths.env_file, *named)


async def _events(trail: Trail) -> AsyncGenerator[None, None]:
    """One event once the watch is armed, for what happened before; then one whenever something on the trail changes.

    Ends when a watched folder itself was replaced, so that it can be watched anew.
    """
    try:
        notices = _notices_of(trail)
    except FileNotFoundError:
        await asyncio.sleep(SETTLE_S)  # a folder went while it was to be watched
        return
    except UnicodeEncodeError:  # watchfiles takes no name that is not UTF-8: look ourselves
        yield
        await asyncio.sleep(UNNAMEABLE_S)
        return
    try:
        yield
        while True:
            batch = [(kind, path) for kind, path in await notices.next() if trail.concerns(path)]
            if batch:
                yield
            if any(kind == Change.deleted and path in trail.folder_paths for kind, path in batch):
                return
    finally:
        await notices.close()


def _must_poll() -> bool:
    """Whether events are known to stay away: in WSL, for folders that are Windows' own (watchfiles' own rule)."""
    return "microsoft-standard" in platform.release().lower()


class _Notices:
    """What the system says of changes in some folders. watchfiles' own `awatch` would bring anyio in: 1.5 MB."""

    def __init__(self, folders: list[str], *, polling: bool) -> None:
        """Watch from now on. Raises FileNotFoundError, or another OSError where nothing can be watched."""
        self._notify = RustNotify(folders, False, polling, _POLL_MS, False, False)
        self._thread = ThreadPoolExecutor(1, "watch")
        self._stop = threading.Event()
        self._coming: asyncio.Future[set[tuple[int, str]] | str] | None = None

    async def next(self) -> set[tuple[int, str]]:
        """Wait for the next changes: their kinds (`Change`) and paths."""
        loop = asyncio.get_running_loop()
        while True:
            self._coming = loop.run_in_executor(
                self._thread, self._notify.watch, _TOGETHER_MS, STEP_MS, _QUIET_MS, self._stop
            )
            found = await asyncio.shield(self._coming)
            if isinstance(found, set):
                return found

    async def close(self) -> None:
        """Watch no more; takes as long as one look."""
        self._stop.set()
        if self._coming is not None:
            await asyncio.wait({self._coming})
        self._notify.close()
        self._thread.shutdown(wait=False)


def _notices_of(trail: Trail) -> _Notices:
    """Watch a trail's folders; where the system has no watches left, by looking again and again.

    Raises FileNotFoundError for a folder that is gone, UnicodeEncodeError for one that cannot be named.
    """
    if not _must_poll():
        try:
            return _Notices(trail.folder_paths, polling=False)
        except FileNotFoundError:
            raise
        except OSError:
            pass  # no watches left
    return _Notices(trail.folder_paths, polling=True)


def _age(path: Path) -> float:
    """Seconds since a file was last written to; far more than enough if it is not there."""
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return math.inf


class _Reader:
    """Reads the files when they have come to rest, and knows what was last told."""

    def __init__(self, paths: Paths, environ: Mapping[str, str], current: Loaded) -> None:
        self._paths = paths
        self._environ = environ
        self._good = current
        self._error: str | None = None

    async def read(self) -> Outcome | None:
        """What is new, or None."""
        await self._rest()
        outcome = await asyncio.to_thread(self._load)
        if isinstance(outcome, ConfigError):
            await asyncio.sleep(SETTLE_S)
            await self._rest()
            outcome = await asyncio.to_thread(self._load)
        return self._new(outcome)

    def _new(self, outcome: Outcome) -> Outcome | None:
        """The outcome, unless it is what was last told; it counts as told from now on."""
        if isinstance(outcome, ConfigError):
            known = str(outcome) == self._error
            self._error = str(outcome)
        else:
            known = self._error is None and outcome.fingerprint == self._good.fingerprint
            self._error, self._good = None, outcome
        return None if known else outcome

    def _load(self) -> Outcome:
        try:
            return load(self._paths, self._environ, allow_missing=self._good.blank)
        except ConfigError as error:
            return error

    async def _rest(self) -> None:
        """Wait until no file was written to for SETTLE_S, but not for ever."""
        for _ in range(_LOOKS):
            youngest = min(map(_age, _files(self._paths)))
            if not 0 <= youngest < SETTLE_S:
                return
            await asyncio.sleep(SETTLE_S - youngest)

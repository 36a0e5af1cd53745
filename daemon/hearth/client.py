"""The control API as a small sync client over Hearth's own socket: all that commands and tray know of the daemon."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Raw, Struct

from hearth.record import CallRecord
from hearth.status import ModelsStatus, PullStatus, Status, UsageReport
from hearth.status_cache import CacheStatus, Cleared
from hearth.status_keys import KeyTrial, KeyTrials, ProviderKeys
from hearth.told import DefaultModel, Happening, Link, ModeState, Told
from hearth_config.locks import held

if TYPE_CHECKING:
    import httpx

    from hearth_config.paths import Paths

T = TypeVar("T")
ANSWER_S = 30.0
TRIAL_S = 60.0
_V1 = "/hearth/v1"
_JSON = {"Content-Type": "application/json"}


class ClientError(Exception):
    """What was asked was not done."""


class DaemonAway(ClientError):
    """Hearth is not running."""


class Refused(ClientError):
    """The daemon says no. `kind` is the problem's word, `message` and `next_step` are sentences for people."""

    def __init__(self, kind: str, message: str, next_step: str = "") -> None:
        super().__init__(f"{message} {next_step}".rstrip())
        self.kind, self.message, self.next_step = kind, message, next_step


class _Said(Struct):
    kind: str = "failed"
    message: str = ""
    who: str = "hearth"
    next_step: str = ""


class Client:
    """One daemon's control API. Methods raise `DaemonAway` and `Refused`; use it in a `with`."""

    def __init__(self, paths: Paths, environ: Mapping[str, str] = os.environ) -> None:
        """Look for the daemon of these folders; nothing is dialled yet. Raises `DaemonAway` when none can be there."""
        import httpx

        socket_path, url, token = _find_door(paths, environ)
        self._http = httpx.Client(
            base_url=url,
            transport=httpx.HTTPTransport(uds=socket_path, trust_env=False, verify=False),  # http only: no certificates
            headers={"Authorization": f"Bearer {token}"} if token else None,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def status(self) -> Status:
        """Return the whole daemon at this moment."""
        return self._ask("GET", "status", Status)

    def models(self, *, abilities: bool = False) -> ModelsStatus:
        """Return everything that may be asked for; with `abilities`, what each model can do too."""
        return self._ask("GET", "models?abilities=1" if abilities else "models", ModelsStatus)

    def pull(self, model: str) -> Iterator[PullStatus]:
        """Fetch a model; yields progress until it is there. Leaving does not end the pull."""
        for line in self._lines("POST", "models/pull", {"model": model}):
            if line.startswith('{"error"'):
                raise _refusal(line.encode())
            yield msgspec.json.decode(line, type=PullStatus)

    def load(self, model: str) -> str:
        """Load a model; returns its target's name once it is loaded, however long that takes."""
        return self._ask("POST", "models/load", dict[str, str], {"model": model}, timeout=None)["loaded"]

    def unload(self, model: str) -> str:
        """Give a model's memory back; returns its target's name."""
        return self._ask("POST", "models/unload", dict[str, str], {"model": model})["unloaded"]

    def remove(self, model: str) -> str:
        """Delete an installed model; returns its target's name."""
        return self._ask("DELETE", f"models/{quote(model)}", dict[str, str])["removed"]

    def mode(self) -> ModeState:
        """Return the mode that holds."""
        return self._ask("GET", "mode", ModeState)

    def set_mode(self, mode: str | None) -> ModeState:
        """Tighten the mode, or with None leave it to the file."""
        return self._ask("PUT", "mode", ModeState, {"mode": mode})

    def stop_leaving(self) -> ModeState:
        """Throw the kill switch: all that leaves this machine ends now, and stays off until `lift_stop`."""
        return self._ask("POST", "kill-switch", ModeState)

    def lift_stop(self) -> ModeState:
        """Lift the kill switch; the mode is what it was before."""
        return self._ask("DELETE", "kill-switch", ModeState)

    def ui_link(self) -> Link:
        """Return a link that signs one browser in to the dashboard."""
        return self._ask("POST", "ui/link", Link)

    def default_model(self) -> DefaultModel:
        """Return what a client gets that names no model."""
        return self._ask("GET", "default-model", DefaultModel)

    def use(self, model: str | None) -> DefaultModel:
        """Choose the default model, or with None leave it to the file."""
        return self._ask("PUT", "default-model", DefaultModel, {"model": model})

    def explain(self, model: str, task: str = "chat", mode: str | None = None) -> Raw:
        """Return what would happen to a request for `model` now: an Explanation as JSON."""
        return self._ask("POST", "explain", Raw, {"model": model, "task": task, "mode": mode})

    def call(self, call_id: str, *, bodies: bool = False) -> Told:
        """Return one call by its id; "last" is the newest. With `bodies`, also what was said, where that was kept."""
        return self._ask("GET", f"calls/{quote(call_id)}{'?bodies=1' if bodies else ''}", Told)

    def calls(self, limit: int = 20, **filters: str | float | None) -> tuple[CallRecord, ...]:
        """Return the newest calls, newest first; `filters` are those of `GET calls`, None leaving one out."""
        return self.calls_so_far(limit, **filters)[0]

    def calls_so_far(self, limit: int, **filters: str | float | None) -> tuple[tuple[CallRecord, ...], bool]:
        """Return what `calls` does, and whether some have ended that the disk has not taken yet."""
        query = urlencode({"limit": limit} | {name: value for name, value in filters.items() if value is not None})
        with self.stream("GET", f"{_V1}/calls?{query}", wait=ANSWER_S) as response:
            content, behind = response.read(), response.headers.get("x-hearth-log") == "behind"
        return _decoded("calls", content, tuple[CallRecord, ...]), behind

    def cancel(self, call_id: str) -> None:
        """End a call in flight."""
        self._ask("POST", f"calls/{quote(call_id)}/cancel", Raw)

    def usage(self, by: str = "model", since: float | None = None, until: float | None = None) -> UsageReport:
        """Return sums by model, provider, key, app, place or day; times are time.time()."""
        query = urlencode({"by": by, "since": since or "", "until": until or ""})
        return self._ask("GET", f"usage?{query}", UsageReport)

    def purge(self, *, only_bodies: bool = False) -> int:
        """Empty the usage log, and delete what was said, or only that; returns of how many calls."""
        return self._ask("DELETE", "usage?only=bodies" if only_bodies else "usage", dict[str, int])["purged"]

    def cache(self) -> CacheStatus:
        """Return what the answer cache holds and has saved."""
        return self._ask("GET", "cache", CacheStatus)

    def clear_cache(self) -> Cleared:
        """Delete every answer that is kept; returns what there was."""
        return self._ask("DELETE", "cache", Cleared)

    def events(self, listening: Callable[[], None] = lambda: None) -> Iterator[Happening]:
        """Yield what happens from now on; `listening` is called when nothing is missed any more."""
        for line in self._lines("GET", "events"):
            if line.startswith(":"):
                listening()
            if line.startswith("data: "):
                yield msgspec.json.decode(line.removeprefix("data: "), type=Happening)

    def addresses(self) -> dict[str, Any]:
        """Return where Hearth is "listening", and every address "contacted" since start."""
        return self._ask("GET", "addresses", dict[str, Any])

    def reload(self) -> str:
        """Have the config read again now; returns its path. A bad one is refused and changes nothing."""
        return self._ask("POST", "reload", dict[str, str])["reloaded"]

    def stop(self) -> None:
        """Ask the daemon to finish the calls in flight and end; returns at once."""
        self._ask("POST", "stop", Raw)

    def config(self) -> dict[str, Any]:
        """Return the "path" of the config and the "settings" in force, keys left as references."""
        return self._ask("GET", "config", dict[str, Any])

    def keys(self) -> tuple[ProviderKeys, ...]:
        """Return the state of every key by its id, for each provider that has any."""
        return self._ask("GET", "keys", tuple[ProviderKeys, ...])

    def try_keys(self, provider: str = "", key_id: str = "") -> tuple[KeyTrial, ...]:
        """Have keys shown to their providers: all, those of one provider, or one."""
        order = {"provider": provider, "id": key_id}
        return self._ask("POST", "keys/test", KeyTrials, order, timeout=TRIAL_S).keys

    @contextmanager
    def stream(
        self, method: str, path: str, body: object = None, wait: float | None = None
    ) -> Iterator[httpx.Response]:
        """Open the reply of any route, to be read as it comes; waits for ever, or `wait` seconds for each piece."""
        content = None if body is None else msgspec.json.encode(body)
        opened = self._http.stream(method, path, content=content, headers=_JSON, timeout=wait)
        with _border(), opened as response:
            if response.is_error:
                raise _refusal(response.read(), response.status_code)
            yield response

    def _lines(self, method: str, route: str, body: object = None) -> Iterator[str]:
        with self.stream(method, f"{_V1}/{route}", body) as response:
            yield from (line for line in response.iter_lines() if line)

    def _ask(self, method: str, route: str, kind: type[T], body: object = None, timeout: float | None = ANSWER_S) -> T:
        with self.stream(method, f"{_V1}/{route}", body, timeout) as response:
            content = response.read()
        return _decoded(route, content, kind)


def _decoded(route: str, content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        raise Refused("version", f"This command cannot read {route} ({error}).", "Run `hearth restart`.") from None


def _find_door(paths: Paths, environ: Mapping[str, str]) -> tuple[str | None, str, str]:
    """Return the daemon's socket, its URL and a token; without Unix sockets it is TCP with the admin token.

    The port is asked only while our daemon holds the lock, since a stranger there would be shown the token. Raises
    `DaemonAway`, or `Refused` for a socket that somebody else has put there (T27).
    """
    if _is_ours(paths.socket):
        return str(paths.socket), "http://hearth", ""
    from hearth_config.errors import ConfigError
    from hearth_config.load import load

    try:
        listen = load(paths, environ, allow_missing=True).settings.listen
    except ConfigError:
        raise DaemonAway from None
    if listen.socket not in ("auto", "off") and _is_ours(Path(listen.socket)):
        return listen.socket, "http://hearth", ""
    no_sockets = listen.socket == "off" or not hasattr(socket, "AF_UNIX")
    if no_sockets and not isinstance(listen.tcp, str) and held(paths.lock_file):
        return None, f"http://{listen.tcp}", _admin_token(paths.token_file)
    raise DaemonAway


def _is_ours(path: Path) -> bool:
    try:
        found = path.lstat()
    except OSError:
        return False
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise Refused("foreign_socket", f"{path} belongs to another user.", "Remove it, or use another --home.")
    return stat.S_ISSOCK(found.st_mode)


def _admin_token(path: Path) -> str:
    try:
        lines = path.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise DaemonAway from None
    return next((line[6:] for line in lines if line.startswith("admin ")), "")


def _refusal(body: bytes, status: int = 0) -> Refused:
    try:
        said = msgspec.json.decode(body, type=dict[str, _Said])["error"]
    except (msgspec.DecodeError, KeyError):
        return Refused("failed", f"Hearth answered {status}.", "Its log says more.")
    message = said.message if said.who == "hearth" else f"{said.who}: {said.message}"
    return Refused(said.kind, message, said.next_step)


@contextmanager
def _border() -> Iterator[None]:
    """Turn what httpx raises into our own errors."""
    import httpx

    try:
        yield
    except httpx.TimeoutException:
        raise Refused("timed_out", "Hearth did not answer in time.", "Look at its log.") from None
    except httpx.ConnectError:
        raise DaemonAway from None
    except httpx.TransportError:
        raise Refused("broken", "The connection to Hearth broke off.", "Look at `hearth status`.") from None

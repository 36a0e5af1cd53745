"""From a reference ("env:X", "keyring:X", "file:X", "cmd:…") to the key itself, as late as possible."""

import contextlib
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, Literal, NoReturn

from msgspec import Struct

from hearth_config.files import at_home

Kind = Literal["env", "keyring", "file", "cmd", "literal"]

TOKEN_PREFIX: Final = "hearth_"  # noqa: S105 -- the mark by which callers' tokens are told from the dummies SDKs send
KEYRING_SERVICE: Final = "hearth"
_PREFIXES: Final[dict[str, Kind]] = {"env": "env", "keyring": "keyring", "file": "file", "cmd": "cmd"}
"""What may stand before the colon of a reference; with anything else there, the whole text is the key."""

_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_SHELL_FORM: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", re.ASCII)
_COMMAND_SECONDS: Final = 5.0
_COMMAND_VARIABLES: Final = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "SYSTEMROOT",
)
_MAX_BYTES: Final = 65_536


class Secret:
    """A key that shows itself to nobody who does not ask with `reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The key itself: for a header about to be sent, and for nothing else."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never written out")


class SecretError(Exception):
    """A key cannot be had. `reference` is safe to show; `reason` and `next_step` never hold a part of the key."""

    def __init__(self, reference: str, reason: str, next_step: str) -> None:
        super().__init__(reference, reason, next_step)
        self.reference = reference
        self.reason = reason
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.reference}: {self.reason}. {self.next_step}."


class Reference(Struct, frozen=True):
    """A reference taken apart; of a literal nothing but its kind may be shown."""

    kind: Kind
    rest: str

    def __str__(self) -> str:
        return "a key written in the file" if self.kind == "literal" else f"{self.kind}:{self.rest}"

    __repr__ = __str__


def read_reference(text: str) -> Reference:
    """Take a reference apart; text without prefix is a literal. Raise ValueError if its form is wrong."""
    if shell := _SHELL_FORM.fullmatch(text):
        raise ValueError(f'shell spelling is not read here; write "env:{shell[1]}"')
    if is_literal(text):
        return Reference("literal", text)
    prefix, _, rest = text.partition(":")
    kind, rest = _PREFIXES[prefix], rest.strip()
    if not rest:
        raise ValueError(f'nothing stands after "{kind}:"')
    if kind == "env" and not _ENV_NAME.fullmatch(rest):
        raise ValueError('after "env:" stands the name of a variable: letters, digits and underscores')
    if kind == "cmd":
        _argv(rest)
    return Reference(kind, rest)


def is_literal(text: str) -> bool:
    """Whether a reference is the key itself, as far as its prefix says; its form is not looked at."""
    prefix, colon, _ = text.partition(":")
    return not colon or prefix not in _PREFIXES


def resolve(reference: str, env: Mapping[str, str], base_dir: Path) -> Secret:
    """Fetch the key that `reference` names; may block for up to 5 s (keyring, command): call it in a thread.

    `env` is where "env:" looks (`Loaded.variables`), `base_dir` is the folder that "file:" paths start from.
    Raise SecretError if there is no such key or it may not be used.
    """
    try:
        ref = read_reference(reference)
    except ValueError as error:
        raise SecretError("the key", str(error), "Correct the reference in hearth.toml") from None
    value = _fetched(ref, env, base_dir).strip()
    if not value:
        raise SecretError(str(ref), "the key is empty", "Store the key there, then reload")
    if not value.isascii() or not value.isprintable():
        raise SecretError(str(ref), "the key holds characters that no header can carry", "Store it as one plain line")
    return Secret(value)


def _fetched(ref: Reference, env: Mapping[str, str], base_dir: Path) -> str:
    match ref.kind:
        case "env":
            return _from_env(ref, env)
        case "keyring":
            return _from_keyring(ref)
        case "file":
            return _from_file(ref, base_dir)
        case "cmd":
            return _from_command(ref, env, base_dir)
        case "literal":
            return ref.rest


def _from_env(ref: Reference, env: Mapping[str, str]) -> str:
    if ref.rest not in env:
        step = f"Add a line {ref.rest}=… to hearth.env beside hearth.toml, or export it where Hearth is started"
        raise SecretError(str(ref), "the variable is not set", step)
    return env[ref.rest]


def _from_keyring(ref: Reference) -> str:
    keyring = _keyring(str(ref))
    try:
        value = keyring.get_password(KEYRING_SERVICE, ref.rest)
    except Exception as error:  # noqa: BLE001 - every backend raises its own kinds
        step = "Unlock the keyring, or use env: or file: where there is no desktop session"
        raise SecretError(str(ref), f"the keyring refused ({type(error).__name__})", step) from None
    if value is None:
        raise SecretError(str(ref), "the keyring has no such entry", f"Run: keyring set {KEYRING_SERVICE} {ref.rest}")
    return str(value)


def _from_file(ref: Reference, base_dir: Path) -> str:
    path = base_dir / at_home(ref.rest)
    try:
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise SecretError(str(ref), "it is no regular file", "Name a file that holds only the key")
            if os.name != "nt" and info.st_mode & 0o077:
                raise SecretError(str(ref), "other users may read the file", f"Run: chmod 600 {shlex.quote(str(path))}")
            return _text(file.read(_MAX_BYTES))
    except OSError as error:
        raise SecretError(
            str(ref), f"the file cannot be read ({error.strerror})", "Create it with the key in it"
        ) from None
    except UnicodeDecodeError:
        raise SecretError(str(ref), "the file holds no text", "Name a file that holds only the key") from None
    except ValueError:
        raise SecretError(str(ref), "no file can have such a name", "Correct the path") from None


def _text(raw: bytes) -> str:
    """Text with a byte order mark or without: editors on Windows write one, and PowerShell's ">" writes UTF-16."""
    return raw.decode("utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")


def store(entry: str, value: str) -> None:
    """Put a key into the system's keyring under a name that "keyring:NAME" reads. Raise SecretError if it cannot be."""
    reference = f"keyring:{entry}"
    keyring = _keyring(reference)
    try:
        keyring.set_password(KEYRING_SERVICE, entry, value)
    except Exception as error:  # noqa: BLE001 - every backend raises its own kinds, whose words might quote the key
        reason = f"the keyring did not take it ({type(error).__name__}): there is none here, or it is locked"
        raise SecretError(reference, reason, "Unlock it, or log in at the desktop") from None


def _keyring(reference: str) -> ModuleType:
    """The package keyring, which is not installed with Hearth; raise SecretError without it."""
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]  # an extra, not in every environment
    except ImportError:
        step = f"Install it beside Hearth: {shlex.quote(sys.executable)} -m pip install keyring"
        raise SecretError(reference, "the package keyring is not installed", step) from None
    return keyring


def file_stamp(reference: str, base_dir: Path) -> tuple[int, int, int] | None:
    """What a "file:" reference's file looks like now: another stamp means another key. None for what is no file."""
    kind, _, rest = reference.partition(":")
    if kind != "file":
        return None
    try:
        found = (base_dir / at_home(rest.strip())).stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _from_command(ref: Reference, env: Mapping[str, str], base_dir: Path) -> str:
    """Run the command without a shell and with next to no environment; its first line is the key (T14)."""
    kept = {name: env[name] for name in _COMMAND_VARIABLES if name in env}
    try:
        process = subprocess.Popen(
            _argv(ref.rest),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=kept,
            cwd=base_dir,
            start_new_session=True,
        )
    except OSError as error:
        raise SecretError(str(ref), f"the command cannot be run ({error.strerror})", "Correct its path") from None
    try:
        out, _ = process.communicate(timeout=_COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        _end(process)
        raise SecretError(str(ref), "the command took longer than 5 s", "Run it once by hand to unlock it") from None
    if process.returncode:
        raise SecretError(str(ref), f"the command ended with {process.returncode}", "Run it by hand to see why")
    return out[:_MAX_BYTES].decode(errors="replace").partition("\n")[0]


def _argv(command: str) -> list[str]:
    try:
        argv = shlex.split(command)
    except ValueError:
        raise ValueError('a quotation mark after "cmd:" is not closed') from None
    if not argv:
        raise ValueError('nothing stands after "cmd:"')
    return argv


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()

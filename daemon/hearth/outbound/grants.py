"""What is sent for a token: an assertion signed by a service account, a refresh token, or an id with its secret.

Sources: RFC 6749 §4.4 and §6, RFC 7523 §2.1, Google's "Using OAuth 2.0 for server to server applications", Microsoft's
"OAuth 2.0 client credentials flow". Reads a file and signs: it is called in a thread.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from hearth.problems import KeyRefused

GOOGLE = "https://oauth2.googleapis.com/token"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
ENTRA = "https://login.microsoftonline.com"
ENTRA_SCOPE = "https://cognitiveservices.azure.com/.default"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_VALID_S = 3600
_MAX_BYTES = 65_536


class Grant(Struct, frozen=True):
    """A request for a token: where it goes, its form, and the headers that calls with the token need besides."""

    address: str
    form: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Show where it goes, never what it holds."""
        return f"Grant({self.address!r})"


def prepare(file: Path, who: str, now: float) -> Grant:
    """Return the request that a credentials file stands for. Raises `KeyRefused` for one that cannot be used.

    `now` is time.time(). Known are Google's service accounts and the file of `gcloud auth application-default login`,
    and for Azure an object with tenant_id, client_id and client_secret.
    """
    found = _read(file, who)
    kind = found.get("type")
    if kind == "service_account":
        return _service_account(found, who, int(now))
    if kind == "authorized_user":
        return _user(found, who)
    if "tenant_id" in found:
        return _entra(found, who)
    raise _refused(
        who,
        f"credentials of type {str(kind)[:40]!r} are not known",
        f'Name a service account\'s file, or set providers.{who}.key = "cmd:gcloud auth print-access-token".',
    )


def _read(file: Path, who: str) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return msgspec.json.decode(opened.read(_MAX_BYTES), type=dict[str, Any])
    except OSError as error:
        raise _refused(who, f"the credentials cannot be read: {error.strerror}", _step(who)) from None
    except (msgspec.DecodeError, RecursionError):
        raise _refused(who, "the credentials are no JSON object", _step(who)) from None


def _service_account(found: dict[str, Any], who: str, now: int) -> Grant:
    address = _text(found, "token_uri", who) if "token_uri" in found else GOOGLE
    claims = {
        "iss": _text(found, "client_email", who),
        "scope": GOOGLE_SCOPE,
        "aud": address,
        "iat": now,
        "exp": now + _VALID_S,
    }
    return Grant(address, _form(grant_type=_JWT_BEARER, assertion=_signed(found, claims, who)))


def _signed(found: dict[str, Any], claims: dict[str, object], who: str) -> str:
    """Return the assertion as a signed JWT; google-auth does the signing, and is loaded for the first of them."""
    try:
        crypt, jwt = import_module("google.auth.crypt"), import_module("google.auth.jwt")
    except ImportError:
        step = "Install it: `pip install 'hearthd[google]'`."
        raise _refused(who, "signing for a service account needs google-auth, which is not installed", step) from None
    _text(found, "private_key", who)
    try:
        assertion: bytes = jwt.encode(crypt.RSASigner.from_service_account_info(found), claims)
    except Exception:  # noqa: BLE001 -- whatever it is, it may quote the key, so that nothing of it is told
        raise _refused(who, "the private key in the credentials cannot be used", _step(who)) from None
    return assertion.decode()


def _user(found: dict[str, Any], who: str) -> Grant:
    form = _form(
        grant_type="refresh_token",
        client_id=_text(found, "client_id", who),
        client_secret=_text(found, "client_secret", who),
        refresh_token=_text(found, "refresh_token", who),
    )
    project = found.get("quota_project_id")
    headers = (("x-goog-user-project", project),) if isinstance(project, str) and project else ()
    return Grant(str(found.get("token_uri") or GOOGLE), form, headers)


def _entra(found: dict[str, Any], who: str) -> Grant:
    authority = str(found.get("authority") or ENTRA).rstrip("/")
    form = _form(
        grant_type="client_credentials",
        client_id=_text(found, "client_id", who),
        client_secret=_text(found, "client_secret", who),
        scope=str(found.get("scope") or ENTRA_SCOPE),
    )
    return Grant(f"{authority}/{_text(found, 'tenant_id', who)}/oauth2/v2.0/token", form)


def _form(**fields: str) -> bytes:
    return urlencode(fields).encode()


def _text(found: dict[str, Any], name: str, who: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value:
        raise _refused(who, f"the credentials lack {name}", _step(who))
    return value


def _refused(who: str, what: str, step: str) -> KeyRefused:
    return KeyRefused(f"no token can be had: {what}.", who=who, next_step=step)


def _step(who: str) -> str:
    return f"Check the file of providers.{who}.credentials."

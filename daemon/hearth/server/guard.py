"""Who may call, decided before anything else (design §9; T1-T9).

It looks at Host, Origin, Referer, Sec-Fetch-Site, Content-Type and token.

Pure: it is handed headers and what the kernel said of the peer, and returns who calls or raises.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Literal, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from hearth.problems import BadRequest, Forbidden, Problem, Unauthorized, WrongHost, WrongMediaType
from hearth.senses.callers import Peer
from hearth_config.secrets import TOKEN_PREFIX

Scope = Literal["infer", "admin"]

_CREDENTIALS = ("Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key")
_SOCKET_HOSTS = frozenset({"localhost", "hearth", "127.0.0.1", "[::1]"})
_BROWSER_MARKS = ("Origin", "Referer", "Sec-Fetch-Site")
DECIDING = (
    "Host",
    *_BROWSER_MARKS,
    "Content-Type",
    *_CREDENTIALS,
    "Access-Control-Request-Headers",
    "Access-Control-Request-Private-Network",
)
"""Every header the guard looks at: equal ones are judged equally."""


class Headers(Protocol):
    """A multi-dict of headers whose names have no case."""

    def get(self, key: str, /) -> str | None:
        """Return the first value of that name."""
        ...

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """Return all values of that name."""
        ...


class Door(Struct, frozen=True):
    """The listener a request came in by; `address` is the local one, without brackets, "" for the Unix socket."""

    kind: Literal["unix", "tcp"]
    address: str = ""
    port: int = 0


class Principal(Struct, frozen=True):
    """Who calls, and what for. `local_only` is set where the system cannot tell users apart and no token was shown."""

    scopes: frozenset[Scope]
    token: str = ""
    """The name of the token shown, "" when none was needed."""
    local_only: bool = False


class Rules(Struct, frozen=True):
    """What the config and the token files say; tokens map a secret to its name and scopes."""

    trust: Literal["same-user", "token"] = "same-user"
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    tokens: Mapping[str, tuple[str, frozenset[Scope]]] = {}


INFER: frozenset[Scope] = frozenset({"infer"})
ALL: frozenset[Scope] = frozenset({"infer", "admin"})
_OURS = Principal(INFER)
OWNER = Principal(ALL)
_ANYBODY = Principal(INFER, local_only=True)
NOBODY = Principal(frozenset())
"""Who calls a public route: nobody asked."""


def screen(method: str, headers: Headers, door: Door, rules: Rules) -> None:
    """Keep web pages out, whoever calls. Raises `WrongHost`, `Forbidden`, `WrongMediaType`."""
    check_host(headers, door, rules)
    if any(headers.get(mark) is not None for mark in _BROWSER_MARKS):
        check_browser(method, headers, rules)


def check_host(headers: Headers, door: Door, rules: Rules) -> None:
    """Raise `WrongHost` unless the one Host header is one of ours, with this listener's port (T1, T3)."""
    given = headers.getall("Host", [])
    if len(given) != 1:
        raise WrongHost("One Host header is needed.")
    _check_name(given[0].strip().lower(), door, rules)


def check_target(target: str, door: Door, rules: Rules) -> None:
    """Raise `WrongHost` for a request target that names another server: Hearth is no proxy (T23, F31)."""
    if target == "*":
        return
    try:
        authority = urlsplit(target).netloc
    except ValueError:
        authority = ""
    _check_name(authority.lower(), door, rules)


def _check_name(host: str, door: Door, rules: Rules) -> None:
    if host in rules.hosts or host in _allowed_hosts(door):
        return
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    bare = (name if colon else host).removesuffix(".")
    if port == str(door.port) and bare.strip("[]") in rules.hosts:
        return
    if (f"{bare}:{port}" if colon else bare) in _allowed_hosts(door):
        return
    if door.kind == "unix" and bare in _SOCKET_HOSTS and (not colon or port.isdigit()):
        return
    raise WrongHost(
        f"The Host header {host[:80]!r} is not one of ours.",
        next_step="Add it to hosts under [listen], if it is a name of this machine.",
        code=_shown(host),
    )


_hosts_of: dict[Door, frozenset[str]] = {}


def _allowed_hosts(door: Door) -> frozenset[str]:
    found = _hosts_of.get(door)
    if found is None:
        found = _hosts_of[door] = frozenset(_spell_hosts(door))
    return found


def _spell_hosts(door: Door) -> list[str]:
    if door.kind == "unix":
        return list(_SOCKET_HOSTS)
    names = ["localhost", "127.0.0.1", "[::1]"]
    if door.address.startswith("127."):
        names.append(door.address)
    spelled = [f"{name}:{door.port}" for name in names]
    return spelled + names if door.port == 80 else spelled


def check_browser(method: str, headers: Headers, rules: Rules) -> None:
    """Raise `Forbidden` unless the page that asks is one of ours or was allowed by name, and speaks JSON (T4, T5)."""
    origin = headers.get("Origin")
    host = (headers.get("Host") or "").strip().lower()
    allowed = origin is not None and may_read(origin, host, rules)
    if origin is not None and not allowed:
        raise Forbidden(
            f"The origin {origin[:80]!r} may not use Hearth.",
            next_step="Add it to origins under [listen], exactly as written here, if it is yours.",
            code=_shown(origin),
        )
    referer = headers.get("Referer")
    if referer is not None and not may_read(_origin_of(referer), host, rules):
        raise Forbidden("The page that links here may not use Hearth.", code=_shown(_origin_of(referer)))
    site = headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none") and not allowed:
        raise Forbidden("A request from another site is not answered.", code=f"Sec-Fetch-Site: {_shown(site)}")
    if method in ("POST", "PUT", "PATCH", "DELETE") and not _is_json(headers.get("Content-Type")):
        raise WrongMediaType("A browser must send application/json.")


def may_read(origin: str, host: str, rules: Rules) -> bool:
    """Say whether a page of this origin may talk to us: it is listed, or is our own page."""
    return origin in rules.origins or origin.lower() in (f"http://{host}", f"https://{host}")


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_json(content_type: str | None) -> bool:
    return content_type is not None and content_type.split(";", 1)[0].strip().lower() == "application/json"


def identify(headers: Headers, door: Door, peer: Peer, rules: Rules) -> Principal:
    """Turn all accepted headers into one principal (T7).

    Raises `Unauthorized`, `BadRequest` for two different tokens, `Forbidden`.
    """
    if door.kind == "unix" and peer.user != "ours":
        raise Forbidden("This socket is for its owner only.")
    shown = tokens_shown(headers)
    if len(shown) > 1:
        raise BadRequest("Two different tokens were sent.", next_step="Send one.")
    if shown:
        return _by_token(shown.pop(), rules)
    if door.kind == "unix":
        return OWNER
    if rules.trust == "token" or not _only_from_here(door):
        raise Unauthorized("A token is needed.", next_step="Run `hearth token` and send it as Authorization: Bearer.")
    if peer.user == "other":
        raise Unauthorized("The calling process belongs to another user.", next_step="Send a token of the owner's.")
    return _OURS if peer.user == "ours" else _ANYBODY


def _only_from_here(door: Door) -> bool:
    """Whether only this machine can reach a door; an inherited socket may be wider than the config would allow (T2)."""
    return door.kind == "unix" or door.address.startswith("127.") or door.address == "::1"


def tokens_shown(headers: Headers) -> set[str]:
    """Return the different tokens of ours among the headers; anything else there is a dummy that SDKs demand."""
    values = (headers.get(name) for name in _CREDENTIALS)
    bare = (_without_scheme(value) for value in values if value is not None)
    return {value for value in bare if value.startswith(TOKEN_PREFIX)}


def _without_scheme(value: str) -> str:
    return value[7:].strip() if value[:7].lower() == "bearer " else value.strip()


def _by_token(token: str, rules: Rules) -> Principal:
    given = token.encode("utf-8", "surrogateescape")
    for known, (name, scopes) in rules.tokens.items():
        if hmac.compare_digest(known.encode(), given):
            return Principal(scopes, token=name)
    raise Unauthorized("The token is not known.", next_step="Run `hearth token` for the present one.")


def need(principal: Principal, scope: Scope) -> None:
    """Raise `Forbidden` unless the principal may do that (T22)."""
    if scope not in principal.scopes:
        raise Forbidden(
            "The control API is served on the Unix socket, to an admin token or to a dashboard that is signed in.",
            next_step="Use the `hearth` command, or open the dashboard with `hearth ui`.",
        )


def cors(headers: Headers, rules: Rules) -> dict[str, str]:
    """Return the reply headers an allowed page needs to read the answer; none for anybody else (T5)."""
    origin = headers.get("Origin")
    if origin is None or origin not in rules.origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def preflight(headers: Headers, rules: Rules) -> dict[str, str]:
    """Return the headers of a 204 answer to an allowed page's preflight. Raises `Forbidden` for any other."""
    allowed = cors(headers, rules)
    if not allowed:
        raise _unlisted(headers)
    asked = headers.get("Access-Control-Request-Headers")
    return {
        **allowed,
        "Access-Control-Allow-Methods": "GET, POST, DELETE, HEAD, OPTIONS",
        "Access-Control-Allow-Headers": asked if asked is not None and asked.isprintable() else "Content-Type",
        "Access-Control-Max-Age": "600",
    }


def _unlisted(headers: Headers) -> Problem:
    return Forbidden("This origin is not listed under [listen] origins.", code=_shown(headers.get("Origin") or ""))


def _shown(text: str) -> str:
    """Return so much of a caller's own words as `hearth doctor` shows: ASCII, whatever bytes were sent."""
    return text[:80].encode("ascii", "backslashreplace").decode()

"""What a real Ollama refuses before it looks at the route: foreign Origin and Host headers (wire/ollama §1.1, §1.2)."""

from __future__ import annotations

import ipaddress
import re

from hearth.rehearsal.http import HeaderList, Reply, Request

_LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?")
_APPS = ("app://", "file://", "tauri://", "vscode-webview://", "vscode-file://")
_NAMES = (".localhost", ".local", ".internal")
ALLOWED_HEADERS = (
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,Openai-Beta,X-Stainless-Arch,X-Stainless-Async,"
    "X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,"
    "X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    "X-Stainless-Runtime-Version,X-Stainless-Timeout"
)


def refusal(request: Request, allow: str) -> Reply | None:
    """403 with an empty body for a foreign Origin or Host; 204 for OPTIONS that may go on; None to answer.

    `allow` lists the methods of the route, or is "" if there is none.
    """
    origin, host = request.header("Origin"), request.header("Host")
    allowed = [("Allow", allow)] if allow and request.method == "OPTIONS" else []
    if origin and origin not in {f"http://{host}", f"https://{host}"}:
        if not _LOCAL.fullmatch(origin) and not origin.startswith(_APPS):
            return Reply(403, allowed)
        if request.method == "OPTIONS":
            return Reply(204, _preflight(origin, allowed))
    if not _is_local(host):
        return Reply(403, [])
    named = not re.match(r"[\d\[]", host)
    return Reply(204, allowed) if allowed and named else None


def _is_local(host: str) -> bool:
    name = host.lower() if host.endswith("]") else re.sub(r":\d+$", "", host).lower()
    if name in {"", "localhost"} or name.endswith(_NAMES):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]") if name != host.lower() else name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


def _preflight(origin: str, allowed: HeaderList) -> HeaderList:
    return [
        ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
        ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Max-Age", "43200"),
        *allowed,
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
    ]

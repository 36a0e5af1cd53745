"""What a real Ollama refuses before it looks at the route: foreign Origin and Host headers (wire/ollama §1.1, §1.2)."""

from __future__ import annotations

import ipaddress
import re

from hearth.rehearsal.http import HeaderList, Reply, Request

_LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?")
_APPS = ("app://", "file://", "tauri://", "vscode-webview://", "vscode-file://")
_NAMES = (".localhost", ".local", ".internal")
ALLOWED_HEADERS = (
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta,x-stainless-arch,x-stainless-async,"
    "x-stainless-custom-poll-interval,x-stainless-helper-method,x-stainless-lang,x-stainless-os,"
    "x-stainless-package-version,x-stainless-poll-helper,x-stainless-retry-count,x-stainless-runtime,"
    "x-stainless-runtime-version,x-stainless-timeout"
)


def refusal(request: Request) -> Reply | None:
    """403 with an empty body for a foreign Origin or Host; 204 for an allowed preflight; None to go on."""
    origin, host = request.header("Origin"), request.header("Host")
    if origin and origin not in {f"http://{host}", f"https://{host}"}:
        if not _LOCAL.fullmatch(origin) and not origin.startswith(_APPS):
            return Reply(403, [])
        if request.method == "OPTIONS":
            return Reply(204, _preflight(origin))
    return None if _is_local(host) else Reply(403, [])


def _is_local(host: str) -> bool:
    name = re.sub(r":\d+$", "", host).lower()
    if name in {"", "localhost"} or name.endswith(_NAMES):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]") if name.startswith("[") and host != name else name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private or address.is_unspecified


def _preflight(origin: str) -> HeaderList:
    return [
        ("Access-Control-Allow-Headers", ALLOWED_HEADERS),
        ("Access-Control-Allow-Methods", "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS"),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Max-Age", "43200"),
        ("Vary", "Origin"),
        ("Vary", "Access-Control-Request-Method"),
        ("Vary", "Access-Control-Request-Headers"),
    ]

"""The dashboard's files and the headers they are sent with: no inline script, nothing from anywhere else (T18)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
STRICT = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-cache",
}
"""What every reply under /ui/ carries."""


class Asset(Struct, frozen=True):
    """One file, ready to be sent; `etag` changes with its bytes."""

    body: bytes
    kind: str
    etag: str


def names() -> tuple[str, ...]:
    """Return the names of all files that are served; only these ever are."""
    return tuple(sorted(file.name for file in FOLDER.iterdir() if file.suffix in KINDS))


@cache
def asset(name: str) -> Asset:
    """Return one of `names`, read from disk once."""
    body = (FOLDER / name).read_bytes()
    return Asset(body, KINDS[Path(name).suffix], f'"{hashlib.sha256(body).hexdigest()[:20]}"')

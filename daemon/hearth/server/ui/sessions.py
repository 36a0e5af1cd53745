"""Who is signed in to the dashboard: one-use links from `hearth ui`, and the cookie that each is changed for (T20).

Pure but for the links that are still good: a cookie is an expiry signed with a secret of this Hearth, so that it
outlives a restart of the daemon and ends when `hearth token --new` makes new tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from time import time
from typing import Protocol

LINK_S = 60.0
"""How long a link may wait to be opened."""
SESSION_S = 12 * 3600.0
"""How long a browser stays signed in."""
_MOST_LINKS = 16
_MOST_LEFT = 256


class Headers(Protocol):
    """A multi-dict of headers whose names have no case."""

    def get(self, key: str, /) -> str | None:
        """Return the first value of that name."""
        ...


class Sessions:
    """The links and sessions of one Hearth. Times are time.time()."""

    def __init__(self) -> None:
        """Nobody is signed in, and nobody can be before `use` has brought a secret."""
        self._secret = b""
        self._links: dict[str, float] = {}
        self._left: dict[str, float] = {}
        self.cookie = "hearth_none"
        """The cookie's name: each Hearth has its own, because browsers send cookies to every port of a host."""

    def use(self, admin_token: str) -> None:
        """Sign with this Hearth's admin token from now on; another one ends every session."""
        self._secret = hashlib.sha256(b"hearth dashboard\0" + admin_token.encode()).digest()
        self.cookie = f"hearth_{self._sign('name')[:12]}"

    def link(self, now: float | None = None) -> str:
        """Return a new word that signs one browser in, once, within `LINK_S` seconds."""
        now = time() if now is None else now
        self._links = {word: until for word, until in self._links.items() if until > now}
        while len(self._links) >= _MOST_LINKS:
            del self._links[next(iter(self._links))]
        word = secrets.token_urlsafe(24)
        self._links[word] = now + LINK_S
        return word

    def enter(self, word: str, now: float | None = None) -> str | None:
        """Change a link's word for a cookie's value; None when it was used, is too old, or was never given out."""
        now = time() if now is None else now
        known = next((one for one in self._links if hmac.compare_digest(one.encode(), _bytes(word))), None)
        if known is None or self._links.pop(known) <= now or not self._secret:
            return None
        text = f"{int(now + SESSION_S)}.{secrets.token_urlsafe(12)}"
        return f"{text}.{self._sign(text)}"

    def leave(self, headers: Headers, now: float | None = None) -> None:
        """Sign a browser out: its cookie is worth nothing from now on."""
        now = time() if now is None else now
        value = self._cookie_of(headers)
        if self._good(value, now):
            self._left = {one: until for one, until in self._left.items() if until > now}
            if len(self._left) < _MOST_LEFT:
                self._left[value] = float(value.partition(".")[0])

    def signed_in(self, headers: Headers, now: float | None = None) -> bool:
        """Whether this request is one of our own page's, in a browser that is signed in.

        A page of another origin never counts, even one that [listen] origins lets ask for answers.
        """
        if not self._secret or headers.get("Cookie") is None or not _from_our_page(headers):
            return False
        return self._good(self._cookie_of(headers), time() if now is None else now)

    def _good(self, value: str, now: float) -> bool:
        text, _, signature = value.rpartition(".")
        until = text.partition(".")[0]
        if not hmac.compare_digest(_bytes(self._sign(text)), _bytes(signature)) or value in self._left:
            return False
        return until.isdecimal() and float(until) > now

    def _cookie_of(self, headers: Headers) -> str:
        """Return our cookie's value, "" for none; what other servers of this host call theirs spoils nothing.

        Browsers send the cookies of every port of 127.0.0.1, and http.cookies gives all up at the first odd one.
        """
        for pair in (headers.get("Cookie") or "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.cookie:
                return value
        return ""

    def _sign(self, text: str) -> str:
        return hmac.new(self._secret, _bytes(text), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _from_our_page(headers: Headers) -> bool:
    host = (headers.get("Host") or "").strip().lower()
    origin = headers.get("Origin")
    if origin is not None and origin.lower() not in (f"http://{host}", f"https://{host}"):
        return False
    return headers.get("Sec-Fetch-Site") in (None, "same-origin", "none")


def cookie_header(name: str, value: str, seconds: float = SESSION_S) -> str:
    """Return a Set-Cookie that scripts cannot read and other sites cannot cause to be sent."""
    return f"{name}={value}; Path=/; Max-Age={int(seconds)}; HttpOnly; SameSite=Strict"

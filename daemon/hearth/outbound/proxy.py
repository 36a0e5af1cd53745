"""The HTTP proxy that a provider's settings name, by CONNECT. Proxy variables are never read (T32)."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Callable

from msgspec import Struct

from hearth.problems import Problem, Unreachable
from hearth_config.addresses import TcpAddress, with_port
from hearth_config.secrets import SecretError

MAX_HEAD_BYTES = 16 * 1024


class Proxy(Struct, frozen=True):
    """Where the proxy is, and what tells the "user:password" it wants (a secret: never shown).

    `login` may block and raises `SecretError`; it is asked at each dial, so that a changed password counts at once.
    """

    address: TcpAddress
    login: Callable[[], str] | None = None

    def __repr__(self) -> str:
        return f"Proxy({str(self.address)!r})"

    __str__ = __repr__


async def _authorization(proxy: Proxy, who: str) -> str:
    """Return the header that the proxy wants, "" for none (RFC 7617). Raises `Unreachable` if it cannot be had."""
    if proxy.login is None:
        return ""
    try:
        login = await asyncio.to_thread(proxy.login)
    except SecretError as error:
        raise Unreachable(
            f"the login of the proxy {proxy.address.authority} cannot be had: {error.reference}: {error.reason}.",
            who=who,
            next_step=f"{error.next_step}.",
        ) from None
    return f"Proxy-Authorization: Basic {base64.b64encode(login.encode()).decode('ascii')}\r\n"


async def open_tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int, who: str) -> None:
    """Ask the proxy at the other end of the socket for a tunnel. Raises `Unreachable` if it says no."""
    loop = asyncio.get_running_loop()
    target = with_port(host, port)
    authorization = await _authorization(proxy, who)
    await loop.sock_sendall(
        sock, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n".encode("latin-1")
    )
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await loop.sock_recv(sock, 4096)
        head += piece
        if not piece or len(head) > MAX_HEAD_BYTES:
            raise Unreachable(f"the proxy {proxy.address.authority} gave no HTTP answer to CONNECT.", who=who)
    version, _, rest = head.partition(b"\r\n")[0].partition(b" ")
    status = rest[:3]
    if not version.startswith(b"HTTP/1.") or not status.isdigit():
        raise Unreachable(f"the proxy {proxy.address.authority} does not speak HTTP.", who=who)
    if not status.startswith(b"2"):
        raise _refused(proxy, status.decode("ascii"), target, who)
    if not head.endswith(b"\r\n\r\n"):
        raise Unreachable(f"the proxy {proxy.address.authority} sent bytes before the tunnel was used.", who=who)


def _refused(proxy: Proxy, status: str, target: str, who: str) -> Problem:
    step = 'It wants a user name and password: proxy = "http://user:password@…".' if status == "407" else ""
    return Unreachable(
        f"the proxy {proxy.address.authority} refused a tunnel to {target} (status {status}).", who=who, next_step=step
    )

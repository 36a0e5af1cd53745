"""The HTTP proxy that a provider's settings name, by CONNECT. Proxy variables are never read (T32)."""

from __future__ import annotations

import asyncio
import base64
import socket
from urllib.parse import unquote

from msgspec import Struct

from hearth.problems import Problem, Unreachable
from hearth_config.addresses import TcpAddress, parse_address

MAX_HEAD_BYTES = 16 * 1024


class Proxy(Struct, frozen=True):
    """Where the proxy is, and the value of Proxy-Authorization if it wants one (a secret: never shown)."""

    address: TcpAddress
    authorization: str = ""

    def __repr__(self) -> str:
        return f"Proxy({str(self.address)!r})"

    __str__ = __repr__


def parse_proxy(text: str) -> Proxy:
    """Read "http://[user:password@]host:port"; raises ValueError, never with the text in it."""
    scheme, separator, rest = text.partition("://")
    userinfo, at, place = rest.rpartition("@")
    address = parse_address(f"{scheme}{separator}{place}")
    if not isinstance(address, TcpAddress) or address.scheme != "http" or address.prefix:
        raise ValueError('a proxy is written "http://host:port" or "http://user:password@host:port"')
    if not at:
        return Proxy(address)
    user, _, password = userinfo.partition(":")
    token = base64.b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode("ascii")
    return Proxy(address, f"Basic {token}")


async def open_tunnel(sock: socket.socket, proxy: Proxy, host: str, port: int, who: str) -> None:
    """Ask the proxy at the other end of the socket for a tunnel. Raises `Unreachable` if it says no."""
    loop = asyncio.get_running_loop()
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    authorization = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
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

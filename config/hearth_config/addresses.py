"""Where a server is: one parse of the text, one frozen value that everything after it uses (T12)."""

import ipaddress
import re
from typing import Final, Literal

from msgspec import Struct

from hearth_config.words import Place

Scheme = Literal["http", "https"]

ADDRESS_FORM: Final = '"http://host:port/path", "https://host/path" or "unix:/path/to.sock"'
ENDPOINT_FORM: Final = 'an IP address and a port, such as "127.0.0.1:11430" or "[::1]:11430"'
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", re.ASCII)
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*", re.ASCII)
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*", re.ASCII)
_AMBIGUOUS: Final = {
    "\\": "a backslash", "@": "a user name", "%": "a percent sign", "?": "a query", "#": "a fragment",
}  # fmt: skip
_DEFAULT_PORT: Final[dict[str, int]] = {"http": 80, "https": 443}
_MAX_PORT: Final = 65535
_MAX_HOST: Final = 253
_HOME_NAMES: Final = (".local", ".lan", ".home", ".internal", ".home.arpa", ".localdomain")


class TcpAddress(Struct, frozen=True, tag="tcp"):
    """A server reached over TCP: `host` is a name in lower case or an IP literal without brackets."""

    scheme: Scheme
    host: str
    port: int
    prefix: str = ""  # "/v1", never with a slash at its end

    def path(self, relative: str) -> str:
        """The request path: "models" is appended to the prefix, "/models" starts at the root."""
        return _join(self.prefix, relative)

    @property
    def authority(self) -> str:
        """Host and port as a Host header wants them: brackets around IPv6, no default port."""
        return bracketed(self.host) if self.port == _DEFAULT_PORT[self.scheme] else with_port(self.host, self.port)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.prefix}"


class UnixAddress(Struct, frozen=True, tag="unix"):
    """A server reached over a Unix socket at an absolute path."""

    socket: str
    prefix: str = ""

    def path(self, relative: str) -> str:
        """The request path: "models" is appended to the prefix, "/models" starts at the root."""
        return _join(self.prefix, relative)

    @property
    def authority(self) -> str:
        """The Host header of a request over this socket."""
        return "localhost"

    def __str__(self) -> str:
        return f"unix:{self.socket}" + (f":{self.prefix}" if self.prefix else "")


Address = TcpAddress | UnixAddress


class Endpoint(Struct, frozen=True):
    """An IP address and port to listen on."""

    host: str
    port: int

    def __str__(self) -> str:
        return with_port(self.host, self.port)


def bracketed(host: str) -> str:
    """A host as URLs write it: an IPv6 literal in brackets."""
    return f"[{host}]" if ":" in host else host


def with_port(host: str, port: int) -> str:
    """A host and port as one writes them: "127.0.0.1:80", "[::1]:80"."""
    return f"{bracketed(host)}:{port}"


def parse_address(text: str) -> Address:
    """Read a provider's address; raise ValueError saying what is wrong with it (never with the text in it).

    Refused because two parsers could read them differently: user names, backslashes, control and non-ASCII
    characters, percent signs, queries, fragments, and IPv4 in any form but four plain decimal numbers.
    """
    _refuse_ambiguous(text)
    if text.startswith("unix:"):
        return _parse_unix(text.removeprefix("unix:"))
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in _DEFAULT_PORT:
        raise ValueError("the address does not begin with http://, https:// or unix:")
    authority, slash, path = rest.partition("/")
    host, port = _split_port(authority)
    return TcpAddress(
        scheme="https" if scheme == "https" else "http",
        host=_host(host),
        port=_DEFAULT_PORT[scheme] if port is None else port,
        prefix=_prefix(slash + path),
    )


def parse_endpoint(text: str) -> Endpoint:
    """Read "127.0.0.1:11430" or "[::1]:11430" (port 0: any free one); raise ValueError otherwise."""
    host, port = _split_port(text, lowest=0) if text.isascii() else ("", None)
    if port is None:
        raise ValueError("is no IP address with a port")
    host = "127.0.0.1" if host == "localhost" else host
    try:
        return Endpoint(str(ipaddress.ip_address(host)), port)
    except ValueError:
        raise ValueError("is no IP address with a port") from None


def place_of(host: str) -> Place | None:
    """Where an IP literal or `localhost` is; None for any other name, which counts as cloud until looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return "machine"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return _place(mapped or address)


def is_home_name(host: str) -> bool:
    """Whether a host name can only be meant for the user's own network: "nas", "nas.local"."""
    return "." not in host or host.endswith(_HOME_NAMES)


def in_the_clear(address: Address) -> bool:
    """Whether what is sent there could be read on its way: plain http to the cloud."""
    if not isinstance(address, TcpAddress) or address.scheme == "https":
        return False
    place = place_of(address.host)
    return place == "cloud" or (place is None and not is_home_name(address.host))


def _place(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Place:
    if address.is_loopback or address.is_unspecified:
        return "machine"
    return "lan" if any(address in network for network in _LAN if network.version == address.version) else "cloud"


# RFC 1918, RFC 3927, RFC 4193 and RFC 4291. Not the rest of Python's is_private: carrier-grade NAT (100.64.0.0/10) and
# the nets for documentation and benchmarks are nobody's own network.
_LAN: Final = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10")
)


def _refuse_ambiguous(text: str) -> None:
    if not text.isascii() or any(ord(char) <= ord(" ") or ord(char) == 0x7F for char in text):
        raise ValueError("blanks, control and non-ASCII characters are not allowed in an address")
    for char, name in _AMBIGUOUS.items():
        if char in text:
            raise ValueError(f"{name} is not allowed in an address; keys belong in `key`, options in `extra`")


def _join(prefix: str, relative: str) -> str:
    return relative if relative.startswith("/") else f"{prefix}/{relative}"


def _parse_unix(text: str) -> UnixAddress:
    socket, _, prefix = text.partition(":")
    if not socket.startswith("/") or socket.endswith("/"):
        raise ValueError(
            'a Unix socket is written "unix:/absolute/path.sock", with ":/v1" after it for a path on the server'
        )
    return UnixAddress(socket=socket, prefix=_prefix(prefix))


def _split_port(authority: str, lowest: int = 1) -> tuple[str, int | None]:
    if authority.startswith("["):
        host, closed, rest = authority[1:].partition("]")
        if not closed or ":" not in host:
            raise ValueError("an IPv6 address stands in brackets: [::1]")
    else:
        host, colon, port = authority.partition(":")
        rest = colon + port
        if ":" in port:
            raise ValueError("an IPv6 address stands in brackets: [::1]")
    return host, _port(rest, lowest) if rest else None


def _port(text: str, lowest: int) -> int:
    digits = text.removeprefix(":")
    if (
        text[:1] != ":"
        or not digits.isdecimal()
        or len(digits) > len("65535")
        or not lowest <= int(digits) <= _MAX_PORT
    ):
        raise ValueError("a port is a number from 1 to 65535")
    return int(digits)


def _host(host: str) -> str:
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            raise ValueError("the IPv6 address is malformed") from None
    labels = host.lower().removesuffix(".").split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ValueError("an IPv4 address is four decimal numbers from 0 to 255 without leading zeros") from None
    if len(host) > _MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("a host name consists of letters, digits, hyphens and dots")
    return ".".join(labels)


def _prefix(path: str) -> str:
    path = path.rstrip("/")
    if not _PREFIX.fullmatch(path) or any(part in {".", ".."} for part in path.split("/")):
        raise ValueError("the path of an address consists of plain segments without '//', '.' or '..'")
    return path

"""One parse of an address, and what is never taken for one (T12)."""

import ipaddress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_config.addresses import (
    Endpoint,
    TcpAddress,
    UnixAddress,
    parse_address,
    parse_endpoint,
    place_of,
)
from hearth_config.words import Place

HOSTILE = [
    "http://user@host/",
    "http://user:secret@host/",
    "http://127.0.0.1@evil.example/",
    "http://evil.example\\@127.0.0.1/",
    "http:\\\\127.0.0.1",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.0.0.01/",
    "http://127.0.0.256/",
    "http://1.2.3.4.5/",
    "http://127.0.0.1:80:80/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:65536/",
    "http://127.0.0.1:+80/",
    "http://127.0.0.1:８０/",
    "http://127.0.0.1:/",
    "http://[::1/",
    "http://::1/",
    "http://[::1]x/",
    "http://[127.0.0.1]/",
    "http://[fe80::1%25eth0]/",
    "http://[::ffff:127.1]/",
    "http://host name/",
    "http://host\t/",
    "http://host\r\nX-Evil: 1/",
    "http://host\x00/",
    "http://host\x7f/",
    "http://ｌocalhost/",
    "http://bücher.example/",
    "http://host。example/",
    "http://%6cocalhost/",
    "http://host/a%2fb",
    "http://host/?key=secret",
    "http://host/#fragment",
    "http://host//double",
    "http://host/../up",
    "http://host/./here",
    "http://-host/",
    "http://host-/",
    "http://.host/",
    "http://host..example/",
    "http:///path",
    "http://",
    "http:host",
    "//host/",
    "host:80",
    "HTTP://host/",
    "ftp://host/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "unix:relative.sock",
    "unix:",
    "unix:///a b",
    "unix:/folder/",
    "",
    " http://host/",
    f"http://{'a' * 64}/",
    f"http://{'a.' * 127}aa/",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_address_that_two_parsers_could_read_differently_is_refused(text: str) -> None:
    """T12: user names, odd IPv4, backslashes, control characters and their kin are errors that repeat no secret."""
    with pytest.raises(ValueError, match=r"\w") as refused:
        parse_address(text)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://127.0.0.1:11434", TcpAddress("http", "127.0.0.1", 11434)),
        ("https://api.openai.com/v1", TcpAddress("https", "api.openai.com", 443, "/v1")),
        ("https://API.Example.COM./v1/", TcpAddress("https", "api.example.com", 443, "/v1")),
        ("http://[::1]:8080/a/b-c_d.e~", TcpAddress("http", "::1", 8080, "/a/b-c_d.e~")),
        ("http://[0:0:0:0:0:0:0:1]", TcpAddress("http", "::1", 80)),
        ("http://localhost", TcpAddress("http", "localhost", 80)),
        ("unix:/run/ollama.sock", UnixAddress("/run/ollama.sock")),
        ("unix:/run/box.sock:/v1", UnixAddress("/run/box.sock", "/v1")),
    ],
)
def test_a_plain_address_is_read(text: str, expected: TcpAddress | UnixAddress) -> None:
    """Scheme, host, port and path are told apart once, and the host is in its one spelling."""
    assert parse_address(text) == expected


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOST = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
PREFIX = st.lists(st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True), max_size=3).map(
    lambda parts: "".join(f"/{p}" for p in parts)
)
ADDRESS = st.builds(
    TcpAddress,
    scheme=st.sampled_from(["http", "https"]),
    host=HOST | st.ip_addresses().map(str),
    port=st.integers(1, 65535),
    prefix=PREFIX,
)


@given(ADDRESS)
def test_an_address_written_out_reads_as_itself(address: TcpAddress) -> None:
    """What is shown to the user can be pasted back."""
    assert parse_address(str(address)) == address


@given(ADDRESS)
def test_the_standard_library_reads_the_same(address: TcpAddress) -> None:
    """T12: an accepted address means the same to another parser."""
    other = urlsplit(str(address))

    default = {"http": 80, "https": 443}[address.scheme]
    assert (other.scheme, other.hostname, other.port or default) == (address.scheme, address.host, address.port)
    assert other.path == address.prefix


@given(st.text(max_size=40).map(lambda text: f"http://{text}"))
def test_whatever_is_accepted_is_read_alike_elsewhere(text: str) -> None:
    """T12: no text after http:// is accepted that the standard library takes for another host."""
    try:
        address = parse_address(text)
    except ValueError:
        return

    assert isinstance(address, TcpAddress)
    assert urlsplit(text).hostname is not None
    assert str(urlsplit(text).hostname).rstrip(".") == address.host or ipaddress.ip_address(address.host).version == 6


def test_paths_follow_the_rule_of_urls() -> None:
    """A relative path is appended to the prefix, a path with a slash starts at the root."""
    address = parse_address("http://127.0.0.1:8080/v1")

    assert address.path("chat/completions") == "/v1/chat/completions"
    assert address.path("/infill") == "/infill"
    assert parse_address("http://127.0.0.1").path("models") == "/models"


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("127.0.0.1", "machine"),
        ("127.8.8.8", "machine"),
        ("::1", "machine"),
        ("localhost", "machine"),
        ("api.localhost", "machine"),
        ("0.0.0.0", "machine"),
        ("::", "machine"),
        ("::ffff:127.0.0.1", "machine"),
        ("::ffff:192.168.1.9", "lan"),
        ("::ffff:8.8.8.8", "cloud"),
        ("10.1.2.3", "lan"),
        ("172.16.0.1", "lan"),
        ("172.32.0.1", "cloud"),
        ("192.168.1.20", "lan"),
        ("169.254.169.254", "lan"),
        ("fe80::1", "lan"),
        ("fd00::1", "lan"),
        ("100.64.0.1", "cloud"),
        ("192.0.2.1", "cloud"),
        ("8.8.8.8", "cloud"),
        ("2001:4860:4860::8888", "cloud"),
        ("2002:7f00:1::", "cloud"),
        ("64:ff9b::7f00:1", "cloud"),
        ("::127.0.0.1", "cloud"),
        ("api.openai.com", None),
        ("nas.local", None),
        ("127.0.0.1.example.com", None),
        ("localhost.example.com", None),
    ],
)
def test_an_address_literal_has_its_place(host: str, place: Place | None) -> None:
    """Loopback is this machine, private and link-local nets are the LAN, the rest is cloud; a name is not known yet."""
    assert place_of(host) == place


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_clothing_has_the_same_place(address: ipaddress.IPv4Address) -> None:
    """A mapped address reaches the same host, so it cannot be nearer or farther."""
    assert place_of(f"::ffff:{address}") == place_of(str(address))


@pytest.mark.parametrize("text", ["127.0.0.1:11430", "[::1]:0", "192.168.1.2:80"])
def test_an_endpoint_is_an_ip_address_and_a_port(text: str) -> None:
    """Port 0 asks the system for a free one; the text form reads back."""
    assert str(parse_endpoint(text)) == text
    assert parse_endpoint("localhost:80") == Endpoint("127.0.0.1", 80)


@pytest.mark.parametrize(
    "text", ["11430", ":11430", "127.0.0.1", "127.1:80", "box:80", "*:80", "127.0.0.1:http", "::1:80"]
)
def test_an_endpoint_in_another_form_is_refused(text: str) -> None:
    """Names and half addresses could mean every interface, so they are refused."""
    with pytest.raises(ValueError, match=r"\w"):
        parse_endpoint(text)

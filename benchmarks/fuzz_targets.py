"""What is fuzzed (G8): each parser of strangers' bytes, with what must hold of it whatever it is given.

A target takes any bytes and raises only where Hearth is wrong; the first byte chooses a variant, the rest is read.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from multidict import CIMultiDict

from fuzz_replies import reads
from fuzz_requests import asks, check_words
from fuzz_seeds import CONFIGS, HEADERS, HEADS, bodies, replies, requests
from hearth.dialects.body import cut, join
from hearth.dialects.dialect import Head
from hearth.dialects.framing import LineSplitter, SseRecord, SseSplitter
from hearth.dialects.registry import OURS, served
from hearth.dialects.retry_after import read_retry_after
from hearth.outbound.keys.quota_dates import back_in
from hearth.outbound.keys.rate_limits import read_limits
from hearth.outbound.limits import Limits
from hearth.outbound.parsing import ReplyParser
from hearth.outbound.reply import Reply
from hearth.problems import BadRequest
from hearth.server.intake import take_wishes
from hearth.server.multipart import boundary_of, find_field
from hearth_config.errors import ConfigError
from hearth_config.load import load_text
from hearth_config.variables import BadLine, Variables, parse_env_file

NOW = 1_700_000_000.0
CONFIG = Path("hearth.toml")


class Target(NamedTuple):
    """One parser: what is tried with any bytes, and the good input from which changed input is made."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


class _Splitter(Protocol):
    def feed(self, data: bytes) -> list[SseRecord] | list[bytes]: ...

    def close(self) -> SseRecord | bytes | None: ...


def pieces(data: bytes, size: int) -> list[bytes]:
    """Cut bytes into pieces of this size; 0 leaves them whole."""
    return [data[at : at + size] for at in range(0, len(data), size)] if size else [data]


def check_splitter(make: Callable[[], _Splitter], data: bytes) -> None:
    """Nothing is lost, and where the bytes are split changes nothing."""
    size, text = data[0] % 8, data[1:]
    found = [_split(make(), pieces(text, each)) for each in (0, size)]

    assert found[0] == found[1], "where the bytes are split changes the records"
    assert b"".join(found[0][0]) == text, "bytes are lost"


def _split(splitter: _Splitter, fed: list[bytes]) -> tuple[list[bytes], list[object]]:
    records = [record for piece in fed for record in splitter.feed(piece)]
    last = splitter.close()
    everything: list[SseRecord | bytes] = [*records, *([last] if last else [])]
    return [one if isinstance(one, bytes) else one.raw for one in everything], list(everything)


def check_pause(data: bytes) -> None:
    """Retry-After and limits are sensible numbers, or nothing."""
    head = _head(data[1:])
    pause = read_retry_after(head)
    assert pause is None or 0 <= pause < math.inf, pause
    for told in read_limits(head, NOW):
        for number in (told.limit, told.remaining, told.reset_s):
            assert number is None or 0 <= number < math.inf, told
    again = back_in(data[1:].decode("utf-8", "replace"), NOW)
    assert again is None or again > 0, again


def _head(data: bytes) -> Head:
    lines = (line.partition(b":") for line in data.splitlines())
    return Head(429, tuple((name.decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in lines))


def check_config(data: bytes) -> None:
    """A config is good, or refused in words that name where."""
    text = data[1:].decode("utf-8", "replace")
    try:
        load_text(text, CONFIG, Variables({}, {}))
    except ConfigError as error:
        check_words(error)


def check_variables(data: bytes) -> None:
    """A line of hearth.env is read or refused by its number."""
    try:
        parse_env_file(data[1:].decode("utf-8", "replace"))
    except BadLine as bad:
        check_words(bad)


def check_body(data: bytes) -> None:
    """A body is cut into members that make the same body again, or refused; so are the wishes in it."""
    try:
        members = cut(data[1:])
        again = join(members)
        assert cut(again) == members or not members, "joined members are others"
        take_wishes(members, CIMultiDict())
    except BadRequest as refusal:
        check_words(refusal)


def check_http(data: bytes) -> None:
    """A provider's bytes are a reply, or refused; one that is done was one."""
    found = []
    for size in (0, data[0] % 16):
        parser, reply = ReplyParser(), Reply(Nobody(), "somebody", Limits())
        parser.begin(reply, bodiless=data[0] > 127)
        for piece in pieces(data[1:], size):
            parser.feed(piece)
        found.append((parser.done, bool(parser.refused)))
        parser.release()

    assert found[0] == found[1] or found[0][1] or found[1][1], "where the bytes are split changes the reply"


class Nobody:
    """The connection of a reply that comes from nowhere."""

    paused = False
    deadline = math.inf

    def __init__(self) -> None:
        """A loop that never runs is enough."""
        self.loop = LOOP

    def watch(self, deadline: float) -> None:
        """Nothing is waited for."""

    def resume(self) -> None:
        """Nothing was held back."""

    def abort(self) -> None:
        """Nothing is open."""

    def discard_rest(self, seconds: float) -> None:
        """Nothing follows."""


LOOP = asyncio.new_event_loop()


def check_form(data: bytes) -> None:
    """A form's field is found where it stands, or not at all."""
    head, _, body = data[1:].partition(b"\n")
    boundary = boundary_of(head.decode("latin-1"))
    for name in (b"model", b"file"):
        found = find_field(body, boundary or b"x", name)
        assert isinstance(found, str) or 0 <= found[0] <= found[1] <= len(body), found


def _with_variants(seeds: Iterable[bytes]) -> list[bytes]:
    return [bytes((number % 256,)) + seed for number, seed in enumerate(seeds)]


_FORM = b'multipart/form-data; boundary=x\n--x\r\nContent-Disposition: form-data; name="model"\r\n\r\na\r\n--x--\r\n'

TARGETS: dict[str, Target] = {
    "sse": Target(partial(check_splitter, SseSplitter), lambda: _with_variants(replies())),
    "ndjson": Target(partial(check_splitter, LineSplitter), lambda: _with_variants(replies("ollama"))),
    "pauses and limits": Target(check_pause, lambda: _with_variants(HEADERS)),
    "hearth.toml": Target(check_config, lambda: _with_variants(CONFIGS)),
    "hearth.env": Target(check_variables, lambda: _with_variants((b"A=1\nexport B='2' # c\n", b'C="3"\n'))),
    "bodies": Target(check_body, lambda: _with_variants(bodies())),
    "http replies": Target(check_http, lambda: _with_variants(HEADS)),
    "forms": Target(check_form, lambda: _with_variants((_FORM,))),
    **{
        f"requests: {name}": Target(asks(name), lambda name=name: requests(name))  # type: ignore[misc]  # a name each
        for name in OURS
        if served(name) is not None
    },
    **{
        f"replies: {name}": Target(reads(name), lambda name=name: _with_variants(replies(name)))  # type: ignore[misc]  # a name each
        for name in OURS
    },
}

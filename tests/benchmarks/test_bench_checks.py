"""A spoiled reply is never counted as a good one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import check_whole, read_stream
from exchange import Exchange
from frames import Spoiled
from routes import DIRECT, HEARTH, Route, words
from shapes import piece_text
from tongues import messages
from voices import Reply, whole_text

PROMPT = words(100)
MODEL = "mock-n3-d0-f0"
SENT = 1000
TRANSLATED = tuple(route for route in HEARTH if route.column == "translated")


def stream_body(route: Route) -> bytes:
    texts = [piece_text(number, SENT + number, 5) for number in range(3)]
    reply = Reply(model=MODEL, stream=5, prompt=len(messages(PROMPT)), pieces=3, usage=True)
    return route.script(reply, stream=True).written(texts)


def whole_body(route: Route) -> bytes:
    size = len(messages(PROMPT))
    reply = Reply(model=MODEL, stream=5, prompt=size, pieces=3)
    return route.script(reply, stream=False).written([whole_text(piece_text(0, SENT, 5), size)])


def exchange(body: bytes, reads: int = 1) -> Exchange:
    """A reply that came in so many reads, one each 10 ns."""
    size = -(-len(body) // reads)
    pieces = [(SENT + 10 * number, body[size * number : size * (number + 1)]) for number in range(reads)]
    return Exchange(start=1, end=2, status=200, pieces=pieces)


@pytest.mark.parametrize("route", DIRECT + TRANSLATED)
@pytest.mark.parametrize("reads", [1, 2, 7, 100])
def test_a_good_stream_is_read_however_it_was_cut_into_reads(route: Route, reads: int) -> None:
    """Every piece is found, with the time of the read that completed its line."""
    stream = read_stream(route, exchange(stream_body(route), reads), MODEL, 3, PROMPT)

    assert stream.sent == [SENT, SENT + 1, SENT + 2]
    assert stream.seen == sorted(stream.seen)
    assert len(list(stream.transit)) == 3
    assert len(list(stream.gaps)) == 2


@pytest.mark.parametrize("route", DIRECT)
def test_a_stream_cut_at_any_byte_is_spoiled(route: Route) -> None:
    """A stream that lacks its last bytes is never counted."""
    body = stream_body(route)

    for length in range(1, len(body)):
        with pytest.raises(Spoiled):
            read_stream(route, exchange(body[:length]), MODEL, 3, PROMPT)


@pytest.mark.parametrize("route", DIRECT)
@given(st.data())
def test_one_changed_byte_spoils_a_reply(route: Route, data: st.DataObject) -> None:
    """In the same dialect bytes pass unchanged, and the check sees a single one that did not."""
    body = bytearray(whole_body(route))
    token = body.index(piece_text(0, SENT, 5))
    own_words = [
        at for at in range(len(body)) if not token <= at < token + len(b"0:1000:5")
    ]  # another time is another good reply
    at = data.draw(st.sampled_from(own_words))
    body[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != body[at]))

    with pytest.raises(Spoiled):
        check_whole(route, exchange(bytes(body)), MODEL, 3, PROMPT)


@pytest.mark.parametrize("route", DIRECT + TRANSLATED)
def test_a_good_whole_reply_passes(route: Route) -> None:
    """The mock's own bytes raise nothing."""
    check_whole(route, exchange(whole_body(route)), MODEL, 3, PROMPT)


@pytest.mark.parametrize("route", DIRECT + TRANSLATED)
def test_a_cut_prompt_is_seen(route: Route) -> None:
    """The mock says how long the prompt was when it arrived; shorter than sent spoils the reply."""
    with pytest.raises(Spoiled, match="prompt"):
        check_whole(route, exchange(whole_body(route)), MODEL, 3, words(1000))


@pytest.mark.parametrize("route", DIRECT + TRANSLATED)
def test_an_error_or_a_stale_reply_is_seen(route: Route) -> None:
    """A status other than 200 and a reply older than its request are named as what they are."""
    refused = exchange(b'{"error":"busy"}')
    refused.status = 503
    stale = exchange(stream_body(route))
    stale.start = SENT + 100

    with pytest.raises(Spoiled, match="status 503"):
        check_whole(route, refused, MODEL, 3, PROMPT)
    with pytest.raises(Spoiled, match="stale"):
        read_stream(route, stale, MODEL, 3, PROMPT)

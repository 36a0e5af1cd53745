"""How the mock paces a reply. The pace travels in the model's name, the one field that every gateway passes on."""

import re

import msgspec

PLAIN = "mock"
"""Asked for whole replies; as a stream it is 64 pieces, one each 20 ms."""
FIRST = "mock-n4-d1-f0"
"""A short stream, for the time to its first piece."""
TRANSIT = "mock-n64-d20-f0"
"""A stream at the pace of a quick model, for the way of each piece."""
PAIRED = "mock-n32-d10-f0"
"""A shorter stream, since every pair of dialects is visited."""
LONG = "mock-n150-d20-f0"
"""Three seconds at that pace, long enough for hundreds of streams to overlap."""
SLOW = "mock-n40-d100-f0"
"""Four seconds at the pace of a slow model."""

CATALOGUE = (PLAIN, FIRST, TRANSIT, PAIRED, LONG, SLOW)
"""What the mock lists as installed; it answers to any name of this form."""

_PART = re.compile(r"-([ndf])(\d{1,7})")
_MILLISECOND = 1_000_000


class Shape(msgspec.Struct, frozen=True):
    """The pace of one stream: how many pieces, how far apart, and how long until the first (ns)."""

    pieces: int = 64
    gap_ns: int = 20 * _MILLISECOND
    first_ns: int = 0

    @property
    def seconds(self) -> float:
        """How long the stream lasts at its source."""
        return (self.first_ns + self.gap_ns * max(0, self.pieces - 1)) / 1e9


def parse_shape(model: str) -> Shape | None:
    """Read `mock-n64-d20-f0` as 64 pieces, one each 20 ms, the first after 0 ms; None if it is no mock's name."""
    if not model.startswith("mock"):
        return None
    given = dict(_PART.findall(model.partition(":")[0]))
    return Shape(
        pieces=int(given.get("n", 64)),
        gap_ns=int(given.get("d", 20)) * _MILLISECOND,
        first_ns=int(given.get("f", 0)) * _MILLISECOND,
    )


def piece_text(seq: int, sent_ns: int, stream: int) -> bytes:
    """What one piece of a stream says: its number, the monotonic time of its sending, and whose stream it is."""
    return b"%d:%d:%d " % (seq, sent_ns, stream)

"""Request bodies that a client has compressed: zstd on OpenAI's routes, as Codex sends them, and nothing else (T25).

The library is imported when the first such body comes. What comes out is held to the same limit as a plain body, piece
by piece, so that a small body which would become a huge one costs no more than the limit.
"""

from __future__ import annotations

from hearth.problems import BadRequest, TooLarge, WrongMediaType

_PIECE = 512
"""How many bytes are decoded at once; the worst of them become 16 MB, beyond which nothing is made over the limit."""
_LARGEST_WINDOW = 8 * 1024 * 1024
"""How far back a body may refer, in bytes: what RFC 8878 asks every decoder to support, and the memory it costs."""

_RAISE = "Raise body_limit under [listen]."
_BROKEN = "The body is not one whole frame of zstd, although its Content-Encoding says so."


def check_coding(coding: str, path: str) -> None:
    """Raise `WrongMediaType` unless a body of this Content-Encoding is read on this path."""
    if coding != "zstd" or not path.startswith("/v1/"):
        raise WrongMediaType("A compressed body is not read.", next_step="Send it without Content-Encoding.")


def unpack(body: bytes, limit: int) -> bytes:
    """Return a zstd body decoded. Raises `TooLarge` over `limit` bytes, `BadRequest` where it is broken or cut."""
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj()
    pieces: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(body), _PIECE):
            piece = decoder.decompress(body[start : start + _PIECE])
            size += len(piece)
            if size > limit:
                raise TooLarge(f"The body decodes to more than {limit} bytes.", next_step=_RAISE)
            pieces.append(piece)
    except zstandard.ZstdError:
        raise BadRequest(_BROKEN) from None
    if not decoder.eof or decoder.unused_data:
        raise BadRequest(_BROKEN)
    return b"".join(pieces)

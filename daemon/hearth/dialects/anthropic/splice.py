"""A caller's own Messages request: changed are only the members that Hearth owns, and what the target would refuse."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.anthropic.seals import NAME, seal
from hearth.dialects.anthropic.traits import Traits, traits_of
from hearth.dialects.anthropic.wire import UNREADABLE, Block
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination

_decode_turns = msgspec.json.Decoder(list[Members]).decode
_decode_blocks = msgspec.json.Decoder(list[Raw]).decode
_decode_block = msgspec.json.Decoder(Block).decode
_SAMPLING = ("temperature", "top_p", "top_k")


def spliced(members: Members, to: Destination) -> Members:
    """Return the members for this target: its model, the config's defaults and extras, no thoughts it would refuse."""
    traits = traits_of(to.model)
    out: Members = {**members, "model": raw(to.model)}
    out.pop("hearth", None)
    _fill(out, to, traits)
    messages = out.get("messages")
    if messages is not None and traits.signed and b'"thinking"' in bytes(messages):
        out["messages"] = without_foreign_thoughts(messages)
    return {**out, **to.extra}


def _fill(out: Members, to: Destination, traits: Traits) -> None:
    defaults = to.defaults
    names: tuple[str, ...] = _SAMPLING if traits.sampling != "none" and "thinking" not in out else ()
    if traits.sampling == "one" and ("temperature" in out or "top_p" in out):
        names = ("top_k",)
    for name in names:
        given = getattr(defaults, name)
        if given is not None:
            out.setdefault(name, raw(given))
    if defaults.stop:
        out.setdefault("stop_sequences", raw(defaults.stop))


def without_foreign_thoughts(messages: Raw) -> Raw:
    """Return the messages without thinking that Anthropic did not sign: it refuses a conversation that has any.

    Such thoughts are there where a local model, or another provider, gave earlier answers. The very same bytes where
    there are none.
    """
    try:
        turns = _decode_turns(messages)
        kept = [turn for turn in (_kept(turn) for turn in turns) if turn is not None]
    except UNREADABLE:
        return messages
    return messages if kept == turns else raw(kept)


def _kept(turn: Members) -> Members | None:
    """Return a turn without foreign thoughts; None when nothing else was said in it."""
    content = turn.get("content")
    if content is None or not bytes(content).startswith(b"[") or b'"thinking"' not in bytes(content):
        return turn
    blocks = _decode_blocks(content)
    own = [block for block in blocks if not _foreign(block)]
    if len(own) == len(blocks):
        return turn
    return {**turn, "content": raw(own)} if own else None


def _foreign(block: Raw) -> bool:
    if b'"thinking"' not in bytes(block):
        return False
    read = _decode_block(block)
    return read.type == "thinking" and seal(read.signature or "")[1] != NAME

"""A caller's own Messages request: changed are only the members that Hearth owns, and what the target would refuse."""

from __future__ import annotations

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.anthropic.seals import NAME, seal
from hearth.dialects.anthropic.traits import Traits, traits_of
from hearth.dialects.anthropic.turns import THOUGHTS, resumes_unthought
from hearth.dialects.anthropic.wire import Block
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.unreadable import UNREADABLE

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
    if messages is not None and b'thinking"' in bytes(messages):
        kept = without_foreign_thoughts(messages, to, signed=traits.signed)
        if kept is not messages and traits.signed and _resumes_unthought(kept):
            _rest(out)
        out["messages"] = kept
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


def _rest(out: Members) -> None:
    """Ask without thinking to a budget, which a turn that began without thoughts cannot be resumed with."""
    thinking = out.get("thinking")
    if thinking is not None and b'"enabled"' in bytes(thinking):
        del out["thinking"]


def _resumes_unthought(messages: Raw) -> bool:
    last = [[_decode_block(block).type for block in _blocks(turn)] for turn in _decode_turns(messages)[-2:]]
    return resumes_unthought(last)


def without_foreign_thoughts(messages: Raw, to: Destination, *, signed: bool) -> Raw:
    """Return the messages without thinking that this provider did not sign: it refuses a conversation that has any.

    Such thoughts are there where a local model, or another provider, gave earlier answers. One that signs none
    (`signed`) takes any but those sealed for somebody else. The very same bytes where there are none.
    """
    try:
        turns = _decode_turns(messages)
        kept = [turn for turn in (_kept(turn, to, signed=signed) for turn in turns) if turn is not None]
    except UNREADABLE:
        return messages
    return messages if kept == turns else raw(kept)


def _kept(turn: Members, to: Destination, *, signed: bool) -> Members | None:
    """Return a turn without foreign thoughts; None when nothing else was said in it."""
    blocks = _blocks(turn)
    own = [block for block in blocks if not _foreign(block, to, signed=signed)]
    if len(own) == len(blocks):
        return turn
    return {**turn, "content": raw(own)} if own else None


def _blocks(turn: Members) -> list[Raw]:
    """Return the blocks of a turn; none where its content is a text."""
    content = turn.get("content")
    return _decode_blocks(content) if content is not None and bytes(content).startswith(b"[") else []


def _foreign(block: Raw, to: Destination, *, signed: bool) -> bool:
    if b'thinking"' not in bytes(block):
        return False
    read = _decode_block(block)
    if read.type not in THOUGHTS:
        return False
    sealed = read.data if read.type == "redacted_thinking" else read.signature
    return (sealed or "") in to.foreign or (signed and read.type == "thinking" and seal(sealed or "")[1] != NAME)

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
_decode_members = msgspec.json.Decoder(Members).decode
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
    try:
        last = [[_decode_block(block).type for block in _blocks(turn)] for turn in _decode_turns(messages)[-2:]]
    except UNREADABLE:
        return False
    return resumes_unthought(last)


def without_foreign_thoughts(messages: Raw, to: Destination, *, signed: bool) -> Raw:
    """Return the messages without thinking that this provider did not sign: it refuses a conversation that has any.

    Such thoughts are there where a local model, or another provider, gave earlier answers. One that signs none itself
    (`signed` is False) reads any, but gets no seal of somebody else's. The very same bytes where there are none.
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
    own = [kept for block in blocks if (kept := _own(block, to, signed=signed)) is not None]
    if own == blocks:
        return turn
    return {**turn, "content": raw(own)} if own else None


def _blocks(turn: Members) -> list[Raw]:
    """Return the blocks of a turn; none where its content is a text."""
    content = turn.get("content")
    return _decode_blocks(content) if content is not None and bytes(content).startswith(b"[") else []


def _own(block: Raw, to: Destination, *, signed: bool) -> Raw | None:
    """Return a block as this provider may have it; None for thoughts that it could not read, or would refuse."""
    if b'thinking"' not in bytes(block):
        return block
    read = _decode_block(block)
    if read.type not in THOUGHTS:
        return block
    hidden = read.type == "redacted_thinking"
    sealed = (read.data if hidden else read.signature) or ""
    maker = NAME if hidden else seal(sealed)[1]
    if sealed not in to.foreign and maker in ((NAME,) if signed else (NAME, "")):
        return block
    return None if signed or hidden else raw({**_decode_members(block), "signature": ""})

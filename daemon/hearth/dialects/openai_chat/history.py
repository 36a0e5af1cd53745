"""The messages of a request as one provider wants them: roles, call ids, echoed thinking. Others keep their bytes."""

from __future__ import annotations

import base64
import hashlib
import re

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat.details import NAME, entries, own_only
from hearth.dialects.openai_chat.parts import ImageUrl, PartWire
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported
from hearth_config.quirks import Quirks

_THINKING = ("reasoning_content", "reasoning", NAME)
_DETAILS = f'"{NAME}"'.encode()
_NINE = re.compile(r"[a-zA-Z0-9]{9}")
_DEVELOPER_MODEL = re.compile(r"(?:o\d|gpt-(?:[5-9]|\d\d))", re.IGNORECASE)
_decode = msgspec.json.Decoder(list[Members]).decode


def adapt_messages(messages: Raw, to: Destination) -> Raw:
    """Return the messages as this provider wants them; the very same bytes where it wants nothing otherwise."""
    quirks = to.quirks
    role = system_role(quirks, to.model)
    given = bytes(messages)
    if not (_concerned(given, quirks, role) or (bool(to.foreign) and _DETAILS in given)):
        return messages
    try:
        turns = _decode(messages)
        return raw([_turn(turn, to, role) for turn in turns])
    except UNREADABLE as error:
        raise BadRequest(f"messages: {error}.", param="messages") from None


def system_role(quirks: Quirks, model: str) -> str:
    """Return the role of instructions: OpenAI's o1 and later and gpt-5 and later call it "developer"."""
    if quirks.system_role == "by_model":
        return "developer" if _DEVELOPER_MODEL.match(model) else "system"
    return quirks.system_role


def _concerned(messages: bytes, quirks: Quirks, role: str) -> bool:
    """Say whether any quirk may touch these messages, from their bytes alone."""
    other = b'"system"' if role == "developer" else b'"developer"'
    return (
        other in messages
        or (quirks.tool_id != "any" and b'"tool_call' in messages)
        or ((quirks.echo_reasoning is not None or quirks.allow_only is not None) and b'"assistant"' in messages)
        or (not quirks.images_by_url and b'"image_url"' in messages)
        or any(b'"%b"' % name.encode() in messages for name in quirks.drop_from_messages)
    )


def _turn(turn: Members, to: Destination, role: str) -> Members:
    out, quirks = dict(turn), to.quirks
    said = _text(turn.get("role"))
    if said in ("system", "developer") and said != role:
        out["role"] = raw(role)
    if said == "assistant":
        _own_details(out, to)
        _echo(out, quirks)
    if quirks.tool_id != "any":
        _short_ids(out)
    if not quirks.images_by_url and b'"image_url"' in bytes(out.get("content", b"")):
        _refuse_addresses(out["content"])
    for name in quirks.drop_from_messages:
        out.pop(name, None)
    return out


def _own_details(out: Members, to: Destination) -> None:
    """Take out of the details of thinking what others than this provider sealed: it goes back to its maker alone."""
    if NAME not in out:
        return
    given = entries(msgspec.json.decode(out[NAME]))
    own = own_only(given, to.foreign)
    if len(own) == len(given):
        return
    if own:
        out[NAME] = raw(own)
    else:
        del out[NAME]


def _echo(out: Members, quirks: Quirks) -> None:
    """Hand earlier thinking back by the name this provider knows; a strict one that knows none gets none.

    DeepSeek answers 400 to a turn with tool calls and without `reasoning_content`, so such a turn gets an empty one.
    """
    name = quirks.echo_reasoning
    if name is None:
        if quirks.allow_only is not None:
            for other in _THINKING:
                out.pop(other, None)
        return
    if name == NAME or name in out:
        return
    found = next((out.pop(other) for other in ("reasoning_content", "reasoning") if other in out), None)
    if found is not None:
        out[name] = found
    elif name == "reasoning_content" and "tool_calls" in out:
        out[name] = raw("")


def _short_ids(out: Members) -> None:
    """Map call ids to nine letters and digits, always the same for the same id (older Mistral models, §4.12)."""
    if "tool_call_id" in out:
        out["tool_call_id"] = raw(nine(_text(out["tool_call_id"])))
    if "tool_calls" in out and out["tool_calls"] != Raw(b"null"):
        calls = _decode(out["tool_calls"])
        out["tool_calls"] = raw([{**call, "id": raw(nine(_text(call.get("id"))))} for call in calls])


def nine(id: str) -> str:
    """Return an id of nine letters and digits: the same one if it is one already, else made from its hash."""
    if _NINE.fullmatch(id):
        return id
    return base64.b32encode(hashlib.blake2b(id.encode(), digest_size=10).digest()).decode()[:9]


def _refuse_addresses(content: Raw) -> None:
    for part in msgspec.json.decode(content, type=list[PartWire | str]):
        if isinstance(part, PartWire) and part.image_url is not None:
            image = part.image_url
            url = image.url if isinstance(image, ImageUrl) else image
            if not url.startswith("data:"):
                raise Unsupported("This provider takes pictures as data, not by address.", param="messages")


def _text(given: Raw | None) -> str:
    if given is None:
        return ""
    try:
        return msgspec.json.decode(given, type=str)
    except msgspec.DecodeError:
        return ""

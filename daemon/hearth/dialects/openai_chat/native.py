"""Features that no meaning exists for: only providers of this dialect can be asked for them, and none is dropped.

OpenAI's own (spoken answers, web search, custom tools), and the ways in which engines and routers shape answers beyond
`response_format`: vLLM's `guided_*` and `structured_outputs`, llama.cpp's `grammar`, SGLang's `regex` and `ebnf`,
OpenRouter's `plugins`, xAI's `search_parameters`.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Members
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Unsupported

_WORDS = {
    "audio": "spoken answers",
    "modalities": "answers other than text",
    "web_search_options": "web search",
    "search_parameters": "web search",
    "plugins": "OpenRouter's plugins",
    "best_of": "the best of several answers",
    "grammar": "a grammar",
    "guided_json": "guided output",
    "guided_regex": "guided output",
    "guided_choice": "guided output",
    "guided_grammar": "guided output",
    "structured_outputs": "vLLM's structured outputs",
    "regex": "an answer in the shape of a regex",
    "ebnf": "a grammar",
    "output_dtype": "vectors of another type than float",
}
_NOTHING = frozenset((b"null", b"[]", b'""', b"1", b'["text"]', b'"float"'))
"""What is as good as not there: an empty member, one answer, text alone, plain vectors."""
_CUSTOM = b'"custom"'


class _Typed(Struct):
    type: str = "function"


_decode_tools = msgspec.json.Decoder(list[_Typed]).decode


def native_features(members: Members) -> Iterator[str]:
    """Name what of a request only this dialect has words for."""
    for name in _named(members):
        yield f"{_WORDS[name]} ({name})"
    tools = members.get("tools")
    if tools is not None and _CUSTOM in bytes(tools) and _has_custom(tools):
        yield "tools of type 'custom'"


def refuse_native(members: Members) -> None:
    """Raise `Unsupported` for the first such member: whoever is to answer speaks another dialect."""
    for name in _named(members):
        raise Unsupported(
            f"This model cannot give {_WORDS[name]} ({name}).",
            next_step="Leave it out, or ask a model of a provider that speaks OpenAI's dialect.",
            param=name,
        )


def _named(members: Members) -> Iterator[str]:
    if _WORDS.keys().isdisjoint(members):
        return iter(())
    return (name for name in sorted(_WORDS.keys() & members.keys()) if _compact(members[name]) not in _NOTHING)


def _compact(given: Raw) -> bytes:
    return bytes(given).replace(b" ", b"")


def _has_custom(tools: Raw) -> bool:
    try:
        return any(tool.type == "custom" for tool in _decode_tools(tools))
    except UNREADABLE:
        return False

"""What the rehearsal says: a small fixed vocabulary, the same as in the recordings, token by token."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import msgspec

HELLO = ("Hello", "!", " I", " am", " a", " small", " test", " model", ".")
NUMBERS = (" one,", " two,", " three,", " four,", " five,", " six,", " seven,", " eight,", " nine,", " ten,")
UNICODE = ("Gr", "ü", "ße,", " ", "🙂", " <b>", "&", "</b>", " a\u2028b", "\u2029c", "\u0085d", " 日本", "語")
JSON = ('{"city', '": "', "Par", 'is",', ' "temp', '": ', "2", "1}")
SKY_THOUGHT = ("The", " user", " asks", " why", ".\n\n")
SKY = ("Because", " of", " Rayleigh", " scattering", ".  ")
CALL_THOUGHT = ("I", " need", " the", " weather", ".\n")
SUNNY = ("It", " is", " 21", " degrees", " and", " sunny", " in", " Paris", ". ")
LOOK = ("Let", " me", " look", ".\n")
FILL = (" return", " a +", " b")
NO_MODEL = "This is the rehearsal answering, not a model: your request arrived and this is its scripted reply."
_WORD = re.compile(r"\w+|[^\w\s]")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for, whatever dialect it came in; `forced` names a function that must be called."""

    prompt: str = ""
    after_tool: bool = False
    tools: tuple[str, ...] = ()
    thinks: bool = False
    wants_json: bool = False
    suffix: str = ""
    forced: tuple[str, ...] = ()
    says: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """One call that the model makes; `cut` means that its arguments never became whole."""

    name: str
    arguments: dict[str, str]
    cut: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of an answer in the order thinking, text, calls; `cycle` repeats for ever instead of text."""

    thinking: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    cycle: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()

    def tokens(self) -> Iterator[str]:
        """The tokens of the visible text, endless for a cycle."""
        return itertools.cycle(self.cycle) if self.cycle else iter(self.text)


def count_tokens(text: str) -> int:
    """How many tokens a text has here: its words and marks. Stable, and near what a tokenizer would say."""
    return len(_WORD.findall(text))


def split_tokens(text: str) -> tuple[str, ...]:
    """A text in pieces that a stream can carry: each word with the space before it."""
    return tuple(re.findall(r"\s*\S+\s*$|\s*\S+", text)) or ((text,) if text else ())


def answer_to(ask: Ask) -> Answer:
    """Choose what is said to `ask`; the same request gets the same words each time."""
    if ask.says is not None:
        return Answer(text=split_tokens(ask.says))
    if ask.suffix:
        return Answer(text=FILL)
    if ask.wants_json:
        return Answer(text=JSON)
    if ask.forced and not ask.after_tool:
        return Answer(calls=(ToolCall(ask.forced[0], {"city": "Paris"}),))
    if ask.after_tool:
        return Answer(text=SUNNY)
    return _to_words(ask, set(re.findall(r"\w+", ask.prompt.lower())))


def _to_words(ask: Ask, words: set[str]) -> Answer:
    called = _called(ask, words)
    if called is not None:
        return called
    if "why" in words and ask.thinks:
        return Answer(thinking=SKY_THOUGHT, text=SKY)
    if "count" in words:
        return Answer(cycle=NUMBERS)
    if "again" in words:
        return Answer(cycle=(" again",))
    return Answer(text=_text(words))


def _text(words: set[str]) -> tuple[str, ...]:
    if "unicode" in words:
        return UNICODE
    if "nothing" in words:
        return ()
    return HELLO if words & {"hello", "hi", "world", "why"} else split_tokens(NO_MODEL)


def _called(ask: Ask, words: set[str]) -> Answer | None:
    """The calls that the words ask for, if the request carries tools."""
    if not ask.tools:
        return None
    name = "get_weather" if "get_weather" in ask.tools else ask.tools[0]
    paris = ToolCall(name, {"city": "Paris"})
    if "broken" in words:
        return Answer(calls=(ToolCall(name, {"city": "Paris"}, cut=True),))
    if "both" in words:
        return Answer(calls=(paris, ToolCall(name, {"city": "Rome"})))
    if "look" in words:
        return Answer(text=LOOK, calls=(paris,))
    if "weather" in words:
        return Answer(thinking=CALL_THOUGHT if "why" in words and ask.thinks else (), calls=(paris,))
    if "time" in words and "get_time" in ask.tools:
        return Answer(calls=(ToolCall("get_time", {}),))
    return None

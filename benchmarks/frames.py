"""Frames of both dialects, read to the little that a benchmark must know of them."""

import msgspec

from routes import Route


class Spoiled(Exception):
    """The reply cannot be counted, and this is why."""


class Text(msgspec.Struct):
    """The part of a message or delta that speaks."""

    content: str | None = None


class Choice(msgspec.Struct):
    """OpenAI's choice, whole or streamed."""

    delta: Text = msgspec.field(default_factory=Text)
    message: Text = msgspec.field(default_factory=Text)
    finish_reason: str | None = None


class OpenAIFrame(msgspec.Struct):
    """One event, or a whole reply, of `/v1/chat/completions`."""

    model: str = ""
    choices: list[Choice] = []
    error: msgspec.Raw = msgspec.Raw(b"")


class OllamaFrame(msgspec.Struct):
    """One line, or a whole reply, of `/api/chat`."""

    model: str = ""
    message: Text = msgspec.field(default_factory=Text)
    done: bool = False
    done_reason: str | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


class Frame(msgspec.Struct, frozen=True):
    """What one frame says in either dialect; `last` is the dialect's last word."""

    model: str = ""
    text: str = ""
    finished: bool = False
    last: bool = False


_OPENAI = msgspec.json.Decoder(OpenAIFrame)
_OLLAMA = msgspec.json.Decoder(OllamaFrame)


def read_frame(route: Route, line: bytes) -> Frame:
    """Read one JSON object of the route's dialect. Raises Spoiled if it is none, or carries an error."""
    try:
        frame = _ollama_frame(line) if route.dialect == "ollama" else _openai_frame(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Spoiled(f"frame is not what the dialect says: {error}: {line[:80]!r}") from error
    return frame


def _ollama_frame(line: bytes) -> Frame:
    frame = _OLLAMA.decode(line)
    _check_error(frame.error)
    return Frame(frame.model, frame.message.content or "", frame.done_reason is not None, frame.done)


def _openai_frame(line: bytes) -> Frame:
    frame = _OPENAI.decode(line)
    _check_error(frame.error)
    if not frame.choices:
        return Frame(frame.model)
    choice = frame.choices[0]
    return Frame(frame.model, choice.delta.content or choice.message.content or "", choice.finish_reason is not None)


def _check_error(error: msgspec.Raw) -> None:
    if bytes(error) not in {b"", b"null"}:
        raise Spoiled(f"an error in the reply: {bytes(error)[:160].decode(errors='replace')}")

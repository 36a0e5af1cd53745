"""Mistral's `/v1/fim/completions`: a prefix and a suffix in, a chat-shaped reply out (wire/providers §4.12)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hearth.chat import CompleteRequest, Members
from hearth.dialects.body import value
from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import own_body
from hearth.dialects.framing import sse
from hearth.dialects.openai_chat.knobs import read_knobs, read_max_tokens
from hearth.dialects.openai_chat.outline import OpenAIOutline
from hearth.dialects.openai_chat.replies import DONE, ChatWriter, encode, finish_word, gather
from hearth.dialects.openai_chat.usage import write_usage
from hearth.dialects.openai_errors import envelope
from hearth.dialects.openai_errors import render as render_openai
from hearth.events import Done, Event, Finished
from hearth.problems import BadRequest, Problem, Unsupported

_END = b"]}\n\n"


def read_outline(members: Members) -> OpenAIOutline:
    """Return what planning needs. A suffix that is left out is an empty one. Raises `BadRequest`."""
    if "prompt" not in members:
        raise BadRequest("prompt: Field required", param="prompt")
    return OpenAIOutline(
        "fim",
        "complete",
        value(members, "model", str) or "",
        stream=value(members, "stream", bool) or False,
        needs=frozenset(("suffix",)),
        prompt_bytes=sum(len(bytes(members.get(name, b""))) for name in ("prompt", "suffix")),
        max_tokens=read_max_tokens(members),
        include_usage=True,
    )


def read(members: Members) -> CompleteRequest:
    """Return the gap. Raises `BadRequest`, or `Unsupported` for `min_tokens`, which has no meaning elsewhere."""
    if value(members, "min_tokens", int):
        raise Unsupported("Only Mistral itself can be held to min_tokens.", param="min_tokens")
    return CompleteRequest(
        value(members, "prompt", str) or "", suffix=value(members, "suffix", str) or "", knobs=read_knobs(members)
    )


class MistralWriter(ChatWriter):
    """Writes one reply: as chat does, with the usage in the last chunk, beside the reason for the end."""

    _ended: tuple[Finished, ...] = ()

    def _write(self, event: Event, out: list[bytes]) -> None:
        match event:
            case Finished():
                self._ended = (*self._ended, event)
            case Done():
                for finished in self._ended:
                    word = finish_word(finished, called=False)
                    self._chunk(out, finished.choice, b'{"content":""}', finish=b'"%b"' % word.encode())
                usage = write_usage(self._usage)
                if self._ended and usage is not None:
                    out[-1] = out[-1].removesuffix(_END) + b'],"usage":%b}\n\n' % encode(usage)
                out.append(DONE)
            case _:
                super()._write(event, out)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a `chat.completion`; its usage is there always, and empty where nobody counted."""
        choices, usage = gather(events, self._stamp)
        rows = [
            {
                "index": number,
                "message": {"role": "assistant", "content": "".join(choice.text), "tool_calls": None, "prefix": False},
                "finish_reason": choice.finish or "stop",
            }
            for number, choice in sorted(choices.items())
        ]
        return encode({**self._head, "choices": rows, "usage": write_usage(usage) or {}})

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream; no `[DONE]` follows."""
        return sse(_envelope(problem))


def render(problem: Problem) -> Rendered:
    """Return a whole error reply in Mistral's envelope; Mistral's own passes as it came."""
    rendered = render_openai(problem)
    return Rendered(rendered.status, rendered.headers, problem.raw if _passes(problem) else _envelope(problem))


class _Wire(msgspec.Struct):
    object: str = ""
    detail: msgspec.Raw | None = None


_decode = msgspec.json.Decoder(_Wire).decode


def _envelope(problem: Problem) -> bytes:
    """Return Mistral's flat error, with the type and the code that OpenAI has for it."""
    error = msgspec.json.decode(envelope(problem))["error"]
    return encode({"object": "error", **error})


def _passes(problem: Problem) -> bool:
    body = own_body(problem, _decode)
    return body is not None and (body.object == "error" or body.detail is not None)

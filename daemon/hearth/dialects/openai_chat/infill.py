"""llama.cpp's `/infill`: a gap and other files in, its native completion shape out (recordings llama-infill-*)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from hearth.chat import CompleteRequest, Knobs, Members, Need, SourceFile
from hearth.dialects.body import raw, value
from hearth.dialects.dialect import Rendered, Stamp
from hearth.dialects.framing import sse
from hearth.dialects.openai_chat.knobs import read_knobs
from hearth.dialects.openai_chat.outline import OpenAIOutline
from hearth.dialects.openai_chat.replies import HEARTBEAT, encode
from hearth.dialects.openai_errors import render as render_openai
from hearth.events import Done, Event, Failed, Finished, FinishReason, TextDelta, Usage
from hearth.problems import BadRequest, Problem, Unsupported

_SIZED = ("input_prefix", "input_suffix", "prompt", "input_extra")
_NO_OTHER = ("grammar", "json_schema", "n_probs", "lora")
"""Features that only llama.cpp itself has; samplers and the limits of its time are knobs."""
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    503: "unavailable_error",
}
_STOPS: dict[FinishReason, str] = {"stop": "eos", "length": "limit"}
_EMPTY = (b"null", b"[]", b'""', b"0", b"{}")


class _Extra(Struct):
    text: str
    filename: str = ""


def read_outline(members: Members) -> OpenAIOutline:
    """Return what planning needs. Raises `BadRequest` without a prefix or a suffix, as llama.cpp does."""
    for name in ("input_prefix", "input_suffix"):
        if name not in members:
            raise BadRequest(f'"{name}" is required', param=name)
    needs: set[Need] = {"suffix"}
    if bytes(members.get("input_extra", b"[]")) not in _EMPTY:
        needs.add("repository")
    return OpenAIOutline(
        "infill",
        "complete",
        value(members, "model", str) or "",
        stream=value(members, "stream", bool) or False,
        needs=frozenset(needs),
        prompt_bytes=sum(len(bytes(members.get(name, b""))) for name in _SIZED),
        max_tokens=_limit(members),
    )


def read(members: Members) -> CompleteRequest:
    """Return the gap, what stands in it already, and the other files. Raises `BadRequest` or `Unsupported`."""
    for name in _NO_OTHER:
        if bytes(members.get(name, b"null")) not in _EMPTY:
            raise Unsupported(f"Only a llama.cpp server knows {name}.", param=name)
    extra = value(members, "input_extra", list[_Extra]) or ()
    return CompleteRequest(
        value(members, "input_prefix", str) or "",
        suffix=value(members, "input_suffix", str) or "",
        knobs=_knobs(members),
        begun=value(members, "prompt", str) or "",
        context=tuple(SourceFile(one.filename, one.text) for one in extra),
    )


def _knobs(members: Members) -> Knobs:
    """Return the knobs: OpenAI's names and more, the limit under a name of its own, and negative numbers for none."""
    plain = {name: given for name, given in members.items() if name not in ("max_tokens", "max_completion_tokens")}
    knobs = read_knobs(plain)
    seed = knobs.seed if knobs.seed is not None and knobs.seed >= 0 else None
    return msgspec.structs.replace(knobs, seed=seed, max_tokens=_limit(members))


def _limit(members: Members) -> int | None:
    given: int | None = value(members, "n_predict", int)
    return given if given is not None and given >= 0 else None


def write_members(members: Members, request: CompleteRequest) -> Members:
    """Return OpenAI's members of a completion in llama.cpp's names, with what only it has a place for."""
    names = {"prompt": "input_prefix", "suffix": "input_suffix", "max_tokens": "n_predict"}
    written = {names.get(name, name): given for name, given in members.items()}
    if request.begun:
        written["prompt"] = raw(request.begun)
    if request.context:
        written["input_extra"] = raw([{"filename": file.name, "text": file.text} for file in request.context])
    return written


class InfillWriter:
    """Writes one reply: pieces with `stop` false, and a last object with `stop` true; there is no `[DONE]`."""

    content_type: str
    heartbeat = HEARTBEAT

    def __init__(self, outline: OpenAIOutline, stamp: Stamp) -> None:
        self.content_type = "text/event-stream" if outline.stream else "application/json; charset=utf-8"
        self._model = stamp.model
        self._usage = Usage()
        self._finished = Finished("unknown")
        self._lines = False

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the records of these events."""
        out: list[bytes] = []
        for event in events:
            match event:
                case TextDelta(text=text):
                    self._lines = self._lines or "\n" in text
                    out.append(sse(encode({"index": 0, "content": text, "tokens": [], "stop": False, "id_slot": -1})))
                case Done():
                    out.append(sse(self._last("")))
                case Failed(problem=problem):
                    out.append(self.failed(problem))
                case _:
                    self._note(event)
        return b"".join(out)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return one object. Raises the `Problem` of a `Failed` among the events."""
        text: list[str] = []
        for event in events:
            match event:
                case Failed(problem=problem):
                    raise problem
                case TextDelta():
                    text.append(event.text)
                case _:
                    self._note(event)
        said = "".join(text)
        self._lines = "\n" in said
        return self._last(said)

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream; nothing follows it."""
        return sse(_envelope(problem))

    def _note(self, event: Event) -> None:
        match event:
            case Usage():
                self._usage = event
            case Finished():
                self._finished = event

    def _last(self, text: str) -> bytes:
        usage, finished = self._usage, self._finished
        last: dict[str, object] = {
            "index": 0,
            "content": text,
            "tokens": [],
            "id_slot": -1,
            "stop": True,
            "model": self._model,
            "has_new_line": self._lines,
            "truncated": False,
            "stop_type": "word" if finished.sequence else _STOPS.get(finished.reason, "none"),
            "stopping_word": finished.sequence,
        }
        counts = {"tokens_predicted": usage.output, "tokens_evaluated": usage.input, "tokens_cached": usage.cached}
        last |= {name: count for name, count in counts.items() if count is not None}
        if (timings := _timings(usage)) is not None:
            last["timings"] = timings
        return encode(last)


def _timings(usage: Usage) -> dict[str, float] | None:
    """Return llama.cpp's clock, where the engine that answered told its own: some editors show it."""
    if None in (usage.input, usage.output, usage.input_ns, usage.output_ns):
        return None
    cached = usage.cached or 0
    read, made = (usage.input or 0) - cached, usage.output or 0
    read_ms, made_ms = (usage.input_ns or 0) / 1e6, (usage.output_ns or 0) / 1e6
    return {
        "cache_n": cached,
        "prompt_n": read,
        "prompt_ms": read_ms,
        "prompt_per_token_ms": read_ms / read if read else 0.0,
        "prompt_per_second": read * 1000 / read_ms if read_ms else 0.0,
        "predicted_n": made,
        "predicted_ms": made_ms,
        "predicted_per_token_ms": made_ms / made if made else 0.0,
        "predicted_per_second": made * 1000 / made_ms if made_ms else 0.0,
    }


def render(problem: Problem) -> Rendered:
    """Return a whole error reply in llama.cpp's envelope, which has a number for its code."""
    rendered = render_openai(problem)
    own = problem.raw and rendered.body == problem.raw
    return Rendered(rendered.status, rendered.headers, rendered.body if own else _envelope(problem))


def _envelope(problem: Problem) -> bytes:
    status = problem.http_status
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return encode({"error": {"code": status, "message": problem.text, "type": kind}})

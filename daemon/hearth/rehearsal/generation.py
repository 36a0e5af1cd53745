"""One answer of an Ollama engine: the request judged, the model loaded, the prompt fitted, the words paced."""

from __future__ import annotations

import asyncio
import secrets
import string
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, Literal

import msgspec

from hearth.rehearsal.content import Ask, ToolCall, answer_to, count_tokens
from hearth.rehearsal.engine import Engine, QueueFull, Runner, Wish
from hearth.rehearsal.golang import Refusal, go_json
from hearth.rehearsal.http import Reply
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Part, Speech

PER_MESSAGE = 9  # tokens of template around one message
PER_IMAGE = 768  # what Ollama assumes for an image
TOO_LONG = (
    "the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the "
    "context length in settings, or use a model with a longer context length"
)
ALPHANUMERIC = string.ascii_letters + string.digits


class Message(msgspec.Struct, frozen=True):
    """One message of a history: only what the engine looks at."""

    role: str
    text: str
    images: int = 0

    @property
    def tokens(self) -> int:
        """What it takes of the window."""
        return PER_MESSAGE + count_tokens(self.text) + PER_IMAGE * self.images


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A request to generate, in the engine's own terms. `asked` is the model's name as the client wrote it."""

    route: Literal["chat", "generate"]
    asked: str
    messages: tuple[Message, ...]
    tools: tuple[str, ...] = ()
    tool_tokens: int = 0
    wants_json: bool = False
    thinks: bool | str | None = None
    suffix: str = ""
    raw: bool = False
    truncate: bool = True
    num_predict: int = -1
    stops: tuple[str, ...] = ()
    wish: Wish = Wish()
    context: tuple[int, ...] = ()
    logprobs: int = -1


class Generation:
    """An answer under way. It holds a runner; `release` gives that back and may be called again."""

    def __init__(self, engine: Engine, task: Task, model: ModelScript, runner: Runner) -> None:
        self.engine = engine
        self.task = task
        self.model = model
        self.runner = runner
        self.thinking = "thinking" in model.capabilities and task.thinks is not False
        self.prompt_tokens = 0
        self.load_ns = 0
        self.prompt_ns = 0
        self.started = time.monotonic_ns()
        self._speaking = 0
        self._slot = False
        self._read_at = 0.0
        self._over = False
        self.speech = self._speech()

    def _speech(self) -> Speech:
        task, model = self.task, self.model
        ask = Ask(
            prompt=next((m.text for m in reversed(task.messages) if m.role == "user"), ""),
            after_tool=bool(task.messages) and task.messages[-1].role == "tool",
            tools=task.tools, thinks=self.thinking, wants_json=task.wants_json, suffix=task.suffix, says=model.says,
        )  # fmt: skip
        aborts = model.template_path == "B" or task.route == "generate"
        ceiling = 10 * self.runner.num_ctx
        return Speech(answer_to(ask), limit=task.num_predict, ceiling=ceiling, stops=task.stops, aborts=aborts)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls made, known once the words are through."""
        return self.speech.answer.calls if self.speech.calls else ()

    def whole_calls(self) -> tuple[ToolCall, ...]:
        """The calls whose arguments became whole. Raises Refusal where late ones did not."""
        whole = tuple(call for call in self.calls if not call.cut)
        if self.late_calls and len(whole) < len(self.calls):
            name = self.calls[-1].name
            text = f'llama-server returned invalid tool call arguments for "{name}": unexpected end of JSON input'
            raise Refusal(500, text, late=True)
        return whole

    @property
    def late_calls(self) -> bool:
        """Path A: calls come on the last object, path B each on one of its own."""
        return self.model.template_path == "A"

    def call_id(self) -> str:
        """An id as this template path gives: 32 letters and digits, or `call_` and 8."""
        if self.late_calls:
            return "".join(secrets.choice(ALPHANUMERIC) for _ in range(32))
        return "call_" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))

    def fit(self) -> None:
        """Count the prompt and cut it to the window, or refuse, as Ollama does (wire/ollama §5.3)."""
        task, window = self.task, self.runner.num_ctx
        limit = -(-window // 256) * 256
        tokens = sum(message.tokens for message in task.messages) + task.tool_tokens + len(task.context)
        if task.truncate and tokens > window:
            tokens = self._drop_oldest(tokens, window)
        cuts = task.truncate and (task.route == "generate" or self.model.template_path == "B")
        if cuts and tokens > window:
            if not task.wish.shift:
                raise Refusal(400, TOO_LONG, late=True)
            tokens = window if self.engine.script.truncates_to == "window" else window // 2 + 3
        if tokens > limit:
            raise Refusal(400, overflow(tokens, limit), late=True)
        self.prompt_tokens = tokens

    def _drop_oldest(self, tokens: int, window: int) -> int:
        for message in self.task.messages[:-1]:
            if tokens > window and message.role != "system":
                tokens -= message.tokens
        return tokens

    async def parts(self) -> AsyncIterator[Part]:
        """The words in order, each when the model would have it."""
        await self.runner.slots.acquire()
        self._slot = True
        began = time.monotonic_ns()
        self._read_at = time.monotonic() + self.model.prompt_seconds
        await asyncio.sleep(self.model.prompt_seconds)
        self.prompt_ns = time.monotonic_ns() - began
        began = time.monotonic_ns()
        for part in self.speech.parts():
            if self.model.pace:
                await asyncio.sleep(self.model.pace)
            yield part
        self._speaking = time.monotonic_ns() - began

    def metrics(self) -> dict[str, Any]:
        """The six figures of a last object: nanoseconds and tokens; zeros are left out."""
        figures = {
            "total_duration": time.monotonic_ns() - self.started,
            "load_duration": self.load_ns,
            "prompt_eval_count": self.prompt_tokens,
            "prompt_eval_duration": max(1000, self.prompt_ns),
            "eval_count": self.speech.count,
            "eval_duration": max(1000, self._speaking),
        }
        return {name: value for name, value in figures.items() if value}

    def release(self) -> None:
        """Give slot and runner back."""
        if self._over:
            return
        self._over = True
        if self._slot:
            left = self._read_at - time.monotonic() if self.model.reads_on else 0.0
            if left > 0:
                asyncio.get_running_loop().call_later(left, self.runner.slots.release)
            else:
                self.runner.slots.release()
        self.engine.release(self.runner)


async def streamed(
    generation: Generation, content_type: str, pieces: AsyncIterator[bytes], broken: Callable[[str], bytes]
) -> Reply:
    """A generation's reply as a stream. Until its first piece is there the status is open: a Refusal may be raised."""
    try:
        first = await anext(pieces)
    except BaseException:
        generation.release()
        raise
    body = _joined(first, pieces)
    return Reply(200, [("Content-Type", content_type)], body, broken=broken, released=generation.release)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for each in rest:
        yield each


def overflow(tokens: int, limit: int) -> str:
    """llama-server's own error for a prompt that does not fit: JSON inside the text (recording chat-too-long-*)."""
    error = {
        "code": 400,
        "message": f"request ({tokens} tokens) exceeds the available context size ({limit} tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": tokens,
        "n_ctx": limit,
    }
    return go_json({"error": error}).decode()


async def load(engine: Engine, model: ModelScript, wish: Wish) -> tuple[Runner, int]:
    """The runner of a model and the nanoseconds it took to get it; the caller must release it."""
    began = time.monotonic_ns()
    try:
        runner = await engine.runner(model, wish)
    except QueueFull:
        raise Refusal(503, "server busy, please try again.  maximum pending requests exceeded") from None
    return runner, max(1000, time.monotonic_ns() - began)


async def begin(engine: Engine, task: Task, model: ModelScript) -> Generation:
    """Load the model and fit the prompt. Raises Refusal; the caller must release what it gets."""
    started = time.monotonic_ns()
    runner, load_ns = await load(engine, model, task.wish)
    generation = Generation(engine, task, model, runner)
    generation.started, generation.load_ns = started, load_ns
    try:
        _refuse_images(task, model)
        generation.fit()
    except Refusal:
        generation.release()
        raise
    return generation


def _refuse_images(task: Task, model: ModelScript) -> None:
    if "vision" in model.capabilities or not any(message.images for message in task.messages):
        return
    if task.route == "chat":
        hint = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
        inner = {"code": 500, "message": hint, "type": "server_error"}
    else:
        text = "Multimodal data provided, but model does not support multimodal requests."
        inner = {"code": 400, "message": text, "type": "invalid_request_error"}
    raise Refusal(500 if task.route == "chat" else 400, go_json({"error": inner}).decode(), late=True)

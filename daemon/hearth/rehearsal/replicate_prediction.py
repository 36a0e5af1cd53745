"""One prediction of a rehearsed Replicate: it runs by the clock, whoever watches, until it ends or is cancelled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]
STEP_S = 0.01
CREATED = "2026-11-20T10:00:00.000000Z"
BROKEN = "the model broke off on purpose"


class Prediction:
    """A prediction. `streams` says whether it has a stream."""

    def __init__(self, id: str, model: ModelScript, given: Object, base: str, streams: bool) -> None:  # noqa: FBT001 -- one of its five facts
        self.id = id
        self._model = model
        self._given = given
        self._base = base
        self._streams = streams
        self._began = time.monotonic()
        self._canceled_at: float | None = None
        prompt = _prompt(given)
        limit = given.get("max_tokens") or given.get("max_completion_tokens")
        self._tokens = count_tokens(prompt) + count_tokens(str(given.get("system_prompt") or ""))
        speech = Speech(
            answer_to(Ask(prompt=prompt, says=model.says)),
            limit=-1 if limit is None else int(limit),
            ceiling=10 * model.context_length,
            stops=tuple(filter(None, str(given.get("stop_sequences") or "").split(","))),
        )
        self._parts = [text for _, text in speech.parts()]
        self._fails = "fail" in prompt.lower()

    def cancel(self) -> None:
        """Stop, unless it has ended."""
        if self.status in ("starting", "processing"):
            self._canceled_at = time.monotonic()

    @property
    def _elapsed(self) -> float:
        until = time.monotonic() if self._canceled_at is None else self._canceled_at
        return until - self._began - self._model.prompt_seconds

    @property
    def _ready(self) -> int:
        """How many pieces are there by now."""
        most = 2 if self._fails else len(self._parts)
        if self._elapsed < 0:
            return 0
        pace = self._model.tokens_per_second
        return min(most, int(self._elapsed * pace)) if pace else most

    @property
    def status(self) -> str:
        """How it stands."""
        if self._canceled_at is not None:
            return "canceled"
        if self._elapsed < 0:
            return "starting"
        if self._fails and self._ready == 2:
            return "failed"
        return "succeeded" if self._ready == len(self._parts) and not self._fails else "processing"

    def shown(self, *, fresh: bool = False) -> Object:
        """The prediction as JSON; a fresh one has always just begun to start."""
        status = "starting" if fresh else self.status
        urls = {"get": f"{self._base}/predictions/{self.id}", "cancel": f"{self._base}/predictions/{self.id}/cancel"}
        if self._streams:
            urls["stream"] = f"{self._base}/streams/{self.id}"
        ended = status not in ("starting", "processing")
        return {
            "id": self.id,
            "model": self._model.name,
            "version": self._model.full_digest,
            "input": self._given,
            "logs": "",
            "output": None if fresh else self._parts[: self._ready] or None,
            "error": BROKEN if status == "failed" else None,
            "status": status,
            "created_at": CREATED,
            "started_at": None if status == "starting" else CREATED,
            "completed_at": CREATED if ended else None,
            "metrics": self._metrics() if ended else {},
            "urls": urls,
        }

    def _metrics(self) -> Object:
        return {
            "predict_time": max(self._elapsed, 0.0),
            "total_time": self._elapsed + self._model.prompt_seconds,
            "input_token_count": self._tokens,
            "output_token_count": self._ready,
        }

    async def events(self) -> AsyncIterator[bytes]:
        """The stream: each piece as it comes, then how it ended."""
        said = 0
        while True:
            status, ready = self.status, self._ready
            for text in self._parts[said:ready]:
                said += 1
                yield _event("output", text, said)
            if status not in ("starting", "processing"):
                break
            await asyncio.sleep(STEP_S)
        if status == "failed":
            yield _event("error", BROKEN, said + 1)
        reasons = {"failed": b'{"reason":"error"}', "canceled": b'{"reason":"canceled"}'}
        yield _event("done", reasons.get(status, b"{}").decode(), said + 2)

    def broken(self, text: str) -> bytes:
        """An error in the middle of a stream, and its end."""
        detail = msgspec.json.encode({"detail": text}).decode()
        return _event("error", detail, 998) + _event("done", '{"reason":"error"}', 999)


def _event(kind: str, data: str, number: int) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"event: {kind}\nid: 1690212292:{number}\n{lines}\n".encode()


def _prompt(given: Object) -> str:
    if "messages" in given:
        users = [each for each in given["messages"] if each.get("role") == "user"]
        return str(users[-1]["content"]) if users else ""
    return str(given.get("prompt") or "")

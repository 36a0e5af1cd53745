"""The exchanges of one answer: what the model takes, the creation, then its stream or question after question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from hearth.chat import ChatRequest
from hearth.dialects.dialect import Destination, Head, HttpRequest, ReplyReader
from hearth.dialects.exchanges import Exchange
from hearth.dialects.replicate.failures import canceled, failed
from hearth.dialects.replicate.inputs import write_input
from hearth.dialects.replicate.places import Place, place_of
from hearth.dialects.replicate.prediction import RUNNING, Prediction, read_prediction, read_usage, split_url
from hearth.dialects.replicate.schema import UNKNOWN, Fields, read_description
from hearth.dialects.replicate.streams import BodyReader, StreamReader
from hearth.events import Done, Event, Failed, Finished, Frame, Started, TextDelta
from hearth.problems import BrokenReply, ProviderProblem

POLL_S = 0.5
DESCRIPTION_S = 3600.0
"""How long a description of a model holds; its input rarely changes, and a version's never does."""
LAGS = 2
"""How often a prediction that has streamed its end may still say that it runs, before its counts are given up."""
Stage = Literal["describe", "create", "stream", "poll", "measure", "over"]
Headers = tuple[tuple[str, str], ...]
_JSON = ("Accept", "application/json")


class Series:
    """Implements `hearth.dialects.exchanges.Exchanges` for one request."""

    def __init__(self, request: ChatRequest, to: Destination, *, stream: bool) -> None:
        self._request = request
        self._to = to
        self._stream = stream
        self._place = place_of(to.model)
        self._further = ""
        self._fields: Fields = UNKNOWN
        self._stage: Stage = "describe" if self._place.described else "create"
        self._prediction: Prediction | None = None
        self._asked_at = self._streams_at = ("", "")
        self._said = ""
        self._lags = 0
        self._reader: ReplyReader = BodyReader(lambda _: [], to.provider)

    def next(self) -> Exchange | None:
        """Return the exchange that comes now."""
        match self._stage:
            case "describe":
                self._read_by(self._take_description)
                exchange = self._made("GET", self._path(self._further or self._place.described))
                return replace(exchange, keep_s=DESCRIPTION_S, optional=True)
            case "create":
                self._read_by(self._take_creation)
                return self.creation()
            case "stream":
                return self._streaming()
            case "poll":
                self._read_by(self._take_state)
                return replace(self._asking(), pause_s=POLL_S)
            case "measure":
                self._read_by(self._take_counts)
                return replace(self._asking(), pause_s=POLL_S if self._lags else 0.0, optional=True)
        return None

    def reader(self, head: Head) -> ReplyReader:  # noqa: ARG002 -- which exchange it was says all
        """Return the reader of the exchange returned last."""
        return self._reader

    def reader_of_state(self, head: Head) -> ReplyReader:
        """Return a reader for a prediction as it stands."""
        self._read_by(self._take_state)
        return self.reader(head)

    def missed(self, problem: ProviderProblem) -> list[Frame]:  # noqa: ARG002 -- whatever it was, the way on is the same
        """Go on without a description, with questions instead of a stream, or without counts."""
        if self._stage == "describe":
            self._stage = "create"
        elif self._stage == "stream":
            self._stage = "poll"
        elif self._stage == "measure":
            return [Frame(b"", tuple(self._end(None)))]
        return []

    def cancel(self) -> Exchange | None:
        """Return what cancels the prediction while it runs: by its id, at the configured address and no other."""
        if self._prediction is None or self._stage in ("measure", "over"):
            return None
        return self._made("POST", self._path(f"predictions/{self._prediction.id}/cancel"))

    def heard(self, text: str) -> None:
        """Take note of text that the stream gave."""
        self._said += text

    def ended(self) -> None:
        """Ask what it has cost, now that the stream is done."""
        self._stage = "measure"

    def cut(self) -> None:
        """Ask the prediction how it went on without the stream."""
        self._stage = "poll"

    def _read_by(self, take: Callable[[bytes], list[Event]]) -> None:
        self._reader = BodyReader(take, self._to.provider)

    def _made(self, method: str, path: str, *, base: str = "", accept: Headers = (_JSON,)) -> Exchange:
        return Exchange(HttpRequest(method, path, (*accept, *self._to.headers), b""), base)

    def _path(self, path: str) -> str:
        return f"{self._to.prefix.rstrip('/')}/{path}"

    def creation(self) -> Exchange:
        """Return the creation. The config's `extra` lies over it: `input` over the input, all else beside it."""
        extra = {name: given for name, given in self._to.extra.items() if name != "input"}
        written = write_input(self._request, self._fields, self._to.defaults)
        if "input" in self._to.extra:
            written |= msgspec.json.decode(self._to.extra["input"], type=dict[str, Any])
        body: dict[str, Any] = {"version": self._place.version} if self._place.version else {}
        body |= {"input": written, "stream": self._stream, **extra}
        headers = (("Content-Type", "application/json"), _JSON, *self._to.headers)
        request = HttpRequest("POST", self._path(self._place.created), headers, msgspec.json.encode(body))
        return Exchange(request, binding=True)

    def _streaming(self) -> Exchange:
        self._reader = StreamReader(self._to.provider, self)
        base, path = self._streams_at
        accept = (("Accept", "text/event-stream"), ("Cache-Control", "no-store"))
        return replace(self._made("GET", path, base=base, accept=accept), optional=True)

    def _asking(self) -> Exchange:
        """Return the question after the prediction, at the address it names itself."""
        base, path = self._asked_at
        return self._made("GET", path, base=base)

    def _take_description(self, body: bytes) -> list[Event]:
        """Take in the inputs; a deployment only names the version that has them. Nothing readable means no more."""
        found = read_description(body)
        if found.further and not self._further:
            self._further = place_of(found.further).described
            return []
        self._fields = found.fields or UNKNOWN
        if found.version:
            self._place = Place("predictions", version=found.version)
        self._stage = "create"
        return []

    def _take_creation(self, body: bytes) -> list[Event]:
        try:
            prediction = self._prediction = read_prediction(body)
            get, stream = prediction.url("get"), prediction.url("stream")
            self._asked_at = split_url(get) if get else ("", self._path(f"predictions/{prediction.id}"))
            self._streams_at = split_url(stream) if stream else ("", "")
        except ValueError:
            return [self._broken("What came is no prediction.")]
        self._stage = "stream" if self._stream and stream else "poll"
        return [Started(prediction.id, prediction.model or ""), *self._heed(prediction)]

    def _take_state(self, body: bytes) -> list[Event]:
        try:
            return self._heed(read_prediction(body))
        except ValueError:
            return [self._broken("What came is no prediction.")]

    def _heed(self, prediction: Prediction) -> list[Event]:
        """Return what a prediction says beyond what was said, and its end if it has come to one."""
        text, running = prediction.text, prediction.status in RUNNING
        if not running and prediction.status != "succeeded":
            return [*self._more(text or ""), self._fail(prediction)]
        if text is None:
            return [self._broken("This model answers in something else than text.")]
        if running and self._said.startswith(text):
            return []  # what is shown may lag behind what was streamed
        if not text.startswith(self._said):
            return [self._broken("The prediction took back what it had said.")]
        return self._more(text) + ([] if running else self._end(prediction))

    def _more(self, text: str) -> list[Event]:
        """Return what a text has beyond what was said, which it begins with."""
        if not text.startswith(self._said) or text == self._said:
            return []
        more = text[len(self._said) :]
        self._said = text
        return [TextDelta(more)]

    def _fail(self, prediction: Prediction) -> Failed:
        self._stage = "over"
        who = self._to.provider
        return Failed(failed(str(prediction.error or ""), who) if prediction.status == "failed" else canceled(who))

    def _take_counts(self, body: bytes) -> list[Event]:
        """Take in what a prediction that has streamed its end has cost, once it knows that it has ended."""
        try:
            prediction = read_prediction(body)
        except ValueError:
            return self._end(None)
        if prediction.status in RUNNING and self._lags < LAGS:
            self._lags += 1
            return []
        return self._end(prediction)

    def _end(self, prediction: Prediction | None) -> list[Event]:
        """Return the end of a good answer; it was cut by its limit where it has as many tokens as that."""
        self._stage = "over"
        usage = read_usage(prediction) if prediction is not None else None
        limit = self._request.knobs.max_tokens or self._to.defaults.max_tokens
        full = usage is not None and usage.output is not None and limit is not None and usage.output >= limit
        counted: list[Event] = [usage] if usage is not None else []
        return [Finished("length" if full else "stop", "succeeded"), *counted, Done()]

    def _broken(self, what: str) -> Failed:
        return Failed(BrokenReply(what, who=self._to.provider))

"""The bytes of a mock reply in each dialect, as pure functions: so a client can compute what should have reached it."""

from collections.abc import Callable

import msgspec

NDJSON = b"application/x-ndjson"
SSE = b"text/event-stream"
JSON = b"application/json; charset=utf-8"

FILLER = (
    b"The quick brown fox jumps over the lazy dog while the gateway is being measured, "
    b"and then it does so once more so that this answer has the length of a short paragraph. END."
)
"""Rounds a whole reply to about 600 bytes; its last word shows that nothing was cut."""


class Reply(msgspec.Struct, frozen=True):
    """What one reply depends on, apart from the times of its pieces; `prompt` is the size of the prompt in bytes."""

    model: str
    stream: int
    prompt: int
    pieces: int
    usage: bool = False

    @property
    def counts(self) -> tuple[int, int]:
        """The tokens of prompt and answer that the mock tells."""
        return max(1, self.prompt // 4), max(1, self.pieces)


class Script(msgspec.Struct, frozen=True):
    """A reply with gaps for its text: `opening`, then for each piece `before` text `after`, then `ending`."""

    content_type: bytes
    opening: bytes
    before: bytes
    after: bytes
    ending: bytes

    def written(self, texts: list[bytes]) -> bytes:
        """The whole body that says these texts."""
        return b"".join([self.opening, *(self.before + text + self.after for text in texts), self.ending])


class Voice(msgspec.Struct, frozen=True):
    """A dialect's route: whether it streams unasked, and how it says a stream and a whole reply."""

    path: str
    streams: bool
    stream: Callable[[Reply], Script]
    whole: Callable[[Reply], Script]


def whole_text(first: bytes, prompt: int) -> bytes:
    """What a whole reply says: one piece's text, the size of the prompt that arrived, and filler."""
    return b"%bp=%d %b" % (first, prompt, FILLER)


def ollama_chat_stream(reply: Reply) -> Script:
    """Lines of `/api/chat`."""
    head = _ollama_head(reply) + b'"message":{"role":"assistant","content":"'
    ending = head + b'"},"done":true,' + _ollama_counts(reply) + b"}\n"
    return Script(NDJSON, b"", head, b'"},"done":false}\n', ending)


def ollama_chat_whole(reply: Reply) -> Script:
    """The one object of `/api/chat` with `stream` false."""
    head = _ollama_head(reply) + b'"message":{"role":"assistant","content":"'
    return Script(JSON, b"", head, b'"},"done":true,' + _ollama_counts(reply) + b"}", b"")


def ollama_generate_stream(reply: Reply) -> Script:
    """Lines of `/api/generate`."""
    head = _ollama_head(reply) + b'"response":"'
    ending = head + b'","done":true,' + _ollama_counts(reply) + b',"context":[1,2,3]}\n'
    return Script(NDJSON, b"", head, b'","done":false}\n', ending)


def ollama_generate_whole(reply: Reply) -> Script:
    """The one object of `/api/generate` with `stream` false."""
    head = _ollama_head(reply) + b'"response":"'
    return Script(JSON, b"", head, b'","done":true,' + _ollama_counts(reply) + b',"context":[1,2,3]}', b"")


def openai_chat_stream(reply: Reply) -> Script:
    """Events of `/v1/chat/completions`: role, pieces, finish reason, usage where asked for, `[DONE]`."""
    head = b"data: " + _openai_head(reply, b"chat.completion.chunk")
    tail = b'},"logprobs":null,"finish_reason":null}]}\n\n'
    choice = head + b'{"index":0,"delta":{'
    ending = choice + b'},"logprobs":null,"finish_reason":"stop"}]}\n\n'
    if reply.usage:
        ending += head + b"]," + _openai_usage(reply) + b"}\n\n"
    opening = choice + b'"role":"assistant","content":""' + tail
    return Script(SSE, opening, choice + b'"content":"', b'"' + tail, ending + b"data: [DONE]\n\n")


def openai_chat_whole(reply: Reply) -> Script:
    """The one object of `/v1/chat/completions` without `stream`."""
    head = _openai_head(reply, b"chat.completion") + b'{"index":0,"message":{"role":"assistant","content":"'
    after = b'","refusal":null},"logprobs":null,"finish_reason":"stop"}],' + _openai_usage(reply) + b"}"
    return Script(JSON, b"", head, after, b"")


def loaded(model: str) -> bytes:
    """Ollama's answer to a call without a prompt: the model is in memory now."""
    head = _ollama_head(Reply(model=model, stream=0, prompt=0, pieces=0))
    return head + b'"message":{"role":"assistant","content":""},"done":true,"done_reason":"load"}'


VOICES = {
    voice.path: voice
    for voice in (
        Voice("/api/chat", streams=True, stream=ollama_chat_stream, whole=ollama_chat_whole),
        Voice("/api/generate", streams=True, stream=ollama_generate_stream, whole=ollama_generate_whole),
        Voice("/v1/chat/completions", streams=False, stream=openai_chat_stream, whole=openai_chat_whole),
    )
}


def _ollama_head(reply: Reply) -> bytes:
    return b'{"model":%b,"created_at":"2026-08-21T18:48:22.123456789Z",' % msgspec.json.encode(reply.model)


def _ollama_counts(reply: Reply) -> bytes:
    return (
        b'"done_reason":"stop","total_duration":4000000,"load_duration":1000000,"prompt_eval_count":%d,'
        b'"prompt_eval_duration":1000000,"eval_count":%d,"eval_duration":2000000'
    ) % reply.counts


def _openai_head(reply: Reply, kind: bytes) -> bytes:
    return (
        b'{"id":"chatcmpl-%d","object":"%b","created":1785578400,"model":%b,"system_fingerprint":"fp_mock","choices":['
    ) % (reply.stream, kind, msgspec.json.encode(reply.model))


def _openai_usage(reply: Reply) -> bytes:
    asked, said = reply.counts
    return b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}' % (asked, said, asked + said)

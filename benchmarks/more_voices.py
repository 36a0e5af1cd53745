"""The bytes of a mock reply in the dialects of Anthropic, Gemini, Cohere and the Responses API."""

import msgspec

from voices import JSON, SSE, VOICES, Reply, Script, Voice

GEMINI = "/v1beta/models/"
"""What Gemini's paths begin with: they name the model, and whether it streams."""


def _event(kind: bytes, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind, data)


def _response(reply: Reply, status: bytes, output: bytes, usage: bytes = b"null") -> bytes:
    return (
        b'{"id":"resp_%d","object":"response","created_at":1785578400,"status":"%b","error":null,'
        b'"incomplete_details":null,"instructions":null,"metadata":{},"model":%b,"output":[%b],'
        b'"parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,"usage":%b}'
    ) % (reply.stream, status, msgspec.json.encode(reply.model), output, usage)


def _response_usage(reply: Reply) -> bytes:
    asked, said = reply.counts
    return (
        b'{"input_tokens":%d,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":%d,'
        b'"output_tokens_details":{"reasoning_tokens":0},"total_tokens":%d}'
    ) % (asked, said, asked + said)


_ITEM = b'{"id":"msg_1","type":"message","status":"%b","role":"assistant","content":[%b]}'
_PART = b'{"type":"output_text","annotations":[],"logprobs":[],"text":"'
_AT = b'"output_index":0,"item_id":"msg_1","content_index":0,'


def responses_stream(reply: Reply) -> Script:
    """Events of `/v1/responses`; the last ones leave the whole text out, which their real server repeats."""
    added = b'{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":%b}'
    begun = b'{"type":"response.content_part.added","sequence_number":2,%b"part":%b"}}' % (_AT, _PART)
    made = b'{"type":"response.created","sequence_number":0,"response":%b}' % _response(reply, b"in_progress", b"")
    opening = (
        _event(b"response.created", made)
        + _event(b"response.output_item.added", added % (_ITEM % (b"in_progress", b"")))
        + _event(b"response.content_part.added", begun)
    )
    before = b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":3,'
    done = b'{"type":"response.output_item.done","sequence_number":4,"output_index":0,"item":%b}'
    whole = _response(reply, b"completed", b"", _response_usage(reply))
    last = b'{"type":"response.completed","sequence_number":5,"response":%b}' % whole
    ending = _event(b"response.output_item.done", done % (_ITEM % (b"completed", b""))) + _event(
        b"response.completed", last
    )
    return Script(SSE, opening, before + _AT + b'"logprobs":[],"delta":"', b'"}\n\n', ending)


def responses_whole(reply: Reply) -> Script:
    """The one object of `/v1/responses`."""
    before, _, after = _response(
        reply, b"completed", _ITEM % (b"completed", _PART + b'\0"}'), _response_usage(reply)
    ).partition(b"\0")
    return Script(JSON, b"", before, after, b"")


def _message(reply: Reply, content: bytes, stop: bytes, said: int) -> bytes:
    return (
        b'{"id":"msg_%d","type":"message","role":"assistant","model":%b,"content":[%b],"stop_reason":%b,'
        b'"stop_sequence":null,"usage":{"input_tokens":%d,"output_tokens":%d}}'
    ) % (reply.stream, msgspec.json.encode(reply.model), content, stop, reply.counts[0], said)


def messages_stream(reply: Reply) -> Script:
    """Events of `/v1/messages`: one block of text."""
    started = b'{"type":"message_start","message":%b}' % _message(reply, b"", b"null", 1)
    block = b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'
    before = (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"'
    )
    delta = (
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":%d}}'
    )
    ending = (
        _event(b"content_block_stop", b'{"type":"content_block_stop","index":0}')
        + _event(b"message_delta", delta % reply.counts[1])
        + _event(b"message_stop", b'{"type":"message_stop"}')
    )
    opening = _event(b"message_start", started) + _event(b"content_block_start", block)
    return Script(SSE, opening, before, b'"}}\n\n', ending)


def messages_whole(reply: Reply) -> Script:
    """The one object of `/v1/messages`."""
    whole = _message(reply, b'{"type":"text","text":"\0"}', b'"end_turn"', reply.counts[1])
    before, _, after = whole.partition(b"\0")
    return Script(JSON, b"", before, after, b"")


def _chunk(reply: Reply, finish: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the text of one of Gemini's objects."""
    asked, said = reply.counts
    after = (
        b'"}],"role":"model"},%b"index":0}],"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,'
        b'"totalTokenCount":%d},"modelVersion":%b,"responseId":"mock-%d"}'
    ) % (finish, asked, said, asked + said, msgspec.json.encode(reply.model), reply.stream)
    return b'{"candidates":[{"content":{"parts":[{"text":"', after


def gemini_stream(reply: Reply) -> Script:
    """Events of `:streamGenerateContent?alt=sse`; the last says why it ended."""
    before, after = _chunk(reply, b"")
    last, end = _chunk(reply, b'"finishReason":"STOP",')
    return Script(SSE, b"", b"data: " + before, after + b"\r\n\r\n", b"data: " + last + end + b"\r\n\r\n")


def gemini_whole(reply: Reply) -> Script:
    """The one object of `:generateContent`."""
    before, after = _chunk(reply, b'"finishReason":"STOP",')
    return Script(JSON, b"", before, after, b"")


def _cohere_usage(reply: Reply) -> bytes:
    asked, said = reply.counts
    tokens = b'{"input_tokens":%d,"output_tokens":%d}' % (asked, said)
    return b'"usage":{"billed_units":%b,"tokens":%b}' % (tokens, tokens)


def cohere_stream(reply: Reply) -> Script:
    """Events of `/v2/chat`."""
    empty = b'{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}'
    start = b'{"type":"message-start","id":"%d","delta":%b}' % (reply.stream, empty)
    block = b'{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}'
    before = b'event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"'
    end = b'{"type":"message-end","id":"%d","delta":{"finish_reason":"COMPLETE",%b}}'
    ending = _event(b"content-end", b'{"type":"content-end","index":0}')
    ending += _event(b"message-end", end % (reply.stream, _cohere_usage(reply)))
    return Script(SSE, _event(b"message-start", start) + _event(b"content-start", block), before, b'"}}}}\n\n', ending)


def cohere_whole(reply: Reply) -> Script:
    """The one object of `/v2/chat`."""
    before = b'{"id":"%d","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"'
    return Script(JSON, b"", before % reply.stream, b'"}]},' + _cohere_usage(reply) + b"}", b"")


ALL_VOICES = VOICES | {
    voice.path: voice
    for voice in (
        Voice("/v1/responses", streams=False, stream=responses_stream, whole=responses_whole),
        Voice("/v1/messages", streams=False, stream=messages_stream, whole=messages_whole),
        Voice(GEMINI, streams=False, stream=gemini_stream, whole=gemini_whole),
        Voice("/v2/chat", streams=False, stream=cohere_stream, whole=cohere_whole),
    )
}

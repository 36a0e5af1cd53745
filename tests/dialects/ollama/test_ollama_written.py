"""Requests written for an Ollama from their meaning: complete, or refused."""

import json
from typing import Any

import ollama
import pytest
from msgspec import Raw

from hearth.chat import (
    Audio,
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    File,
    Format,
    Image,
    Knobs,
    Message,
    Reasoning,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Pins
from hearth.dialects.ollama import CALLED, SERVED
from hearth.problems import Unsupported

TO = Destination("ollama", "qwen3:8b", pins=Pins(8192, -1, shift=False), local_only=True)
BARE = Destination("ollama", "m")
HELLO = Message("user", (Text("Hello"),))


def sent(request: Request, to: Destination = BARE, *, stream: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CALLED.request(request, to, stream=stream).body)
    return found


def test_a_chat() -> None:
    """All goes through `/api/chat`, with the same pinned options as on every other call; nothing is truncated."""
    request = CALLED.request(ChatRequest((HELLO,), Knobs(max_tokens=5, stop=("x",))), TO, stream=True)

    assert request.path == "/api/chat"
    assert json.loads(request.body) == {
        "model": "qwen3:8b:local",
        "stream": True,
        "shift": False,
        "messages": [{"role": "user", "content": "Hello"}],
        "options": {"num_ctx": 8192, "num_predict": 5, "stop": ["x"]},
        "keep_alive": -1,
        "truncate": False,
    }


def test_what_is_absent_stays_absent() -> None:
    """A caller of OpenAI who sets no temperature gets the model's own, not 1.0."""
    assert sent(ChatRequest((HELLO,))) == {
        "model": "m:latest",
        "stream": False,
        "messages": [{"role": "user", "content": "Hello"}],
        "truncate": False,
    }


def test_a_conversation_with_tools() -> None:
    """Results become messages of their own, named after their calls; arguments are objects."""
    call = ToolCall("call_1", "f", '{"x": 1}')
    messages = (
        Message("system", (Text("a"), Text("b"))),
        Message("assistant", (Thinking("Hm."), call, ToolCall("call_2", "g", ""))),
        Message(
            "user", (ToolResult("call_2", (Text("2"),)), ToolResult("call_1", (Text("1"), Image("aGk="))), Text("So?"))
        ),
    )

    found = sent(ChatRequest(messages, tools=(Tool("f", "d", Raw(b'{"type":"object"}')), Tool("g"))))

    assert found["messages"] == [
        {"role": "system", "content": "a\nb"},
        {"role": "assistant", "content": "", "thinking": "Hm.", "tool_calls": [
            {"function": {"name": "f", "arguments": {"x": 1}}, "id": "call_1"},
            {"function": {"name": "g", "arguments": {}}, "id": "call_2"},
        ]},
        {"role": "tool", "content": "2", "tool_name": "g", "tool_call_id": "call_2"},
        {"role": "tool", "content": "1", "images": ["aGk="], "tool_name": "f", "tool_call_id": "call_1"},
        {"role": "user", "content": "So?"},
    ]  # fmt: skip
    assert [tool["function"]["name"] for tool in found["tools"]] == ["f", "g"]
    assert [ollama.Tool.model_validate(tool).type for tool in found["tools"]] == ["function", "function"]


def test_images() -> None:
    """Base64 goes as it is, out of a data: URL too; sound goes the same way."""
    message = Message("user", (Text("x"), Image("aGk="), Image(url="data:image/png;base64,QUJD"), Audio("WFla", "wav")))

    assert sent(ChatRequest((message,)))["messages"][0]["images"] == ["aGk=", "QUJD", "WFla"]


@pytest.mark.parametrize(
    ("reasoning", "think"),
    [
        (Reasoning(), None),
        (Reasoning(on=True), True),
        (Reasoning(on=False), False),
        (Reasoning(effort="minimal"), "low"),
        (Reasoning(on=True, effort="medium"), "medium"),
        (Reasoning(effort="xhigh"), "max"),
    ],
)
def test_thinking(reasoning: Reasoning, think: bool | str | None) -> None:
    """Effort is said in Ollama's words; silence stays silence."""
    assert sent(ChatRequest((HELLO,), reasoning=reasoning)).get("think") == think


def test_formats() -> None:
    """A schema goes as it came."""
    assert sent(ChatRequest((HELLO,), format=Format("json")))["format"] == "json"
    assert sent(ChatRequest((HELLO,), format=Format("json_schema", Raw(b'{"a":1}'))))["format"] == {"a": 1}


def test_probabilities() -> None:
    """Token probabilities are asked for as Ollama has them."""
    found = sent(ChatRequest((HELLO,), logprobs=True, top_logprobs=3))

    assert (found["logprobs"], found["top_logprobs"]) == (True, 3)


def test_no_tools_by_choice() -> None:
    """Ollama ignores a choice of tools; "none" is the same as offering none."""
    request = ChatRequest((HELLO,), tools=(Tool("f"),), tool_choice=ToolChoice("none"))

    assert "tools" not in sent(request)


def test_a_completion() -> None:
    """A gap is filled natively by `/api/generate`; plain completions go there too, as in Ollama's `/v1/completions`."""
    request = CompleteRequest(
        "def f(", suffix="return", system="s", images=(Image("aGk="),), knobs=Knobs(temperature=0.0)
    )

    assert CALLED.request(request, BARE, stream=False).path == "/api/generate"
    assert sent(request) == {
        "model": "m:latest",
        "stream": False,
        "prompt": "def f(",
        "suffix": "return",
        "system": "s",
        "images": ["aGk="],
        "options": {"temperature": 0},
        "truncate": False,
    }


def test_embeddings() -> None:
    """Inputs go as a list, in which an empty text has a vector too; too long ones are refused, not cut."""
    assert sent(EmbedRequest(("a", ""), dimensions=4), TO) == {
        "model": "qwen3:8b",
        "input": ["a", ""],
        "dimensions": 4,
        "options": {"num_ctx": 8192},
        "keep_alive": -1,
        "truncate": False,
    }


def test_defaults() -> None:
    """The target's defaults fill what the request leaves open."""
    to = Destination("ollama", "m", defaults=Knobs(temperature=0.7, top_k=5))

    assert sent(ChatRequest((HELLO,), Knobs(temperature=0.0)), to)["options"] == {"temperature": 0, "top_k": 5}


@pytest.mark.parametrize(
    "request_",
    [
        ChatRequest((HELLO,), tool_choice=ToolChoice("required")),
        ChatRequest((HELLO,), tool_choice=ToolChoice("named", "f")),
        ChatRequest((HELLO,), choices=2),
        ChatRequest((Message("user", (Image(url="https://example.com/a.png"),)),)),
        ChatRequest((Message("user", (File("aGk=", "application/pdf"),)),)),
        ChatRequest((Message("assistant", (ToolCall("1", "f", '{"x":'),)),)),
        ChatRequest((Message("assistant", (ToolCall("1", "f", "[1]"),)),)),
        CompleteRequest("x", choices=2),
        CompleteRequest("x", echo=True),
        EmbedRequest(((1, 2),)),
    ],
)
def test_what_ollama_cannot_do_is_refused(request_: Request) -> None:
    """A feature is never dropped: what `/api` cannot carry is refused before anything is sent."""
    with pytest.raises(Unsupported) as raised:
        CALLED.request(request_, BARE, stream=False)

    assert raised.value.param


def test_there_and_back() -> None:
    """What is written is read back to the same meaning."""
    request = ChatRequest(
        (
            Message("system", (Text("s"),)),
            Message("user", (Text("x"), Image("aGk="))),
            Message("assistant", (Thinking("t"), Text("y"), ToolCall("1", "f", '{"a":1}'))),
            Message("tool", (ToolResult("1", (Text("z"),), name="f"),)),
        ),
        Knobs(temperature=0.5, top_k=3, seed=7, max_tokens=9, stop=("a", "b"), presence_penalty=0.1),
        tools=(Tool("f", "d", Raw(b'{"type":"object"}')),),
        format=Format("json_schema", Raw(b'{"type":"object"}')),
        reasoning=Reasoning(on=True, effort="high"),
        logprobs=True,
        top_logprobs=2,
    )

    assert SERVED.read("chat", cut(CALLED.request(request, BARE, stream=True).body)) == request

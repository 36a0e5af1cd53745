"""Turns of a conversation written as Anthropic takes them: roles merged, results first, only its own thinking."""

from typing import Any

import pytest
from msgspec import Raw, structs

from dialects.anthropic.anthropic_golden import BOX, sent
from hearth.chat import (
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from hearth.dialects.dialect import Destination
from hearth.problems import Unsupported

FABLE = Destination("anthropic", "claude-fable-5")
MINIMAX = Destination("minimax", "MiniMax-M2.5", prefix="/anthropic")
LOOK = Tool("look", "Looks", Raw(b'{"type":"object","properties":{}}'))
HELLO = Message("user", (Text("Hello"),))


def said(*messages: Message) -> list[dict[str, Any]]:
    """The `messages` that these turns become."""
    turns: list[dict[str, Any]] = sent(ChatRequest(messages))["messages"]
    return turns


def test_instructions_are_hoisted_until_somebody_speaks() -> None:
    """Leading instructions are `system`; later ones are text of the user's turn."""
    request = ChatRequest((Message("system", (Text("A"),)), HELLO, Message("system", (Text("B"),))))

    body = sent(request)

    assert body["system"] == "A"
    assert body["messages"] == [{"role": "user", "content": [_text("Hello"), _text("B")]}]


def test_instructions_alone_are_asked_by_the_user() -> None:
    """A conversation needs a turn of the user's."""
    body = sent(ChatRequest((Message("system", (Text("Say hello"),)),)))

    assert "system" not in body
    assert body["messages"] == [{"role": "user", "content": [_text("Say hello")]}]


def test_turns_of_one_role_are_merged_and_results_come_first() -> None:
    """All results of one turn's calls stand in the next user turn, before anything else."""
    call = ToolCall("c1", "look", "{}")

    turns = said(
        Message("assistant", (Text("Let me."), call, structs.replace(call, id="c2"))),
        Message("tool", (ToolResult("c1", (Text("one"),)),)),
        Message("user", (Text("And?"),)),
        Message("tool", (ToolResult("c2", (Image("iVBORw0K"),), is_error=True),)),
    )

    assert [turn["role"] for turn in turns] == ["assistant", "user"]
    assert [block["type"] for block in turns[1]["content"]] == ["tool_result", "tool_result", "text"]
    assert turns[1]["content"][1]["is_error"] is True
    assert turns[1]["content"][1]["content"][0]["source"]["media_type"] == "image/png"


def test_calls_without_ids_find_their_results() -> None:
    """Ollama's callers may leave out ids: name and order must do."""
    turns = said(
        Message("assistant", (ToolCall("", "look", "{}"), ToolCall("", "hear", "{}"))),
        Message("tool", (ToolResult("", (Text("b"),), "hear"), ToolResult("", (Text("a"),), "look"))),
    )

    calls = {block["name"]: block["id"] for block in turns[0]["content"]}
    results = {block["content"][0]["text"]: block["tool_use_id"] for block in turns[1]["content"]}
    assert results == {"a": calls["look"], "b": calls["hear"]}


def test_an_id_of_other_letters_is_mapped() -> None:
    """Some providers write ids that Anthropic refuses: call and result get the same new one."""
    turns = said(
        Message("assistant", (ToolCall("functions.look:0", "look", "{}"),)),
        Message("tool", (ToolResult("functions.look:0", (Text("x"),)),)),
    )

    id = turns[0]["content"][0]["id"]
    assert id.replace("_", "").isalnum()
    assert turns[1]["content"][0]["tool_use_id"] == id


def test_only_its_own_thinking_goes_back() -> None:
    """A Claude refuses thoughts that it did not sign; a server that only speaks the dialect takes any."""
    thoughts: tuple[Part, ...] = (
        Thinking("mine", "sig", "anthropic"),
        Thinking("", "redacted:xyz", "anthropic"),
        Thinking("foreign", "seal", "gemini"),
        Thinking("local"),
    )
    request = ChatRequest((Message("assistant", (Text("x"), *thoughts)), HELLO))

    own = sent(request)["messages"][0]["content"]
    any_ = sent(request, BOX)["messages"][0]["content"]

    assert own == [
        {"type": "thinking", "thinking": "mine", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xyz"},
        _text("x"),
    ]
    assert [block.get("thinking") for block in any_[2:4]] == ["foreign", "local"]


def test_documents_are_pdfs_or_texts() -> None:
    """A text file is told as text, a PDF as it is; anything else, and a file kept elsewhere, is refused by name."""
    pdf, text = File("JVBERi0=", "", "Report"), File("R3LDvMOfZQ==", "text/markdown")

    (turn,) = said(Message("user", (pdf, text)))

    assert turn["content"][0]["title"] == "Report"
    assert turn["content"][0]["source"]["media_type"] == "application/pdf"
    assert turn["content"][1]["source"] == {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    for file in (File("x", "application/zip"), File(id="file-1"), File("!", "text/plain")):
        with pytest.raises(Unsupported):
            said(Message("user", (file,)))


def test_empty_texts_and_a_last_blank_are_left_out() -> None:
    """The API refuses empty blocks, and white space at the end of an answer to be continued."""
    turns = said(HELLO, Message("user", (Text(""),)), Message("assistant", (Text("Once upon \n"),)))

    assert turns == [
        {"role": "user", "content": [_text("Hello")]},
        {"role": "assistant", "content": [_text("Once upon")]},
    ]


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}

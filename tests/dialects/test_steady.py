"""Pain 28: the billing line that Claude Code changes with each call is frozen; nothing else ever is."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hearth.chat import Members
from hearth.dialects.body import cut
from hearth.dialects.steady import steadied

LINE = "x-anthropic-billing-header: cc_version=2.1.37.0d9; cc_entrypoint=cli; cch=fa690;"
LATER = "x-anthropic-billing-header: cc_version=2.1.37.7b4; cc_entrypoint=cli; cch=00aef;"


def request(system: object) -> Members:
    """The members of a request with these instructions."""
    return cut(json.dumps({"model": "m", "system": system, "messages": []}, ensure_ascii=False).encode())


def blocks(line: str) -> list[dict[str, str]]:
    """Instructions as Claude Code sends them: the line is a block of its own (ggml-org/llama.cpp#20623)."""
    return [{"type": "text", "text": line}, {"type": "text", "text": "You are Claude Code. cch=keep;"}]


def test_two_calls_have_the_same_instructions() -> None:
    """Both changing parts are frozen, version and program stay readable."""
    first, second = steadied(request(blocks(LINE))), steadied(request(blocks(LATER)))

    assert first == second
    assert "cc_version=2.1.37; cc_entrypoint=cli; cch=00000;" in bytes(first["system"]).decode()
    assert "cch=keep;" in bytes(first["system"]).decode()


def test_instructions_as_one_text_are_frozen_too() -> None:
    """Only the first line of the text changes, up to its end."""
    first = steadied(request(f"{LINE}\nBe terse. cch=keep;"))
    second = steadied(request(f"{LATER}\nBe terse. cch=keep;"))

    assert first == second
    assert json.loads(bytes(first["system"])).endswith("\nBe terse. cch=keep;")


def test_the_line_elsewhere_is_somebodys_text() -> None:
    """In the middle of instructions, and in messages, it is what somebody writes about."""
    told = request(f"Explain {LINE}")
    asked = cut(json.dumps({"messages": [{"role": "user", "content": LINE}]}).encode())

    assert steadied(told) is told
    assert steadied(asked) is asked


@given(st.text())
def test_other_instructions_are_never_touched(text: str) -> None:
    """Without the line the very same members come back."""
    members = request(text)

    assert steadied(members) is members


@given(st.text(alphabet='abcdef0123456789;= \\"\n_.', max_size=40))
def test_the_rest_stays_valid(rest: str) -> None:
    """Whatever follows the mark, the result is JSON that differs in its first line only."""
    text = f"x-anthropic-billing-header:{rest}"

    frozen = json.loads(bytes(steadied(request(text))["system"]))

    assert frozen.startswith("x-anthropic-billing-header:")
    for sign in ("\n", '"', "\\"):
        assert frozen.partition(sign)[1:] == text.partition(sign)[1:] or sign not in text

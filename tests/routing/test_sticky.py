"""What a conversation begins with: the same bytes for each of its calls, other ones for others."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hearth.chat import Members
from hearth.routing.sticky import beginning
from hearth.server.sticky import Sticky
from routing.routing_examples import a_call

SYSTEM = {"role": "system", "content": "be brief"}
FIRST = {"role": "user", "content": "hello"}
REPLY = {"role": "assistant", "content": "hi"}
SECOND = {"role": "user", "content": "go on"}


def raw(**members: object) -> Members:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in members.items()}


def begins(**members: object) -> list[bytes]:
    return list(beginning(raw(**members)))


def test_a_conversation_begins_the_same_however_long_it_is() -> None:
    """All up to the first turn of the user counts, and nothing after it, nor how it is to be answered."""
    first = begins(model="m", messages=[SYSTEM, FIRST])

    later = begins(model="m", messages=[SYSTEM, FIRST, REPLY, SECOND], temperature=1)

    assert first == later
    assert first != begins(messages=[SYSTEM, SECOND])
    assert first != begins(messages=[{**SYSTEM, "content": "be long"}, FIRST])


def test_every_dialect_has_a_beginning() -> None:
    """What stands before the turns counts too, under whatever name."""
    assert len(begins(system="s", messages=[FIRST, REPLY])) == 2
    assert len(begins(instructions="s", input="hello")) == 2
    assert len(begins(systemInstruction={"parts": []}, contents=[{"parts": [{"text": "hello"}]}])) == 2
    assert begins(prompt="once upon a time") == [b'"once upon a time"']
    assert begins(model="m") == []


JUNK = st.binary(max_size=30) | st.sampled_from([b'"\xff"', b'[{"role":"\xff"}]', b"[" * 3000, b"[[[]]]"])


@given(st.dictionaries(st.sampled_from(["system", "messages", "input", "contents", "prompt"]), JUNK))
def test_any_body_has_one(members: dict[str, bytes]) -> None:
    """Whatever stands where a conversation should be, nothing crashes."""
    parts = list(beginning({name: msgspec.Raw(value) for name, value in members.items()}))

    assert all(isinstance(part, bytes) for part in parts)


def test_conversations_are_told_apart_and_forgotten_in_order() -> None:
    """The one that was silent for longest goes first; a failure ends it only for who failed."""
    sticky = Sticky(most=2)
    calls = [replace(a_call("fast"), members=raw(messages=[{"role": "user", "content": str(n)}])) for n in range(3)]
    names = [hold.conversation for call in calls if (hold := sticky.hold(call)) is not None]

    sticky.answered(names[0], "a/x")
    sticky.answered(names[1], "b/x")
    sticky.answered(names[0], "a/y")
    sticky.answered(names[2], "c/x")
    sticky.failed(names[2], "somebody/else")

    held = [hold.target for call in calls if (hold := sticky.hold(call)) is not None]
    assert held == ["a/y", "", "c/x"]
    assert len(sticky) == 2

    sticky.failed(names[2], "c/x")

    assert len(sticky) == 1


def test_embeddings_and_completions_are_no_conversations() -> None:
    """Each stands for itself, and none pushes a conversation out."""
    sticky = Sticky()
    embed = replace(a_call("fast", operation="embed", task="embeddings"), members=raw(input="x"))
    complete = replace(a_call("fast", task="autocomplete"), members=raw(prompt="x"))

    assert sticky.hold(embed) is None
    assert sticky.hold(complete) is None
    assert sticky.hold(a_call("fast")) is None


def test_the_name_of_a_conversation_belongs_to_one_process() -> None:
    """T16: it is a keyed hash: another process names the same conversation otherwise, and nothing can be read back."""
    call = replace(a_call("fast"), members=raw(messages=[FIRST]))

    one, other = Sticky().hold(call), Sticky().hold(call)

    assert one is not None
    assert other is not None
    assert one.conversation != other.conversation
    assert len(one.conversation) == 16

"""Which key a conversation is held to: the one that answered last, bounded in number, and never at its beginning."""

from hearth.outbound.keys.holds import Conversation, KeyHolds


def test_the_last_answer_counts() -> None:
    """A conversation that went on with another key stays with that one; other providers are another matter."""
    holds, talk = KeyHolds(), Conversation(b"x", goes_on=True)

    holds.answered("box", talk, "a")
    holds.answered("box", talk, "b")

    assert holds.held("box", talk) == "b"
    assert holds.held("far", talk) == ""
    assert holds.held("box", Conversation(b"x", goes_on=False)) == ""
    assert holds.held("box", None) == ""


def test_the_longest_silent_one_is_forgotten() -> None:
    """Memory is bounded."""
    holds = KeyHolds(most=2)

    for name in (b"1", b"2", b"1", b"3"):
        holds.answered("box", Conversation(name, goes_on=False), "a")

    assert [holds.held("box", Conversation(name, goes_on=True)) for name in (b"1", b"2", b"3")] == ["a", "", "a"]

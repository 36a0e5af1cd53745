"""Whose a seal is: remembered for as many as there is room for, and unknown ones are nobody else's."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.server.seal_makers import SealMakers

SEALS = st.sampled_from([f"seal-{number}" for number in range(12)])
MAKERS = st.sampled_from(["anthropic one", "anthropic two", "gemini three"])


def test_a_lone_maker_has_nobody_to_fear() -> None:
    """While nobody else seals anything, there is nothing to be looked for in any request."""
    makers = SealMakers()
    makers.note("seal", "one")

    assert makers.foreign_to("one") is None
    assert SealMakers().foreign_to("one") is None


@given(st.lists(st.tuples(SEALS, MAKERS)), MAKERS)
def test_a_seal_is_foreign_to_all_but_its_last_maker(noted: list[tuple[str, str]], asking: str) -> None:
    """Whatever came by: a seal of somebody else is foreign, one's own and an unknown one are not."""
    makers = SealMakers()
    for seal, maker in noted:
        makers.note(seal, maker)
    last = dict(noted)

    foreign = makers.foreign_to(asking)

    for seal in (*last, "unheard-of"):
        assert (foreign is not None and seal in foreign) == (last.get(seal, asking) != asking)


def test_the_oldest_seals_are_forgotten() -> None:
    """It never grows for ever; a seal that was forgotten is nobody else's."""
    makers = SealMakers(most=2)
    for number in range(5):
        makers.note(f"seal-{number}", "one")

    foreign = makers.foreign_to("two")

    assert len(makers) == 2
    assert foreign is not None
    assert [number for number in range(5) if f"seal-{number}" in foreign] == [3, 4]

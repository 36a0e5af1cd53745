"""Lists of models in Cohere's form: what is written is read again."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.cohere import CALLED, write_models
from hearth.dialects.dialect import ModelInfo

WORDS = st.sets(st.sampled_from(("tools", "vision", "thinking", "json_schema")))
CHATS = st.builds(lambda words: ("completion", *sorted(words)), WORDS)
MODELS = st.builds(
    ModelInfo,
    name=st.text(min_size=1),
    window=st.none() | st.integers(1, 2**40),
    capabilities=st.none() | CHATS | st.just(("embedding",)),
)


@given(st.lists(MODELS))
def test_what_is_written_is_read_again(models: list[ModelInfo]) -> None:
    """Names, windows and abilities; a chat model without any feature says as little as one nobody knows."""
    read = CALLED.models(write_models(models))

    assert [one.name for one in read] == [one.name for one in models]
    assert [one.window for one in read] == [one.window for one in models]
    for one, written in zip(read, models, strict=True):
        if written.capabilities in (None, ("completion",)):
            assert one.capabilities is None
        else:
            assert set(one.capabilities or ()) == set(written.capabilities or ())

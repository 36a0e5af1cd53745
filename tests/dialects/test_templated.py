"""A prompt inside the model's template is the same conversation at every provider that has chats only."""

import msgspec
import pytest

from hearth.chat import ChatRequest, CompleteRequest, Image, Knobs, Message, Text
from hearth.dialects import anthropic, cohere, gemini, openai_responses, replicate
from hearth.dialects.dialect import Called, Destination
from hearth.dialects.templated import as_chat
from hearth.problems import Unsupported

CHATS_ONLY = {
    "anthropic": anthropic.CALLED,
    "cohere": cohere.CALLED,
    "gemini": gemini.CALLED,
    "openai_responses": openai_responses.CALLED,
    "replicate": replicate.CALLED,
}
TO = Destination("box", "m")


def test_system_pictures_and_prompt_are_one_turn() -> None:
    """The system prompt comes first, then one turn of the user, its pictures before its words."""
    picture = Image(data="iVBORw0KGgo=")
    asked = CompleteRequest(
        "What is it?", system="Be brief.", images=(picture,), templated=True, knobs=Knobs(seed=7), top_logprobs=2
    )

    found = as_chat(asked)

    told = Message("system", (Text("Be brief."),))
    assert found == ChatRequest(
        (told, Message("user", (picture, Text("What is it?")))), knobs=Knobs(seed=7), top_logprobs=2
    )


@pytest.mark.parametrize("called", CHATS_ONLY.values(), ids=CHATS_ONLY)
def test_every_provider_of_chats_answers_it(called: Called) -> None:
    """Ollama's generate reaches each of them as the chat it stands for, byte for byte."""
    asked = CompleteRequest("Why is the sky blue?", templated=True)

    assert called.request(asked, TO, stream=True) == called.request(as_chat(asked), TO, stream=True)


@pytest.mark.parametrize("called", CHATS_ONLY.values(), ids=CHATS_ONLY)
@pytest.mark.parametrize(
    ("change", "param"), [({"templated": False}, "prompt"), ({"suffix": ""}, "suffix")], ids=["raw", "gap"]
)
def test_raw_text_and_gaps_are_refused(called: Called, change: dict[str, object], param: str) -> None:
    """What only a model without a template can do is refused by name, never sent as a chat."""
    asked = msgspec.structs.replace(CompleteRequest("def f(", templated=True), **change)

    with pytest.raises(Unsupported, match="chats only") as caught:
        called.request(asked, TO, stream=False)

    assert caught.value.param == param

"""A prompt that wants the model's chat template around it (Ollama's generate), as the conversation it stands for."""

from __future__ import annotations

from hearth.chat import ChatRequest, CompleteRequest, Message, Part, Text
from hearth.problems import Unsupported


def as_chat(request: CompleteRequest) -> ChatRequest:
    """Return a conversation of one turn, pictures first. Raises `Unsupported` for raw text and for a gap to fill."""
    if request.suffix is not None:
        raise Unsupported("This provider has chats only: it fills no gaps before a suffix.", param="suffix")
    if not request.templated:
        raise Unsupported("This provider has chats only: it continues no raw text.", param="prompt")
    said: tuple[Part, ...] = (*request.images, *((Text(request.prompt),) if request.prompt else ()))
    system = (Message("system", (Text(request.system),)),) if request.system else ()
    return ChatRequest(
        (*system, Message("user", said)),
        knobs=request.knobs,
        format=request.format,
        reasoning=request.reasoning,
        logprobs=request.logprobs,
        top_logprobs=request.top_logprobs,
        choices=request.choices,
    )

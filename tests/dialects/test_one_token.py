"""The question that shows whether a model still writes: one token, nothing loaded, no stay prolonged."""

import msgspec
import pytest

from hearth.dialects.dialect import Destination, Pins
from hearth.dialects.ollama import probes as ollama_probes
from hearth.dialects.openai_chat import probes as openai_probes
from hearth_config.quirks import Quirks


@pytest.mark.parametrize(("left", "said"), [(None, {}), (240.5, {"keep_alive": 240.5})])
def test_an_ollama_is_asked_with_the_window_it_has_loaded(left: float | None, said: dict[str, float]) -> None:
    """Another num_ctx would load the model again; keep_alive is sent only where a stay has an end."""
    to = Destination("ollama", "qwen3:8b", prefix="/proxied", pins=Pins(num_ctx=8192, keep_alive="10m", shift=False))

    request = ollama_probes.one_token(to, 8192, left)

    body = msgspec.json.decode(request.body)
    assert request.path == "/proxied/api/generate"
    assert body["options"] == {"num_ctx": 8192, "num_predict": 1, "temperature": 0}
    assert (body["stream"], body["raw"], body["shift"]) == (False, True, False)
    assert {name: body[name] for name in body if name == "keep_alive"} == said


def test_an_engine_of_openais_dialect_is_asked_on_its_chat_route() -> None:
    """Wherever its quirks say that is."""
    to = Destination("box", "m", prefix="/v1", quirks=Quirks(chat_path="chat/completions"))

    request = openai_probes.one_token(to)

    body = msgspec.json.decode(request.body)
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert (body["model"], body["max_tokens"], body["stream"]) == ("m", 1, False)

"""Gaps at an Ollama: natively where the model inserts, else raw in its family's tokens."""

import json
from typing import Any

from msgspec.structs import replace

from hearth.chat import CompleteRequest, Knobs, Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.ollama import CALLED, SERVED
from hearth.fim.filling import Filling
from hearth.fim.known import family_of

GAP = CompleteRequest("def f(", suffix="): pass", knobs=Knobs(stop=("\n",)))
OLLAMA = Destination("ollama", "m", filling=Filling(native=True, needs_suffix=True))
QWEN = replace(OLLAMA, filling=Filling(family=family_of("qwen2.5-coder"), needs_suffix=True))
WRITTEN = "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"


def sent(request: CompleteRequest, to: Destination) -> dict[str, Any]:
    """The body that goes out."""
    found: dict[str, Any] = json.loads(CALLED.request(request, to, stream=False).body)
    return found


def generate(**given: object) -> Members:
    """A request to /api/generate."""
    return {name: raw(value) for name, value in ({"model": "m"} | given).items()}


def test_a_model_that_inserts_is_asked_natively() -> None:
    """Ollama's own template does it."""
    body = sent(GAP, OLLAMA)

    assert (body["prompt"], body["suffix"]) == ("def f(", "): pass")
    assert "raw" not in body


def test_a_model_that_does_not_insert_gets_its_familys_tokens_raw() -> None:
    """No template may stand around them, and its ends are named beside the caller's."""
    body = sent(GAP, QWEN)

    assert body["prompt"] == "<|fim_prefix|>def f(<|fim_suffix|>): pass<|fim_middle|>"
    assert body["raw"] is True
    assert "suffix" not in body
    assert body["options"]["stop"][0] == "\n"
    assert "<|fim_pad|>" in body["options"]["stop"]


def test_a_caller_of_ollama_is_written_anew_for_such_a_model() -> None:
    """Its own bytes would be refused: "does not support insert" (recording generate-suffix-unsupported)."""
    gap = SERVED.outline("generate", generate(prompt="a", suffix="b"))
    plain = SERVED.outline("generate", generate(prompt="a"))

    assert not CALLED.splices(gap, QWEN)
    assert CALLED.splices(gap, OLLAMA)
    assert CALLED.splices(plain, QWEN)


def test_a_raw_prompt_in_an_editors_tokens_is_an_autocompletion() -> None:
    """Continue writes its own templates, with `raw`: they pass, but count as what they are."""
    outline = SERVED.outline("generate", generate(prompt=WRITTEN, raw=True))

    assert outline.autocomplete
    assert outline.needs == {"raw"}
    assert not SERVED.outline("generate", generate(prompt=WRITTEN)).autocomplete
    assert not SERVED.outline("generate", generate(prompt="a", raw=True)).autocomplete


def test_a_raw_prompt_stays_raw() -> None:
    """Nothing is put around it on its way through a meaning either."""
    meant = SERVED.read("generate", generate(prompt=WRITTEN, raw=True))

    assert isinstance(meant, CompleteRequest)
    assert meant.verbatim
    assert sent(meant, OLLAMA)["raw"] is True

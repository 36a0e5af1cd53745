"""A caller of this dialect before a Gemini: its own bytes, but for foreign seals and what the config adds."""

import json
from typing import Any

from msgspec.structs import replace

from dialects.gemini.gemini_wire import NEW, VERTEX, request, user
from hearth.chat import Knobs
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.gemini import CALLED, SERVED
from hearth.dialects.gemini.seals import SKIP, seal


def spliced(
    body: dict[str, Any], verb: str = "generateContent", to: Destination = NEW, alt: str = "sse"
) -> HttpRequest:
    """What is sent for a caller of this dialect."""
    route, members = request(body, verb, alt=alt)
    return CALLED.splice(SERVED.outline(route, members), members, to)


def test_unknown_members_and_spellings_survive() -> None:
    """Model and form are said by the path; every other byte stays, our own member apart."""
    body = {
        "contents": [user("Hi")],
        "safety_settings": [{"category": "X", "threshold": "BLOCK_LOW_AND_ABOVE"}],
        "tools": [{"google_search": {}}],
        "newFeature": {"a": [1]},
    }

    sent = spliced(body | {"hearth": {"mode": "any"}})

    assert sent.path == "/v1beta/models/gemini-3.5-flash:generateContent"
    assert json.loads(sent.body) == body


def test_a_stream_keeps_its_form() -> None:
    """Events for those who asked for them, the array for the others."""
    body = {"contents": [user("Hi")]}

    events = spliced(body, "streamGenerateContent")
    array = spliced(body, "streamGenerateContent", alt="json")

    assert events.path.endswith(":streamGenerateContent?alt=sse")
    assert array.path.endswith(":streamGenerateContent")


def test_seals_of_other_makers_are_kept_from_a_gemini() -> None:
    """An earlier turn was answered by somebody else: a Gemini gets the word that skips its check."""
    own = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}
    foreign = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": seal("x", "anthropic")}
    body = {"contents": [{"role": "model", "parts": [own, foreign]}]}

    sent = json.loads(spliced(body).body)

    assert [part["thoughtSignature"] for part in sent["contents"][0]["parts"]] == ["c2ln", SKIP]


def test_seals_of_another_gemini_are_kept_from_this_one() -> None:
    """Whichever alphabet of base64 a client writes them in, under either name; the same goes for a count."""
    parts = [
        {"text": "a", "thoughtSignature": "_-8="},
        {"text": "b", "thought_signature": "/+8="},
        {"text": "c", "thoughtSignature": "c2ln"},
    ]
    body = {"contents": [{"role": "model", "parts": parts}]}
    to = replace(NEW, foreign={"/+8="})

    sent = json.loads(spliced(body, to=to).body)["contents"][0]["parts"]
    _, members = request(body, "countTokens")
    question = CALLED.count_spliced(SERVED.outline("countTokens", members), members, to)  # type: ignore[attr-defined]  # an optional part
    counted = json.loads(question.body)

    assert [list(part.values())[1] for part in sent] == [SKIP, SKIP, "c2ln"]
    assert [part["thoughtSignature"] for part in counted["contents"][0]["parts"]] == [SKIP, SKIP, "c2ln"]


def test_the_configs_defaults_fill_what_is_open() -> None:
    """What the caller says counts, in whichever spelling; what the config adds is laid over."""
    to = replace(NEW, defaults=Knobs(temperature=0.1, max_tokens=5), extra={"safetySettings": raw([])})

    sent = json.loads(spliced({"contents": [user("Hi")], "generation_config": {"max_output_tokens": 9}}, to=to).body)

    assert sent["generationConfig"] == {"temperature": 0.1, "maxOutputTokens": 9}
    assert sent["safetySettings"] == []


def test_texts_to_embed_name_the_model_that_is_asked() -> None:
    """Each entry of a batch repeats the model's name."""
    row = {"model": "models/alias", "content": user("a"), "taskType": "RETRIEVAL_QUERY"}

    sent = spliced({"requests": [row]}, "batchEmbedContents")

    assert sent.path.endswith("/gemini-3.5-flash:batchEmbedContents")
    assert json.loads(sent.body)["requests"] == [row | {"model": "models/gemini-3.5-flash"}]


def test_older_embeddings_of_vertex_have_another_form() -> None:
    """They are translated, not spliced."""
    outline = SERVED.outline(*request({"content": user("a")}, "embedContent"))

    assert CALLED.splices(outline, NEW)
    assert CALLED.splices(outline, replace(VERTEX, model="gemini-embedding-2"))
    assert not CALLED.splices(outline, replace(VERTEX, model="gemini-embedding-001"))


def test_a_count_keeps_what_is_counted() -> None:
    """A whole request is said to be for the model that is asked."""
    route, members = request(
        {"generateContentRequest": {"model": "models/alias", "contents": [user("Hi")]}}, "countTokens"
    )

    sent = CALLED.count_spliced(SERVED.outline(route, members), members, NEW)  # type: ignore[attr-defined]

    assert sent.path.endswith(":countTokens")
    assert json.loads(sent.body)["generateContentRequest"] == {
        "model": "models/gemini-3.5-flash",
        "contents": [user("Hi")],
    }

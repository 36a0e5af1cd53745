"""Lists of models, as the Gemini API and Vertex send them and as Google's clients ask for them."""

import json

import pytest

from dialects.gemini.gemini_wire import NEW
from hearth.dialects.dialect import ModelInfo
from hearth.dialects.gemini import CALLED, write_model, write_models
from hearth.problems import BrokenReply

CHAT = {
    "name": "models/gemini-3.5-flash",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
    "thinking": True,
}


def test_a_list_says_what_models_can_do() -> None:
    """Windows and limits; what makes vectors, what thinks; other kinds of models are left out or unknown."""
    listed = [
        CHAT,
        {"name": "models/gemini-embedding-2", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/gemini-3-pro-image", "supportedGenerationMethods": ["generateContent"]},
        {"name": "models/veo-3", "supportedGenerationMethods": ["predictLongRunning"]},
    ]

    models = CALLED.models(json.dumps({"models": listed}).encode())

    assert models == (
        ModelInfo(
            "gemini-3.5-flash",
            window=1048576,
            output_limit=65536,
            capabilities=("completion", "tools", "vision", "audio", "json_schema", "thinking"),
        ),
        ModelInfo("gemini-embedding-2", capabilities=("embedding",)),
        ModelInfo("gemini-3-pro-image"),
    )


def test_vertex_lists_its_publishers_models() -> None:
    """Names only."""
    body = {"publisherModels": [{"name": "publishers/google/models/gemini-3.5-flash", "versionId": "default"}]}

    assert CALLED.models(json.dumps(body).encode()) == (ModelInfo("gemini-3.5-flash"),)


def test_a_list_goes_on_on_the_next_page() -> None:
    """The token of a page leads to the one after it."""
    following = CALLED.next_models(b'{"models":[],"nextPageToken":"a=b"}', NEW)  # type: ignore[attr-defined]

    assert following is not None
    assert following.path == "/v1beta/models?pageSize=1000&pageToken=a%3Db"
    assert CALLED.next_models(b'{"models":[]}', NEW) is None  # type: ignore[attr-defined]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"models":3}'])
def test_what_is_no_list_is_broken(body: bytes) -> None:
    """A page of a captive portal is no list (F7)."""
    with pytest.raises(BrokenReply):
        CALLED.models(body)


def test_models_are_shown_as_google_shows_them() -> None:
    """Methods by what is known of a model; the window that calls really get."""
    models = [
        ModelInfo("a", window=8192, loaded_window=4096, output_limit=99, capabilities=("completion", "thinking")),
        ModelInfo("b", capabilities=("embedding",)),
        ModelInfo("c"),
    ]

    shown = json.loads(write_models(models))["models"]

    assert shown[0] == {
        "name": "models/a",
        "displayName": "a",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "inputTokenLimit": 4096,
        "outputTokenLimit": 99,
        "thinking": True,
    }
    assert shown[1]["supportedGenerationMethods"] == ["embedContent", "batchEmbedContents"]
    assert json.loads(write_model(models[2]))["name"] == "models/c"

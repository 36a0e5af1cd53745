"""Lists of models: read from recordings, written for the clients."""

import json

import msgspec
import ollama
import pytest

from dialects.ollama.ollama_golden import listing
from hearth.dialects.dialect import Destination, ModelInfo, Pins
from hearth.dialects.ollama import CALLED
from hearth.dialects.ollama.models import loaded_models, write_ps, write_tags, write_version
from hearth.dialects.ollama.names import sent_name, with_tag
from hearth.dialects.ollama.probes import load, loaded, show, unload, version
from hearth.problems import BrokenReply

TO = Destination("ollama", "qwen3", prefix="/p", pins=Pins(8192, "10m", shift=True), local_only=True)


def test_installed_models() -> None:
    """Everything a listing tells is kept, the trained window included."""
    models = CALLED.models(listing("tags"))

    assert models[0] == ModelInfo(
        name="slow2:latest",
        digest="9a6c6acf4ce7bfe661af1d651c8e8ab13504ca10691a1fd6b1450095e2146f75",
        size=94262283,
        window=8192,
        capabilities=("completion",),
        family="llama",
        parameter_size="23.56M",
        quantization="unknown",
        modified="2026-11-21T08:40:29.434816362Z",
    )
    assert len(models) == 9


def test_loaded_models() -> None:
    """What is loaded tells the window it was loaded with, and when it goes."""
    slow, small = loaded_models(listing("ps-loaded"))

    assert (slow.name, slow.loaded_window, slow.window, slow.size_vram) == ("slow:latest", 2048, None, 0)
    assert (small.loaded_window, small.expires) == (128, "2026-11-21T08:50:47.878990042Z")


def test_nothing_is_loaded() -> None:
    """An idle Ollama lists nothing."""
    assert loaded_models(listing("ps-idle")) == ()


@pytest.mark.parametrize("mark", ["remote_host", "remote_model"])
def test_a_remote_model_is_seen(mark: str) -> None:
    """Either mark makes a model remote, whatever its name is (wire/ollama §3.6)."""
    model = CALLED.models(
        json.dumps({"models": [{"name": "innocent:latest", mark: "ollama.com", "details": None}]}).encode()
    )[0]

    assert model.remote_host == "ollama.com"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"models":[{"size":"big"}]}'])
def test_what_is_no_list(body: bytes) -> None:
    """F7: a page or another server's list is a broken reply."""
    with pytest.raises(BrokenReply):
        CALLED.models(body)


def test_null_models() -> None:
    """A list that is null is an empty one."""
    assert CALLED.models(b'{"models":null}') == ()


def test_tags_are_written_as_recorded() -> None:
    """What was read is written so that the official client reads the same."""
    models = CALLED.models(listing("tags"))

    found = json.loads(write_tags(models))["models"]

    recorded = json.loads(listing("tags"))["models"]
    assert [one["capabilities"] for one in found] == [one["capabilities"] for one in recorded]
    assert list(found[0]) == list(recorded[0])
    parsed = ollama.ListResponse.model_validate({"models": found})
    assert [one.model for one in parsed.models] == [one["model"] for one in recorded]


def test_ps_is_written_as_recorded() -> None:
    """The list of loaded models has the recorded fields and reads the same."""
    found = json.loads(write_ps(loaded_models(listing("ps-loaded"))))["models"]

    recorded = json.loads(listing("ps-loaded"))["models"]
    assert list(found[0]) == list(recorded[0])
    assert [(one["size"], one["context_length"]) for one in found] == [(100275322, 2048), (3009411, 128)]
    ollama.ProcessResponse.model_validate({"models": found})


def test_a_model_of_which_little_is_known() -> None:
    """A cloud model has a name and maybe a window; clients still get every field they insist on."""
    bare = ModelInfo("openrouter/x", window=128000, remote_host="https://openrouter.ai")

    found = json.loads(write_tags([bare]))

    assert found["models"][0]["details"]["context_length"] == 128000
    assert found["models"][0]["details"]["families"] == []
    ollama.ListResponse.model_validate(found)
    ollama.ProcessResponse.model_validate_json(write_ps([bare]))


def test_no_models() -> None:
    """An empty list is an array, never null."""
    assert write_tags([]) == b'{"models":[]}'


def test_the_version() -> None:
    """Plain x.y.z, as recorded."""
    assert write_version("0.32.15") == listing("version")


def test_names() -> None:
    """`m` and `m:latest` are one name; a host's port is no tag; the guard is added once."""
    assert [with_tag(name) for name in ("m", "m:8b", "ns/m", "box:5000/ns/m")] == [
        "m:latest",
        "m:8b",
        "ns/m:latest",
        "box:5000/ns/m:latest",
    ]
    assert sent_name(TO) == "qwen3:latest:local"
    assert sent_name(Destination("ollama", "m:8b:local", local_only=True)) == "m:8b:local"
    assert sent_name(Destination("ollama", "m:8b")) == "m:8b"


def test_probes() -> None:
    """What Hearth asks for itself goes to the right places."""
    paths = [(one.method, one.path) for one in (CALLED.list_models(TO), loaded(TO), version(TO), show(TO))]

    assert paths == [
        ("GET", "/p/api/tags"),
        ("GET", "/p/api/ps"),
        ("GET", "/p/api/version"),
        ("POST", "/p/api/show"),
    ]
    assert show(TO).body == b'{"model":"qwen3:latest"}'


def test_loading() -> None:
    """A load sends what every call will send, else the first call would load the model again (pain 2)."""
    generating, embedding = load(TO), load(TO, embedding=True)

    assert generating.path == "/p/api/generate"
    assert msgspec.json.decode(generating.body) == {
        "model": "qwen3:latest:local",
        "options": {"num_ctx": 8192},
        "shift": True,
        "stream": False,
        "keep_alive": "10m",
    }
    assert embedding.path == "/p/api/embed"
    assert msgspec.json.decode(embedding.body) == {
        "model": "qwen3:latest",
        "options": {"num_ctx": 8192},
        "keep_alive": "10m",
    }


def test_unloading() -> None:
    """Letting go is an empty request that keeps the model no longer."""
    assert msgspec.json.decode(unload(TO).body)["keep_alive"] == 0
    assert msgspec.json.decode(unload(TO, embedding=True).body)["keep_alive"] == 0

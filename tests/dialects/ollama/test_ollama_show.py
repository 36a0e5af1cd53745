"""What a model is like: read from recordings, and shown with the window and abilities really served."""

import json

import ollama
import pytest

from dialects.ollama.ollama_golden import listing
from hearth.dialects.dialect import ModelInfo
from hearth.dialects.ollama.show import ShowInfo, read_show, write_show
from hearth.problems import BrokenReply

RECORDED = ("show", "show-persona", "show-templated", "show-verbose", "show-name-key")


def test_a_model_is_read() -> None:
    """Abilities, trained window and the Modelfile's own window."""
    assert read_show(listing("show")) == ShowInfo(
        capabilities=("tools", "completion"),
        window=8192,
        num_ctx=2048,
        family="llama",
        parameter_size="538K",
        quantization="unknown",
        modified="2026-11-21T08:40:28.03013083Z",
    )


def test_a_remote_model_is_seen() -> None:
    """A stub of a remote model says whose it is and may have no facts."""
    found = read_show(b'{"remote_host":"https://ollama.com:443","remote_model":"x","details":{},"model_info":{}}')

    assert (found.remote_host, found.remote_model, found.window) == ("https://ollama.com:443", "x", None)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"model_info":{"general.architecture":5}}'])
def test_what_is_no_description(body: bytes) -> None:
    """F7: a page is a broken reply, read or written on."""
    with pytest.raises(BrokenReply):
        read_show(body)
    with pytest.raises(BrokenReply):
        write_show(ModelInfo("m"), body or b"x")


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_description_goes_on(name: str) -> None:
    """All of it goes on but the path of the model's file, which is nobody's business."""
    recorded = listing(name)

    body = write_show(ModelInfo("m:latest"), recorded)

    found, before = json.loads(body), json.loads(recorded)
    assert {key: value for key, value in found.items() if key != "modelfile"} == {
        key: value for key, value in before.items() if key != "modelfile"
    }
    assert list(found) == list(before)
    assert "/models/" not in found["modelfile"]
    assert "\nFROM m:latest\n" in found["modelfile"]
    ollama.ShowResponse.model_validate_json(body)


def test_the_window_really_served() -> None:
    """Editors take window and abilities at their word, so they are what a call will get (pain 25)."""
    shown = ModelInfo("scripted", window=16384, capabilities=("completion", "tools", "vision"))

    found = json.loads(write_show(shown, listing("show")))

    assert found["model_info"]["llama.context_length"] == 16384
    assert found["capabilities"] == ["completion", "tools", "vision"]


def test_a_model_no_ollama_owns() -> None:
    """A cloud model is described too; `model_info` is always there, and VS Code finds the window in it."""
    shown = ModelInfo("openrouter/x", window=128000, capabilities=("completion", "tools"), remote_host="openrouter.ai")

    body = write_show(shown)

    found = json.loads(body)
    assert found["model_info"][f"{found['model_info']['general.architecture']}.context_length"] == 128000
    assert found["capabilities"] == ["completion", "tools"]
    ollama.ShowResponse.model_validate_json(body)


def test_what_is_unknown_is_not_made_up() -> None:
    """An unknown window is left out, not guessed."""
    assert "context_length" not in write_show(ModelInfo("x")).decode()


DIGEST = "sha256-" + "a" * 64


@pytest.mark.parametrize("folder", ["/home/me/.ollama/models/blobs/", "C:\\Users\\me\\.ollama\\models\\blobs\\"])
def test_no_path_of_the_machine(folder: str) -> None:
    """Projectors and adapters are named without their folders, and a parent model that is a path is left out."""
    recorded = {
        "modelfile": f"FROM {folder}{DIGEST}\nFROM {folder}{DIGEST}\nADAPTER {folder}{DIGEST}\nSYSTEM hi\n",
        "details": {"parent_model": folder + DIGEST, "family": "llama"},
        "model_info": {},
    }

    found = json.loads(write_show(ModelInfo("m"), json.dumps(recorded).encode()))

    assert found["modelfile"] == f"FROM m\nFROM {DIGEST}\nADAPTER {DIGEST}\nSYSTEM hi\n"
    assert found["details"] == {"parent_model": "", "family": "llama"}


def test_a_parent_that_is_a_name_stays() -> None:
    """Only paths are taken out."""
    recorded = b'{"details":{"parent_model":"qwen3:8b"}}'

    assert json.loads(write_show(ModelInfo("m"), recorded))["details"]["parent_model"] == "qwen3:8b"

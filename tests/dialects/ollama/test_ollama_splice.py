"""A caller's own request goes on with only those members replaced that Hearth owns."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from hearth.chat import Knobs, Members
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, HttpRequest, Pins
from hearth.dialects.ollama import CALLED, SERVED

PINNED = Destination("ollama", "qwen3:8b", pins=Pins(16384, "10m", shift=True), local_only=True)
PLAIN = Destination("ollama", "qwen3")
OWNED = ("model", "name", "hearth", "options", "keep_alive", "shift", "truncate")


def spliced(route: str, body: bytes, to: Destination = PINNED) -> HttpRequest:
    members = cut(body)
    return CALLED.splice(SERVED.outline(route, members), members, to)


def sent(route: str, to: Destination = PINNED, **members: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(spliced(route, json.dumps(members).encode(), to).body)
    return found


def test_owned_members_are_replaced() -> None:
    """Model, window, time to stay and both ways of losing text are ours on every call (pains 1, 2, 4, 26)."""
    found = sent(
        "chat",
        model="fast",
        messages=[{"role": "user", "content": "x"}],
        options={"num_ctx": 999, "temperature": 0.1},
        keep_alive="1s",
        shift=False,
        truncate=True,
        hearth={"mode": "offline"},
    )

    assert found == {
        "model": "qwen3:8b:local",
        "messages": [{"role": "user", "content": "x"}],
        "options": {"num_ctx": 16384, "temperature": 0.1},
        "keep_alive": "10m",
        "shift": True,
        "truncate": False,
    }


def test_owned_members_in_letters_beyond_ascii_are_replaced() -> None:
    """Go's decoder takes the long s for an s and the Kelvin sign for a k, and would let such a member count last."""
    found = sent("chat", model="x", messages=[], optionſ={"num_ctx": 5}, ſhift=False, Keep_alive="1h")

    assert found == {
        "model": "qwen3:8b:local",
        "messages": [],
        "options": {"num_ctx": 16384},
        "keep_alive": "10m",
        "shift": True,
        "truncate": False,
    }


def test_owned_members_in_any_case_are_replaced() -> None:
    """Ollama would take `MODEL` for the model too, so every spelling of an owned member is taken out."""
    found = sent("chat", MODEL="x", Name="y", Messages=[], Options={"num_ctx": 5}, KEEP_ALIVE="1h", Truncate=True)

    assert found == {
        "model": "qwen3:8b:local",
        "Messages": [],
        "options": {"num_ctx": 16384},
        "keep_alive": "10m",
        "shift": True,
        "truncate": False,
    }


def test_what_is_not_pinned() -> None:
    """Without pins the caller's `num_ctx` and `shift`, which make it load again, are dropped; `keep_alive` is not."""
    found = sent("chat", PLAIN, model="m", messages=[], options={"num_ctx": 5}, keep_alive="1h", shift=False)

    assert found == {"model": "qwen3:latest", "messages": [], "keep_alive": "1h", "truncate": False}


def test_what_a_model_is_loaded_by_is_ours() -> None:
    """One caller's idea of threads or layers would load the model again for all others (pain 2)."""
    loading = {"num_ctx": 1, "num_batch": 1, "num_gpu": 1, "main_gpu": 1, "num_thread": 1, "use_mmap": False}

    assert "options" not in sent("chat", PLAIN, messages=[], options={**loading, "draft_num_predict": 2})
    assert sent("chat", PLAIN, messages=[], options={**loading, "top_k": 4})["options"] == {"top_k": 4}
    assert sent("chat", messages=[], options={**loading, "seed": 1})["options"] == {"seed": 1, "num_ctx": 16384}


def test_an_unload_stays_one() -> None:
    """The pinned time would undo a request to let the model go."""
    assert sent("generate", model="m", keep_alive=0)["keep_alive"] == 0
    assert sent("generate", model="m", keep_alive="5m")["keep_alive"] == "10m"


def test_defaults_fill_what_is_open() -> None:
    """Defaults of the target count only where the caller said nothing."""
    to = Destination("ollama", "m", defaults=Knobs(temperature=0.7, max_tokens=2048))

    assert sent("chat", to, messages=[])["options"] == {"temperature": 0.7, "num_predict": 2048}
    assert sent("chat", to, messages=[], options={"temperature": 0})["options"] == {
        "temperature": 0,
        "num_predict": 2048,
    }


def test_extra_members_of_the_config() -> None:
    """Members the config adds for a provider are sent unless the caller sets them."""
    to = Destination("ollama", "m", extra={"think": Raw(b"false")})

    assert sent("chat", to, messages=[])["think"] is False
    assert sent("chat", to, messages=[], think=True)["think"] is True


def test_embeddings() -> None:
    """The embedding routes know no `:local` and no `shift`; only the newer one knows `truncate`."""
    new = sent("embed", model="m", input="x", truncate=True)
    old = sent("embeddings", model="m", prompt="x")

    pinned = {"model": "qwen3:8b", "options": {"num_ctx": 16384}, "keep_alive": "10m"}
    assert new == {**pinned, "input": "x", "truncate": False}
    assert old == {**pinned, "prompt": "x"}


def test_the_request_itself() -> None:
    """Path with prefix, JSON, and the target's own headers."""
    to = Destination("ollama", "m", prefix="/proxy", headers=(("X-A", "b"),))
    request = spliced("generate", b'{"prompt":"x"}', to)

    assert (request.method, request.path) == ("POST", "/proxy/api/generate")
    assert request.headers == (("Content-Type", "application/json"), ("X-A", "b"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(), st.lists
)
CHECKED = ("messages", "tools", "think", "format", "stream", "logprobs", "top_logprobs")
NAMES = st.text(max_size=12).filter(lambda name: name.lower() not in (*OWNED, *CHECKED))


@given(st.dictionaries(NAMES, st.tuples(VALUES, st.integers(0, 3)), max_size=6))
@pytest.mark.timeout(120)
def test_all_other_members_keep_their_bytes(extra: dict[str, tuple[object, int]]) -> None:
    """Unknown members go on byte for byte, white space and spelling of numbers included (design §2.4)."""
    texts = {
        name: json.dumps(value, indent=indent or None, ensure_ascii=indent > 1)
        for name, (value, indent) in extra.items()
    }
    body = (
        "{"
        + ",".join(f"{json.dumps(name)}:{text}" for name, text in {**texts, "messages": '[ {"role":"user"} ]'}.items())
        + "}"
    )

    found: Members = cut(spliced("chat", body.encode()).body)

    assert bytes(found["messages"]) == b'[ {"role":"user"} ]'
    for name, text in texts.items():
        assert bytes(found[name]) == text.encode()


@given(st.dictionaries(st.text(max_size=8).filter(lambda name: not hasattr(Knobs(), name)), VALUES, max_size=4))
@pytest.mark.timeout(120)
def test_unknown_options_keep_their_values(options: dict[str, object]) -> None:
    """Options that no version we know has are the caller's own affair."""
    theirs = {f"x_{name}": value for name, value in options.items()}

    assert sent("chat", model="m", messages=[], options=theirs)["options"] == {**theirs, "num_ctx": 16384}

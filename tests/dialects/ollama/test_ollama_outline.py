"""What planning learns of a request without its prompt being decoded."""

import json

import pytest

from hearth.call import Outline
from hearth.dialects.body import cut
from hearth.dialects.ollama import SERVED
from hearth.problems import BadRequest, NotFound

HELLO = [{"role": "user", "content": "Hello there"}]


def outline(route: str, **members: object) -> Outline:
    return SERVED.outline(route, cut(json.dumps(members).encode()))


def wrong(kind: str, field: str, wanted: str) -> str:
    """What Ollama's JSON decoder says of a wrong type."""
    return f"json: cannot unmarshal {kind} into Go struct field {field} of type {wanted}"


def test_a_usual_chat() -> None:
    """Streaming is what Ollama does unless told otherwise, and nothing special is needed."""
    found = outline("chat", model="m", messages=HELLO)

    assert found == Outline("chat", "chat", "m", stream=True, prompt_bytes=len(json.dumps(HELLO)))


def test_keys_in_any_case() -> None:
    """Ollama matches keys in any case (recording `case-insensitive-keys`), and null says nothing."""
    found = outline("chat", MODEL="m", Messages=HELLO, Stream=False, OPTIONS=None, tools=None)

    assert (found.model, found.stream, found.empty) == ("m", False, False)


@pytest.mark.parametrize("names", [{"model": "m", "name": ""}, {"model": "", "name": "m"}, {"name": "m"}])
def test_model_or_name(names: dict[str, str]) -> None:
    """The CLI fills one of `model` and `name` and sends the other empty."""
    assert outline("chat", messages=HELLO, **names).model == "m"


def test_no_model_is_no_error() -> None:
    """A client that names no model gets the default, so planning decides."""
    assert outline("generate", prompt="x").model == ""


@pytest.mark.parametrize(
    ("members", "needs"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"tools"}),
        ({"tools": []}, set()),
        ({"format": "json"}, {"json"}),
        ({"format": ""}, set()),
        ({"format": {"type": "object"}}, {"json_schema"}),
        ({"think": True}, {"thinking"}),
        ({"think": "high"}, {"thinking"}),
        ({"think": False}, set()),
        ({"logprobs": True, "top_logprobs": 3}, {"logprobs"}),
        ({"messages": [{"role": "user", "content": "x", "images": ["aGk=", "aGk="]}]}, {"images"}),
        ({"messages": [{"role": "user", "content": "x", "images": []}]}, set()),
        ({"Messages": [{"Role": "user", "Images": ["aGk="]}]}, {"images"}),
    ],
)
def test_needs_of_a_chat(members: dict[str, object], needs: set[str]) -> None:
    """Each feature a request uses is a need, so that no target without it is asked."""
    assert outline("chat", **{"model": "m", "messages": HELLO, **members}).needs == needs


@pytest.mark.parametrize(
    ("members", "needs"),
    [
        ({"suffix": "x"}, {"suffix"}),
        ({"suffix": "", "system": "", "template": ""}, set()),
        ({"raw": True}, {"raw"}),
        ({"template": "{{ .Prompt }}"}, {"raw"}),
        ({"context": [1, 2]}, {"raw"}),
        ({"images": ["aGk="]}, {"images"}),
        ({"images": []}, set()),
    ],
)
def test_needs_of_a_completion(members: dict[str, object], needs: set[str]) -> None:
    """What only generate has is a need too; the CLI sends its empty fields along."""
    assert outline("generate", model="m", prompt="Hello", **members).needs == needs


def test_images_are_no_prompt() -> None:
    """An image's base64 says nothing about how many tokens the prompt has."""
    plain = outline("chat", model="m", messages=[{"role": "user", "content": "x", "images": []}])
    pictured = outline("chat", model="m", messages=[{"role": "user", "content": "x", "images": ["QUJD" * 9000]}])

    assert pictured.images == 1
    assert pictured.prompt_bytes == plain.prompt_bytes


@pytest.mark.parametrize(
    ("route", "members"),
    [
        ("chat", {"messages": []}),
        ("chat", {}),
        ("chat", {"messages": None}),
        ("generate", {"prompt": ""}),
        ("generate", {}),
        ("embed", {"input": ""}),
        ("embed", {"input": []}),
        ("embed", {}),
        ("embeddings", {"prompt": ""}),
    ],
)
def test_a_load(route: str, members: dict[str, object]) -> None:
    """A request without a prompt loads; it is answered whole, whatever `stream` says (recording `chat-load-stream`)."""
    found = outline(route, model="m", stream=True, **members)

    assert (found.empty, found.stream) == (True, False)


def test_an_unload() -> None:
    """`ollama stop` sends a request without a prompt and `keep_alive` 0."""
    found = outline("generate", model="m", keep_alive=0)

    assert (found.empty, found.keep_alive) == (True, 0)


def test_embeddings_never_stream() -> None:
    """Neither embedding route knows streams."""
    found = outline("embed", model="m", input=["a", "b"], stream=True)

    assert (found.operation, found.stream, set(found.needs)) == ("embed", False, {"embeddings"})


@pytest.mark.parametrize(("limit", "tokens"), [(40, 40), (-1, None), (-2, None), (7.9, 7)])
def test_the_most_tokens(limit: float, tokens: int | None) -> None:
    """`num_predict` limits the answer unless it is negative; Ollama drops fractions."""
    assert outline("chat", model="m", messages=HELLO, options={"num_predict": limit}).max_tokens == tokens


def test_unknown_options_are_no_error() -> None:
    """Options that Ollama no longer knows are ignored (recording `unknown-option`)."""
    options = {"mirostat": 2, "penalize_newline": True, "low_vram": "no", "temperature": None}

    assert outline("chat", model="m", messages=HELLO, options=options).max_tokens is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": "hot"}, 'option "temperature" must be of type float32'),
        ({"num_predict": "many"}, 'option "num_predict" must be of type integer'),
        ({"use_mmap": 1}, 'option "use_mmap" must be of type boolean'),
        ({"stop": "x"}, 'option "stop" must be of type array'),
        ({"stop": [1]}, 'option "stop" must be of an array of strings'),
        ([], wrong("array", "ChatRequest.options", "map[string]interface {}")),
    ],
)
def test_wrong_options(options: object, words: str) -> None:
    """A wrongly typed option is named in Ollama's own words (recordings `error-option-type`, `error-options-list`)."""
    with pytest.raises(BadRequest) as raised:
        outline("chat", model="m", messages=HELLO, options=options)

    assert str(raised.value) == words


@pytest.mark.parametrize(
    ("route", "members", "words"),
    [
        ("chat", {"model": 5}, wrong("number", "ChatRequest.model", "string")),
        ("chat", {"stream": "yes"}, wrong("string", "ChatRequest.stream", "bool")),
        ("chat", {"messages": {}}, wrong("object", "ChatRequest.messages", "[]api.Message")),
        ("chat", {"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
        ("chat", {"top_logprobs": 1.5}, wrong("number", "ChatRequest.top_logprobs", "int")),
        ("chat", {"think": "hard"}, 'invalid think value "hard": use true, false, "low", "medium", "high", "max"'),
        ("chat", {"keep_alive": "300"}, 'time: missing unit in duration "300"'),
        ("chat", {"keep_alive": "soon"}, 'time: invalid duration "soon"'),
        ("generate", {"format": "yaml"}, 'invalid format: "\\"yaml\\""; expected "json" or a valid JSON Schema object'),
        ("generate", {"raw": True, "system": "x"}, "raw mode does not support template, system, or context"),
        ("embed", {"input": 5}, "invalid input type"),
    ],
)
def test_wrong_types(route: str, members: dict[str, object], words: str) -> None:
    """F30: what cannot be read is a 400 in the words Ollama would use."""
    with pytest.raises(BadRequest) as raised:
        outline(route, **{"model": "m", **members})

    assert str(raised.value) == words


@pytest.mark.parametrize("kept", ["10m", "1h30m", "-1m", "0", "1.5h", ".5s", 300, -1, 0.5])
def test_keep_alive(kept: float | str) -> None:
    """Durations as Ollama takes them: seconds as a number, else with their units."""
    assert outline("chat", model="m", messages=HELLO, keep_alive=kept).keep_alive == kept


def test_an_empty_body() -> None:
    """No body at all is Ollama's own complaint (recording `error-empty-body`)."""
    with pytest.raises(BadRequest, match="missing request body"):
        SERVED.outline("chat", cut(b""))


def test_an_unknown_route() -> None:
    """A route that is not one of the four is not found."""
    with pytest.raises(NotFound):
        outline("sing", model="m")

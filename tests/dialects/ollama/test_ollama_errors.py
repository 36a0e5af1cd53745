"""Errors, both ways: what an Ollama's error says, and how ours are said to its clients."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.golden import named
from dialects.ollama.ollama_golden import Recording, recordings
from hearth.dialects.dialect import Head
from hearth.dialects.ollama import CALLED, SERVED
from hearth.problems import (
    BadRequest,
    BrokenReply,
    ContextTooLong,
    Internal,
    KeyRefused,
    ModelMissing,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QueueFull,
    RateLimited,
    TimedOut,
    UnknownModel,
)

LATER = "Sat, 21 Nov 2026 08:41:07 GMT"
ERRORS = [one for one in recordings() if one.head.status >= 400]


def problem(status: int, body: bytes, *headers: tuple[str, str]) -> Problem:
    return CALLED.problem(Head(status, headers), body, "ollama")


@pytest.mark.parametrize("one", ERRORS, ids=named)
def test_recorded_errors(one: Recording) -> None:
    """Every recorded error has a kind and plain words, and is written so that a client reads text in `error`."""
    found = CALLED.problem(one.head, one.body, "ollama")

    rendered = SERVED.problem(found, route=one.route)

    assert (found.who, found.upstream_status) == ("ollama", one.head.status)
    assert not found.message.startswith("{")
    assert rendered.headers[0] == ("Content-Type", "application/json; charset=utf-8")
    assert not json.loads(rendered.body)["error"].startswith("{")
    if rendered.status == one.head.status and "exceeds" not in found.message and "not support" not in found.message:
        assert rendered.body == one.body


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (404, "model 'x' not found", ModelMissing),
        (404, 'model "x" not found, try pulling it first', ModelMissing),
        (404, "404 page not found", ProviderFault),
        (400, "the input length exceeds the context length", ContextTooLong),
        (500, "the input length exceeds the context length", ContextTooLong),
        (400, '"m" does not support thinking', ProviderRefusal),
        (501, "This server does not support embeddings. Start it with `--embeddings`", ProviderRefusal),
        (500, 'option "seed" must be of type integer', ProviderRefusal),
        (500, "model requires more system memory (9.0 GiB) than is available (2.0 GiB)", ProviderFault),
        (503, "server busy, please try again.  maximum pending requests exceeded", Overloaded),
        (403, "ollama cloud is disabled: remote model is unavailable", ProviderFault),
        (403, "", NotPermitted),
        (401, "unauthorized", KeyRefused),
        (429, "slow down", RateLimited),
        (504, "", TimedOut),
    ],
)
def test_kinds(status: int, text: str, kind: type[Problem]) -> None:
    """Statuses of Ollama are loose, so its words count first: a wrong option is nobody's fault but the caller's."""
    assert type(problem(status, json.dumps({"error": text}).encode())) is kind


def test_json_inside_the_text_is_opened() -> None:
    """llama-server's error arrives as JSON in the text; people and clients get its message."""
    inner = {"error": {"code": 400, "message": "request (577 tokens) exceeds the available context size (256 tokens)"}}
    found = problem(400, json.dumps({"error": json.dumps(inner)}).encode())

    assert isinstance(found, ContextTooLong)
    assert found.message == inner["error"]["message"]


def test_errors_of_a_remote_model() -> None:
    """A forwarded error has other keys beside `error` (wire/ollama §2.3)."""
    body = b'{"StatusCode":429,"Status":"429 Too Many Requests","error":"weekly limit"}'

    assert problem(429, body).message == "weekly limit"


def test_the_suffix_we_added_is_not_shown() -> None:
    """`:local` is ours: the caller never wrote it."""
    found = problem(404, b'{"error":"model \'qwen3:8b:local\' not found"}')

    assert found.message == "model 'qwen3:8b' not found"
    assert b":local" not in SERVED.problem(found).body


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"[]", b'{"error":null}', b"\xff", b'{"error":{}}'])
def test_no_words_at_all(body: bytes) -> None:
    """F7: a page, or nothing, still makes a problem with its status in it."""
    assert "502" in problem(502, body).message or body in (b'{"error":null}', b"\xff", b"[]")
    assert isinstance(problem(502, body), ProviderFault)


def test_a_redirect_is_an_error() -> None:
    """T11: a redirect is never followed, and says what to do."""
    found = problem(307, b"", ("Location", "http://elsewhere/"))

    assert isinstance(found, BrokenReply)
    assert "redirect" in found.text
    assert found.next_step


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.5", 0.5), ("-1", None), ("inf", None), ("soon", None), (LATER, 30.0), ("", None)],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """F14: seconds, or a date by the reply's own clock; junk is nothing."""
    found = problem(503, b'{"error":"x"}', ("Retry-After", value), ("Date", "Sat, 21 Nov 2026 08:40:37 GMT"))

    assert found.retry_after == seconds


def test_an_unknown_model() -> None:
    """Clients search for Ollama's own sentence and status; the nearest names stand behind it."""
    unknown = UnknownModel('No model "qwen3:9b" is known.', next_step="Did you mean qwen3:8b?")

    chat = SERVED.problem(unknown, route="chat")
    embed = SERVED.problem(unknown, route="embed")

    assert (chat.status, chat.body) == (404, b'{"error":"model \'qwen3:9b\' not found. Did you mean qwen3:8b?"}')
    assert json.loads(embed.body)["error"] == 'model "qwen3:9b" not found, try pulling it first. Did you mean qwen3:8b?'


def test_a_full_queue() -> None:
    """Ollama's own words and status, two spaces included, and when to come back."""
    rendered = SERVED.problem(QueueFull("32 calls wait already.", retry_after=1.2))

    assert rendered.status == 503
    assert json.loads(rendered.body) == {"error": "server busy, please try again.  maximum pending requests exceeded"}
    assert ("Retry-After", "2") in rendered.headers


def test_an_error_of_another_providers_form() -> None:
    """A body in another envelope is not passed; our own words name the provider."""
    found = ProviderRefusal("no", who="openrouter", upstream_status=400, raw=b'{"error":{"message":"no"}}')

    assert SERVED.problem(found).body == b'{"error":"openrouter: no"}'


def test_an_error_whose_status_differs() -> None:
    """A 500 of the provider is our 502, so the words are ours too and say who failed."""
    found = problem(500, b'{"error":"out of memory"}')

    assert SERVED.problem(found).status == 502
    assert SERVED.problem(found).body == b'{"error":"ollama: out of memory"}'


@given(
    st.text() | st.integers().map(str) | st.sampled_from(["null", "{}", "[", '"x"', "1e5", "{x", "NaN", " -Infinity"])
)
def test_texts_never_read_as_json(text: str) -> None:
    """ollama-python reads error texts as JSON where it can, and dies on a bare number (wire/ollama §6)."""
    line = SERVED.problem(Internal(text)).body.decode()
    said = json.loads(line)["error"]

    assert len(line.splitlines()) == 1
    assert said.startswith("error: ") or said == text
    try:
        parsed = json.loads(said)
    except ValueError:
        return
    assert not parsed


@given(st.integers(100, 599), st.binary(max_size=60))
def test_any_error_is_a_problem(status: int, body: bytes) -> None:
    """F13: whatever an error reply holds, it becomes a problem."""
    assert problem(status, body).upstream_status == status


def test_a_bad_request() -> None:
    """Our own complaints say what to do next."""
    rendered = SERVED.problem(BadRequest("The body is not a JSON object.", next_step="Send one."))

    assert (rendered.status, json.loads(rendered.body)) == (400, {"error": "The body is not a JSON object. Send one."})

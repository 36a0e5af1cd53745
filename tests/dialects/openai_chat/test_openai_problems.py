"""Errors of providers, told apart, and problems as clients see them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.dialect import Head
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.problems import (
    BrokenReply,
    ContentFiltered,
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderProblem,
    ProviderRefusal,
    QueueFull,
    QuotaSpent,
    RateLimited,
    TimedOut,
    TooLarge,
    UnknownModel,
    Unreachable,
)


def problem(status: int, body: object = None, **headers: str) -> Problem:
    """The problem of an error reply."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return CALLED.problem(Head(status, named), raw, "box")


def error(**members: Any) -> dict[str, Any]:  # noqa: ANN401
    """OpenAI's envelope."""
    return {"error": {"message": "m", **members}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error(type="invalid_request_error"), ProviderRefusal),
        (400, error(code="context_length_exceeded"), ContextTooLong),
        (400, error(message="This model's maximum context length is 8192 tokens."), ContextTooLong),
        (400, error(code="content_filter", status=400), ContentFiltered),
        (400, error(code="model_not_supported"), ModelMissing),
        (401, error(code="invalid_api_key"), KeyRefused),
        (401, {"error": {"code": "401", "message": "Access denied"}}, KeyRefused),
        (401, {"message": "Unauthorized", "request_id": "r"}, KeyRefused),
        (402, {"error": "You have exceeded your monthly included credits"}, QuotaSpent),
        (403, error(code=403), NotPermitted),
        (403, error(message="Your chosen model requires moderation and your input was flagged"), ContentFiltered),
        (404, error(code="model_not_found"), ModelMissing),
        (404, error(code="DeploymentNotFound"), ModelMissing),
        (404, b"404 page not found", ProviderFault),
        (405, b"405 method not allowed", ProviderFault),
        (408, error(), TimedOut),
        (413, error(code="rate_limit_exceeded"), RateLimited),
        (
            422,
            {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs", "type": "t", "input": "secret prompt"}]},
            ProviderRefusal,
        ),
        (429, error(code="rate_limit_exceeded"), RateLimited),
        (429, error(code="insufficient_quota"), QuotaSpent),
        (429, {"error": {"code": "429", "message": "m"}}, RateLimited),
        (498, error(), Overloaded),
        (500, {"object": "error", "message": {"detail": "m"}}, ProviderFault),
        (502, b"<html>Bad gateway</html>", ProviderFault),
        (503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, Overloaded),
        (504, b"", TimedOut),
        (529, error(), Overloaded),
        (302, b"", BrokenReply),
    ],
)
def test_an_error_is_known_by_its_words_then_by_its_status(status: int, body: object, kind: type[Problem]) -> None:
    """The envelopes of all providers (wire/providers §4), each as the problem it is."""
    found = problem(status, body)

    assert type(found) is kind
    assert found.who == "box"
    assert found.upstream_status == status
    assert "secret prompt" not in found.message


def test_the_provider_behind_a_router_is_heard() -> None:
    """OpenRouter wraps what the provider behind it said."""
    inner = json.dumps({"error": {"message": "too many images"}})

    found = problem(400, error(code=400, metadata={"raw": inner, "provider_name": "p"}))

    assert found.message == "m: too many images"


def test_a_loading_model_says_when_to_come_back() -> None:
    """Hugging Face estimates the rest of a model's load."""
    found = problem(503, {"error": "Model x is currently loading", "estimated_time": 20.5})

    assert found.retry_after == 20.5


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "3"}, 3.0),
        ({"Retry_After": "86400"}, 86400.0),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry_after": "Sat, 21 Nov 2026 09:00:00 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry_after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_read_from_what_is_said(headers: dict[str, str], expected: float | None) -> None:
    """F14: seconds, milliseconds, a date by the reply's own clock; junk is no wait."""
    assert problem(429, error(), **headers).retry_after == expected


@given(st.text(), st.text())
def test_any_header_is_a_wait_or_none(when: str, date: str) -> None:
    """F14: no header makes it raise, and no wait is negative."""
    found = problem(429, error(), retry_after=when, date=date).retry_after

    assert found is None or found >= 0


def test_a_provider_that_asks_to_be_asked_again_is() -> None:
    """`x-should-retry: true` makes a refusal something another try may mend."""
    assert isinstance(problem(400, error(), x_should_retry="true"), ProviderFault)


def test_words_are_short_and_hold_no_key() -> None:
    """T16, T18: at most 500 characters, one line, nothing that looks like a key."""
    found = problem(401, error(message="Incorrect API key provided: sk-proj-abcdef123456.\x1b[31m\n" + "x" * 9000))

    assert len(found.message) <= 501
    assert found.message.startswith("Incorrect API key provided: [key]")
    assert found.message.isprintable()


@given(st.integers(300, 599), st.binary() | st.text().map(lambda text: json.dumps(error(message=text)).encode()))
def test_any_error_reply_is_a_problem(status: int, body: bytes) -> None:
    """F13: whatever comes, the result is a problem that can be shown."""
    found = problem(status, body)
    shown = SERVED.problem(found)

    assert found.message
    assert shown.status >= 400
    json.loads(shown.body)


def shown(found: Problem) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, error and headers as a client gets them."""
    rendered = SERVED.problem(found)
    return rendered.status, json.loads(rendered.body)["error"], dict(rendered.headers)


def test_a_problem_says_who_what_and_the_next_step() -> None:
    """The envelope has OpenAI's four members; the message is for people."""
    status, found, headers = shown(Unreachable("Nobody answers.", who="box", next_step="Is it running?"))

    assert status == 502
    assert found == {
        "message": "box: Nobody answers. Is it running?",
        "type": "server_error",
        "param": None,
        "code": "upstream_unreachable",
    }
    assert headers["x-should-retry"] == "false"


def test_the_wait_is_passed_on() -> None:
    """F14: `Retry-After` in whole seconds, never less than was said; F16: only our own retries forbid the client's."""
    status, found, headers = shown(QueueFull("Full.", retry_after=1.2))

    assert (status, found["code"], headers["Retry-After"]) == (503, "server_is_overloaded", "2")
    assert "x-should-retry" not in headers


@pytest.mark.parametrize(
    ("found", "status", "code"),
    [
        (UnknownModel("m"), 404, "model_not_found"),
        (TooLarge("m"), 413, "request_too_large"),
        (ContextTooLong("m"), 400, "context_length_exceeded"),
        (QuotaSpent("m", who="box"), 402, "insufficient_quota"),
        (KeyRefused("m", who="box"), 502, "upstream_key_refused"),
        (BrokenReply("m", who="box", code="upstream_not_api"), 502, "upstream_not_api"),
        (ProviderRefusal("m", who="box", code="unsupported_value", upstream_status=422), 422, "unsupported_value"),
    ],
)
def test_codes_are_the_ones_clients_know(found: Problem, status: int, code: str) -> None:
    """OpenAI's words where it has them."""
    assert shown(found)[0] == status
    assert shown(found)[1]["code"] == code


def test_a_providers_own_envelope_passes_as_it_came() -> None:
    """Faithful: a refusal in this dialect is shown in the provider's own bytes, details included."""
    raw = b'{"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null,"more":1}}'

    assert SERVED.problem(problem(400, raw)).body == raw


@pytest.mark.parametrize(
    "found",
    [
        KeyRefused("m", who="box", upstream_status=401, raw=b'{"error":{"message":"a","type":"b"}}'),
        ProviderRefusal(
            "m", who="box", upstream_status=400, raw=b'{"type":"error","error":{"message":"a","type":"b"}}'
        ),
        ProviderRefusal("m", who="box", upstream_status=400, raw=b'{"error":"a"}'),
    ],
)
def test_other_bodies_are_written_anew(found: ProviderProblem) -> None:
    """Another status, another dialect's envelope and other shapes never reach a client of this dialect."""
    assert SERVED.problem(found).body != found.raw

"""Errors, both ways: a provider's as the problem it is, and problems in the envelope that Anthropic's clients read."""

import json

import pytest
from anthropic.types import ErrorResponse

from dialects.anthropic.anthropic_golden import json_head
from hearth.dialects.anthropic import CALLED, SERVED
from hearth.dialects.anthropic.errors import named
from hearth.dialects.dialect import Head
from hearth.problems import (
    BadRequest,
    BrokenReply,
    ContextTooLong,
    Forbidden,
    Internal,
    KeyRefused,
    ModelMissing,
    NotFound,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QueueFull,
    QuotaSpent,
    RateLimited,
    TimedOut,
    TooLarge,
    Unauthorized,
    UnknownModel,
    Unreachable,
    Unsupported,
)


def problem(status: int, type_: str, message: str = "x", *headers: tuple[str, str]) -> Problem:
    """The problem of such an error reply."""
    body = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}
    return CALLED.problem(Head(status, headers), json.dumps(body).encode(), "claude")


@pytest.mark.parametrize(
    ("status", "type_", "message", "kind"),
    [
        (400, "invalid_request_error", "messages: wrong", ProviderRefusal),
        (400, "invalid_request_error", "prompt is too long: 201000 tokens > 200000 maximum", ContextTooLong),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit", ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", QuotaSpent),
        (401, "authentication_error", "invalid x-api-key", KeyRefused),
        (402, "billing_error", "pay", QuotaSpent),
        (404, "not_found_error", "model: claude-9", ModelMissing),
        (404, "not_found_error", "Not found", ProviderFault),
        (409, "conflict_error", "x", ProviderFault),
        (413, "request_too_large", "Request exceeds the maximum size", ProviderRefusal),
        (429, "rate_limit_error", "too many tokens", RateLimited),
        (500, "api_error", "Internal server error", ProviderFault),
        (504, "timeout_error", "x", TimedOut),
        (529, "overloaded_error", "Overloaded", Overloaded),
        (503, "", "x", Overloaded),
        (408, "", "x", TimedOut),
        (418, "", "x", ProviderRefusal),
    ],
)
def test_each_error_is_known(status: int, type_: str, message: str, kind: type[Problem]) -> None:
    """The type says more than the status, and words about length and money more than both."""
    found = problem(status, type_, message)

    assert type(found) is kind
    assert (found.who, found.upstream_status) == ("claude", status)


def test_a_missing_permission_falls_back_like_a_wrong_key() -> None:
    """Another key or another target may be allowed what this one is not."""
    assert problem(403, "permission_error").falls_back


def test_how_long_to_wait_is_kept() -> None:
    """F14: `retry-after` in seconds, told on to the client."""
    found = problem(429, "rate_limit_error", "slower", ("retry-after", "12"))

    assert found.retry_after == 12
    assert ("Retry-After", "12") in SERVED.problem(found).headers


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"error": 7}', b'{"error": "words"}', b"\xff"])
def test_any_body_is_some_problem(body: bytes) -> None:
    """What is no envelope goes by its status, and never fails."""
    assert type(CALLED.problem(json_head(502), body, "box")) is ProviderFault


def test_a_redirect_is_not_followed() -> None:
    """A redirect would send key and prompt elsewhere: it is a broken reply that names what to check."""
    found = CALLED.problem(Head(307, (("Location", "https://elsewhere"),)), b"", "box")

    assert type(found) is BrokenReply
    assert "providers.box" in found.next_step


def test_a_key_in_an_error_is_hidden() -> None:
    """T: a provider that repeats the key does not bring it into logs."""
    found = problem(401, "authentication_error", "invalid key sk-ant-api03-abcdefghij")

    assert "abcdefghij" not in found.text


@pytest.mark.parametrize(
    ("shown", "status", "type_"),
    [
        (BadRequest("x"), 400, "invalid_request_error"),
        (Unsupported("x"), 400, "invalid_request_error"),
        (TooLarge("x"), 413, "request_too_large"),
        (Unauthorized("x"), 401, "authentication_error"),
        (Forbidden("x"), 403, "permission_error"),
        (NotFound("x"), 404, "not_found_error"),
        (UnknownModel("x"), 404, "not_found_error"),
        (ModelMissing("x", who="box"), 404, "not_found_error"),
        (QueueFull("x"), 503, "overloaded_error"),
        (Overloaded("x", who="box"), 503, "overloaded_error"),
        (RateLimited("x", who="box"), 429, "rate_limit_error"),
        (QuotaSpent("x", who="box"), 402, "billing_error"),
        (TimedOut("x", who="box"), 504, "timeout_error"),
        (Unreachable("x", who="box"), 502, "api_error"),
        (KeyRefused("x", who="box"), 502, "api_error"),
        (Internal("x"), 500, "api_error"),
        (ProviderRefusal("x", who="box", upstream_status=422), 422, "invalid_request_error"),
        (ProviderRefusal("x", who="box", upstream_status=403), 403, "permission_error"),
    ],
)
def test_each_problem_has_its_envelope(shown: Problem, status: int, type_: str) -> None:
    """The SDK's classes go by the status, people's code by the type."""
    rendered = SERVED.problem(shown)

    body = json.loads(rendered.body)
    if type_ != "request_too_large":  # which the API documents, and the SDK's types do not list
        ErrorResponse.model_validate(body)
    assert (rendered.status, body["error"]["type"]) == (status, type_)


def test_a_prompt_that_is_too_long_begins_as_clients_expect() -> None:
    """Claude Code looks for these words and compacts the conversation."""
    body = json.loads(SERVED.problem(ContextTooLong("The prompt does not fit.")).body)

    assert body["error"]["message"].startswith("prompt is too long")


def test_the_providers_own_envelope_passes() -> None:
    """A refusal of a provider that speaks this dialect is shown byte for byte; any other is written anew."""
    own = problem(400, "invalid_request_error", "messages: wrong")
    other = ProviderRefusal("x", who="box", upstream_status=400, raw=b'{"error": {"message": "x", "type": "y"}}')

    assert SERVED.problem(own).body == own.raw
    assert json.loads(SERVED.problem(other).body)["type"] == "error"


def test_a_client_is_told_not_to_repeat_our_retries() -> None:
    """The SDK would retry what was already tried with every target."""
    assert ("x-should-retry", "false") in SERVED.problem(ProviderFault("x", who="box")).headers


def test_an_error_carries_the_id_of_its_call() -> None:
    """In the header that the SDK reads, and in the body; one that the provider named keeps its own."""
    ours = named(SERVED.problem(BadRequest("x")), "abc")
    theirs = named(SERVED.problem(problem(400, "invalid_request_error")), "abc")

    assert ("request-id", "req_abc") in ours.headers
    assert json.loads(ours.body)["request_id"] == "req_abc"
    assert json.loads(theirs.body)["request_id"] == "req_1"

"""Google's errors as the problems they are, and our problems in Google's envelope."""

import json
from typing import Any

import pytest

from dialects.gemini.gemini_wire import head
from hearth.dialects.gemini import CALLED, SERVED
from hearth.problems import (
    BrokenReply,
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
    UnknownModel,
    Unreachable,
)

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}


def quota(name: str) -> dict[str, Any]:
    """A quota that was exceeded."""
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": name, "quotaValue": "5"}],
    }


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> bytes:
    """An error body."""
    return json.dumps({"error": {"code": code, "message": message, "status": status, "details": details}}).encode()


def read(status: int, body: bytes) -> Problem:
    """What an error reply is."""
    return CALLED.problem(head("application/json", status), body, "google")


MINUTE, DAY = quota("GenerateRequestsPerMinutePerProject"), quota("GenerateRequestsPerDayPerProject-FreeTier")
LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"}), KeyRefused),
        (400, error(400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."), KeyRefused),
        (401, error(401, "UNAUTHENTICATED", "Request had invalid credentials."), KeyRefused),
        (403, error(403, "PERMISSION_DENIED", "Not used before.", {"reason": "SERVICE_DISABLED"}), NotPermitted),
        (400, error(400, "INVALID_ARGUMENT", 'Unknown name "x": Cannot find field.'), ProviderRefusal),
        (400, error(400, "INVALID_ARGUMENT", LONG), ContextTooLong),
        (400, error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), ProviderRefusal),
        (404, error(404, "NOT_FOUND", "models/x is not found for API version v1beta"), ModelMissing),
        (429, error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", MINUTE, RETRY), RateLimited),
        (429, error(429, "RESOURCE_EXHAUSTED", "Quota exceeded.", DAY, RETRY), QuotaSpent),
        (429, error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), QuotaSpent),
        (429, error(429, "RESOURCE_EXHAUSTED", "Check your plan and billing details."), RateLimited),
        (500, error(500, "INTERNAL", "An internal error has occurred."), ProviderFault),
        (503, error(503, "UNAVAILABLE", "The model is overloaded."), Overloaded),
        (504, error(504, "DEADLINE_EXCEEDED", "Too slow."), TimedOut),
        (429, b"[" + error(429, "RESOURCE_EXHAUSTED", "In an array.") + b"]", RateLimited),
        (502, b"<html>Bad gateway</html>", ProviderFault),
        (302, b"", BrokenReply),
    ],
)  # fmt: skip
def test_an_error_is_the_problem_it_is(status: int, body: bytes, kind: type[Problem]) -> None:
    """Details weigh more than words, words more than the status (wire/providers §3, §4.3)."""
    problem = read(status, body)

    assert type(problem) is kind
    assert problem.who == "google"
    assert problem.upstream_status == status


def test_the_delay_stands_in_the_details() -> None:
    """Google sends no Retry-After; the delay it names for a quota of the day would be a lie."""
    minute = read(429, error(429, "RESOURCE_EXHAUSTED", "x", quota("PerMinute"), RETRY))
    day = read(429, error(429, "RESOURCE_EXHAUSTED", "x", quota("PerDay"), RETRY))

    assert (minute.retry_after, day.retry_after) == (17.0, None)


def test_no_key_is_shown() -> None:
    """T16: Google's own words quote keys and tokens."""
    problem = read(400, error(400, "INVALID_ARGUMENT", "Bad key AIzaSyA1234567890abcdefg and ya29.a0Af_secret."))

    assert "AIza" not in problem.text
    assert "ya29" not in problem.text


def test_our_problems_are_told_in_googles_envelope() -> None:
    """Code, status, words with the next step, and the delay as its clients look for it."""
    rendered = SERVED.problem(RateLimited("Slower.", who="box", retry_after=1.2))

    said = json.loads(rendered.body)["error"]
    assert (rendered.status, said["code"], said["status"]) == (429, 429, "RESOURCE_EXHAUSTED")
    assert said["details"][1]["retryDelay"] == "2s"
    assert dict(rendered.headers)["Retry-After"] == "2"


@pytest.mark.parametrize(
    ("problem", "status"),
    [(UnknownModel("x"), "NOT_FOUND"), (Unreachable("x"), "UNAVAILABLE"), (ContextTooLong("x"), "INVALID_ARGUMENT")],
)
def test_each_problem_has_a_status(problem: Problem, status: str) -> None:
    """The names of google.rpc.Code."""
    assert json.loads(SERVED.problem(problem).body)["error"]["status"] == status


def test_a_refusal_of_a_gemini_passes_as_it_came() -> None:
    """Its own client gets its own words and details."""
    body = error(400, "INVALID_ARGUMENT", "No such field.", {"fieldViolations": []})

    assert SERVED.problem(read(400, body)).body == body


def test_a_foreign_refusal_does_not() -> None:
    """Another provider's envelope would be none for Google's clients."""
    refusal = ProviderRefusal("no", upstream_status=400, raw=b'{"error":{"message":"no","type":"x"}}')

    assert json.loads(SERVED.problem(refusal).body)["error"]["status"] == "INVALID_ARGUMENT"

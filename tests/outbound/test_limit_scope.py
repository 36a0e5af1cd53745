"""Whose limit was met, by the provider's own words: the model's that was asked, or the key's."""

import json

import pytest

from hearth.dialects.dialect import Head
from hearth.dialects.gemini.failures import read_problem as read_googles
from hearth.dialects.openai_failures import read_problem
from hearth.outbound.keys.limit_scope import is_of_model

OPENAI = "Rate limit reached for {} in organization org-abc on tokens per min (TPM): Limit 30000, Used 29000."
GROQ = "Rate limit reached for model `{}` in organization `org_01` service tier `on_demand` on requests per day (RPD)."
ANTHROPIC = "This request would exceed your organization's rate limit of 40,000 input tokens per minute (model: {})."
OPENROUTER = "{} is temporarily rate-limited upstream. Please retry shortly."


def said(words: str) -> bytes:
    """An error body in OpenAI's form."""
    return json.dumps({"error": {"message": words, "type": "tokens", "code": "rate_limit_exceeded"}}).encode()


def googles(**violation: object) -> bytes:
    """Google's error for a spent quota."""
    failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    error = {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED", "details": [failure]}
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize("words", [OPENAI, GROQ, ANTHROPIC, OPENROUTER])
@pytest.mark.parametrize(
    ("named", "asked"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("claude-sonnet", "claude-sonnet"),
        ("google/gemini-2.0-flash-exp:free", "google/gemini-2.0-flash-exp:free"),
        ("llama-3.3-70b", "meta/Llama-3.3-70b"),
    ],
)
def test_words_that_name_the_model_mean_the_model(words: str, named: str, asked: str) -> None:
    """OpenAI, Groq, Anthropic and OpenRouter name it: in full, without its owner, or without its version."""
    problem = read_problem(Head(429, ()), said(words.format(named)), "far")

    assert is_of_model(problem, asked)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Rate limit exceeded: free-models-per-min.", "qwen/qwen3-8b:free"),
        ("You have sent too many requests. Limit 20 per minute.", "gpt-4o"),
        (OPENAI.format("gpt-4o"), "gpt-4o-mini"),
        (OPENAI.format("gpt-4o-mini"), "gpt-4o"),
        ("Slow down.", ""),
    ],
)
def test_any_other_words_mean_the_key(words: str, asked: str) -> None:
    """Who does not name the model that was asked limits all of them."""
    problem = read_problem(Head(429, ()), said(words), "far")

    assert not is_of_model(problem, asked)


@pytest.mark.parametrize(
    ("violation", "of_model"),
    [
        ({"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}, True),
        (
            {"quotaMetric": "aiplatform.googleapis.com/requests_per_minute_per_base_model"},
            True,
        ),
        ({"quotaDimensions": {"location": "global", "model": "gemini-2.5-pro"}, "quotaId": "Requests"}, True),
        ({"quotaId": "GenerateRequestsPerMinutePerProject", "quotaDimensions": {"location": "global"}}, False),
    ],
)
def test_google_names_the_quota(violation: dict[str, object], of_model: bool) -> None:
    """Google's details say per what the quota counts; its words need not."""
    problem = read_googles(Head(429, ()), googles(**violation), "far")

    assert is_of_model(problem, "gemini-2.5-flash") is of_model

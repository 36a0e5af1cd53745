"""What Google's official client is told when something fails, and what goes to Google alone."""

from typing import Any

import httpx
import pytest
from google.genai.errors import APIError, ClientError, ServerError

from clients.gemini_stage import KEY, Stage, played
from clients.stage import HELLO, hear
from hearth.rehearsal import Fault
from hearth.rehearsal.http import Request

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
KINDS = pytest.mark.parametrize("kind", ["ollama", "openai", "gemini"])


ANSWERS = ("/api/chat", "/chat/completions", ":generateContent", ":streamGenerateContent")
"""How the addresses end that give answers, in the three dialects."""


def is_answering(request: Request) -> bool:
    """Whether a request wants an answer."""
    return request.path.endswith(ANSWERS)


def refused(
    kind: str,
    contents: object = "Hello there",
    *,
    model: str = "scripted",
    **config: Any,  # noqa: ANN401 -- the SDK's own options
) -> tuple[APIError, int]:
    """The error that the client raises, and how often the provider was asked meanwhile."""

    async def act(on: Stage) -> tuple[APIError, int]:
        given: Any = contents
        options: Any = config or None
        with pytest.raises(APIError) as raised:
            await on.gemini.models.generate_content(model=model, contents=given, config=options)
        return raised.value, sum(call.path.partition("?")[0].endswith(ANSWERS) for call in on.rehearsal.calls)

    return played(act, kind)


@KINDS
def test_an_unknown_model_is_a_404_with_names_like_it(kind: str) -> None:
    """NOT_FOUND, naming the nearest."""
    error, _ = refused(kind, model="scriptd")

    assert (error.code, error.status) == (404, "NOT_FOUND")
    assert "scripted" in str(error.message)


@KINDS
def test_a_prompt_beyond_the_window_is_refused_unsent(kind: str) -> None:
    """Pain 1: both numbers are named, and nobody is asked."""
    error, asked = refused(kind, "the year of the day " * 400, model="small")

    assert (error.code, error.status, asked) == (400, "INVALID_ARGUMENT", 0)
    assert "holds 128 tokens" in str(error.message)


@KINDS
def test_a_stream_that_breaks_raises(kind: str) -> None:
    """F6, F8: what was said so far arrives, then the client raises in its own class, with the provider's words."""

    async def act(on: Stage) -> tuple[str, APIError]:
        on.rehearsal.when(is_answering, Fault.error("out of memory", after=4))
        said: list[Any] = []
        with pytest.raises(APIError) as broken:
            await hear(await on.gemini.models.generate_content_stream(model="breaks", contents="Hello there"), said)
        return "".join(chunk.text or "" for chunk in said), broken.value

    said, error = played(act, kind)

    assert said != HELLO
    assert HELLO.startswith(said)
    assert said
    assert "out of memory" in str(error)


@KINDS
def test_a_stream_that_is_cut_raises(kind: str) -> None:
    """F6: the provider's connection ends before its end mark: never a finished answer."""

    async def act(on: Stage) -> ServerError:
        on.rehearsal.when(is_answering, Fault.cut(objects=4))
        with pytest.raises(ServerError) as broken:
            await hear(await on.gemini.models.generate_content_stream(model="breaks", contents="Hello there"), [])
        return broken.value

    assert "in the middle" in str(played(act, kind))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"tools": [{"google_search": {}}]}, "googleSearch"),
        ({"tools": [{"code_execution": {}}]}, "codeExecution"),
        ({"tools": [{"url_context": {}}]}, "urlContext"),
        ({"cached_content": "cachedContents/x"}, "cachedContent"),
        (
            {"safety_settings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "threshold": "BLOCK_LOW_AND_ABOVE"}]},
            "safetySettings",
        ),
    ],
)
def test_what_google_runs_goes_to_google_alone(config: dict[str, Any], named: str) -> None:
    """Search grounding, code execution, caches and filters pass to a Gemini; elsewhere they are refused by name."""

    async def passed(on: Stage) -> str:
        options: Any = config
        await on.gemini.models.generate_content(model="scripted", contents="Hello there", config=options)
        return on.rehearsal.calls[-1].body.decode()

    error, asked = refused("ollama", **config)
    sent = played(passed, "gemini")

    assert (error.code, asked) == (400, 0)
    assert named in str(error.message)
    assert named in sent.replace("google_search", "googleSearch").replace("code_execution", "codeExecution")


def test_what_the_search_found_comes_back() -> None:
    """Grounding passes as it came."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- the SDK's own
        options: Any = {"tools": [{"google_search": {}}]}
        answer = await on.gemini.models.generate_content(model="scripted", contents="Hello there", config=options)
        return (answer.candidates or [])[0].grounding_metadata

    assert played(act, "gemini").grounding_chunks[0].web.uri == "https://sky.example.org/"


def test_a_blocked_prompt_is_told_as_google_tells_it() -> None:
    """`prompt_feedback` and no candidate, as it came."""

    async def act(on: Stage) -> Any:  # noqa: ANN401 -- the SDK's own
        return await on.gemini.models.generate_content(model="scripted", contents="forbidden")

    answer = played(act, "gemini")

    assert answer.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    assert not answer.candidates


@pytest.mark.parametrize(("status", "shown"), [(401, 502), (429, 429), (503, 503)])
def test_what_google_refuses_comes_through(status: int, shown: int) -> None:
    """Its words and how long to wait; a key of ours that is refused is no fault of the caller's."""

    async def act(on: Stage) -> APIError:
        on.rehearsal.when(is_answering, Fault.refuse(status, retry_after="120"))
        with pytest.raises(ServerError if shown >= httpx.codes.INTERNAL_SERVER_ERROR else ClientError) as raised:
            await on.gemini.models.generate_content(model="scripted", contents="Hello there")
        return raised.value

    error = played(act, "gemini")

    assert error.code == shown
    assert "refused on purpose" in str(error)
    assert error.response.headers["retry-after"] == "120"


def test_the_configured_key_goes_and_the_clients_does_not() -> None:
    """T16: the client's dummy stays here."""

    async def act(on: Stage) -> dict[str, str]:
        await on.gemini.models.generate_content(model="scripted", contents="Hello there")
        return {name.lower(): value for name, value in on.rehearsal.calls[-1].headers}

    headers = played(act, "gemini")

    assert headers["x-goog-api-key"] == KEY
    assert "dummy" not in str(headers)


@pytest.mark.parametrize("body", [{}, {"contents": []}, {"contents": [{"parts": []}]}, {"contents": "Hello"}])
def test_a_request_without_contents_is_refused_in_googles_words(body: dict[str, Any]) -> None:
    """T25: a clean 400 in the envelope, whoever would answer."""

    async def act(on: Stage) -> httpx.Response:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            return await client.post("/v1beta/models/scripted:generateContent", json=body)

    answers = [played(act, kind) for kind in ("ollama", "gemini")]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert {answer.json()["error"]["status"] for answer in answers} == {"INVALID_ARGUMENT"}

"""What one provider alone has: its costs, sources, addresses and options, each by its name (design §4)."""

from typing import Any

from end_to_end.callers import Answer, call
from end_to_end.preset_stage import Object, Row, last_call, play, row_of, sent
from hearth.rehearsal import Rehearsal
from hearth_home import Home


def ask(row: Row, words: str, path: str = "/v1/chat/completions", **more: object) -> tuple[Answer, Object, Object]:
    """Ask this provider something; return the answer, what arrived, and what was written down."""

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object, Object]:
        body = {"model": f"x/{row.model}", "messages": [{"role": "user", "content": words}], **more}
        answer = await call(home, path, body)
        return answer, sent(rehearsal), await last_call(home)

    return play(row, act)


def test_openrouter_says_what_a_call_cost() -> None:
    """The provider's own figure is what is written down."""
    _, _, record = ask(row_of("openrouter"), "hello")

    assert record["cost"] > 0
    assert record["currency"] == "USD"


def test_openrouter_is_told_whose_app_it_is() -> None:
    """Address and title of the site go as the headers that OpenRouter reads."""
    row = row_of("openrouter")._replace(more='site_url = "https://app.example.org"\nsite_title = "App"')

    async def act(home: Home, rehearsal: Rehearsal) -> Any:  # noqa: ANN401 -- the rehearsal's record
        await call(
            home, "/v1/chat/completions", {"model": "x/thinker", "messages": [{"role": "user", "content": "hi"}]}
        )
        return rehearsal.calls[-1]

    request = play(row, act)

    assert request.header("HTTP-Referer") == "https://app.example.org"
    assert request.header("X-OpenRouter-Title") == "App"


def test_perplexity_names_its_sources() -> None:
    """Sources become annotations where the client's dialect has them; the cost is the sum that is named."""
    answer, _, record = ask(row_of("perplexity"), "why is the sky blue?", hearth={"thinking": "hide"})

    message = answer.json()["choices"][0]["message"]
    cited = [one["url_citation"] for one in message["annotations"]]
    assert [one["url"] for one in cited] == ["https://sky.example.org/rayleigh", "https://sky.example.org/"]
    assert cited[0]["title"] == "Rayleigh scattering"
    assert "<think>" not in message["content"]
    assert record["cost"] > 0.005


def test_xai_counts_thinking_beside_the_answer() -> None:
    """Reasoning tokens that its completion_tokens leave out are added."""
    _, _, record = ask(row_of("xai"), "why is the sky blue?")

    assert record["output_tokens"] == 11


def test_moonshot_keeps_cached_tokens_in_a_place_of_its_own() -> None:
    """They are found beside the other counts."""
    _, _, record = ask(row_of("moonshot"), "hello", stream=True)

    assert record["cached_tokens"] == 2


def test_azure_filters_a_prompt() -> None:
    """What its filter stops is an error about the content, and nobody else is asked."""
    answer, _, record = ask(row_of("azure"), "forbidden")

    assert answer.status == 400
    assert answer.json()["error"]["code"] == "content_filter"
    assert record["problem"] == "content_filtered"


def test_azures_older_addresses_name_deployment_and_version() -> None:
    """With api_version the deployment stands in the path; a deployment of the config stands for any model."""
    plain = row_of("azure")._replace(more='api_version = "2024-10-21"')
    fixed = plain._replace(more='api_version = "2024-10-21"\ndeployment = "gpt-5.1"')

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[int, str]:
        body = {"model": "x/gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}
        first = await call(home, "/v1/chat/completions", body)
        return first.status, rehearsal.calls[-1].path

    async def any_name(home: Home, rehearsal: Rehearsal) -> tuple[int, str]:
        body = {"model": "x/whatever", "messages": [{"role": "user", "content": "hello"}]}
        first = await call(home, "/v1/chat/completions", body)
        return first.status, rehearsal.calls[-1].path

    expected = (200, "/openai/deployments/gpt-5.1/chat/completions?api-version=2024-10-21")
    assert play(plain, act) == expected
    assert play(fixed, any_name) == expected


def test_a_retired_model_of_deepseek_is_asked_by_its_new_name() -> None:
    """A client that still says deepseek-chat gets today's model."""
    row = row_of("deepseek")._replace(model="deepseek-flash")

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Answer, Object]:
        body = {"model": "x/deepseek-chat", "messages": [{"role": "user", "content": "hello"}]}
        return await call(home, "/v1/chat/completions", body), sent(rehearsal)

    answer, members = play(row, act)

    assert answer.status == 200
    assert members["model"] == "deepseek-flash"


def test_a_fine_tuned_model_passes_by_its_name() -> None:
    """Colons in a model's name are its own."""
    row = row_of("openai")._replace(model="ft:gpt-4o-mini:acme::A1b2")

    answer, members, _ = ask(row, "hello")

    assert answer.status == 200
    assert members["model"] == "ft:gpt-4o-mini:acme::A1b2"


def test_organisation_and_project_are_headers() -> None:
    """OpenAI's organisation and project, and Hugging Face's paying organisation, go where they are read."""
    openai = row_of("openai")._replace(more='organization = "org-1"\nproject = "proj_1"')
    face = row_of("huggingface")._replace(more='organization = "acme"')

    async def act(home: Home, rehearsal: Rehearsal) -> Any:  # noqa: ANN401 -- the rehearsal's record
        model = rehearsal.script.models[0].name
        await call(
            home, "/v1/chat/completions", {"model": f"x/{model}", "messages": [{"role": "user", "content": "hi"}]}
        )
        return rehearsal.calls[-1]

    asked, faced = play(openai, act), play(face, act)

    assert (asked.header("OpenAI-Organization"), asked.header("OpenAI-Project")) == ("org-1", "proj_1")
    assert faced.header("X-HF-Bill-To") == "acme"


def test_what_the_config_adds_reaches_the_provider() -> None:
    """Fields and headers of a provider's own go with each request, whatever dialect the client speaks."""
    row = row_of("openrouter")._replace(more='extra = { provider = { zdr = true } }\nheaders = { X-Team = "home" }')

    async def act(home: Home, rehearsal: Rehearsal) -> tuple[Object, Any]:
        await call(home, "/api/chat", {"model": "x/thinker", "messages": [{"role": "user", "content": "hi"}]})
        return sent(rehearsal), rehearsal.calls[-1]

    members, request = play(row, act)

    assert members["provider"] == {"zdr": True}
    assert request.header("X-Team") == "home"

"""`GET /metrics` of a real daemon, judged by Prometheus's own parser."""

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families

from hearth.rehearsal import Rehearsal
from hearth_home import Home, beside, running

QUESTION = {"model": "scripted", "messages": [{"role": "user", "content": "xyzzy plugh"}], "stream": True}
Figures = dict[str, list[tuple[dict[str, str], float]]]


def _figures(home: Home, token: str) -> httpx.Response:
    return httpx.get(f"{home.url}/metrics", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


async def _scraped(config: str = "", calls: int = 2) -> tuple[httpx.Response, httpx.Response, httpx.Response]:
    """What the owner gets after a few calls, what a client's token gets, and what a call without one gets."""
    async with Rehearsal() as rehearsal, running(beside(rehearsal, config)) as home:

        def ask() -> tuple[httpx.Response, httpx.Response, httpx.Response]:
            for _ in range(calls):
                httpx.post(f"{home.url}/api/chat", json=QUESTION, trust_env=False, timeout=30).raise_for_status()
            httpx.post(f"{home.url}/api/chat", json={**QUESTION, "model": "frobnicator"}, trust_env=False)
            plain = httpx.get(f"{home.url}/metrics", trust_env=False)
            return _figures(home, home.token("admin")), _figures(home, home.token("infer")), plain

        return await asyncio.to_thread(ask)


def _parsed(text: str) -> Figures:
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_the_official_parser_reads_what_the_daemon_counts() -> None:
    """Two calls are two calls in every count that calls add to, and the daemon's own state stands beside them."""
    answer, _, _ = asyncio.run(_scraped())

    figures = _parsed(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    counted = {tuple(labels.values()): value for labels, value in figures["hearth_calls_total"]}
    assert counted[("", "machine", "complete")] == 2
    durations = {
        labels["error_type"]: value for labels, value in figures["gen_ai_client_operation_duration_seconds_count"]
    }
    assert durations[""] == 2
    tokens = {labels["gen_ai_token_type"]: value for labels, value in figures["gen_ai_client_token_usage_count"]}
    assert tokens == {"input": 2, "output": 2}
    (first,) = figures["gen_ai_server_time_to_first_token_seconds_count"]
    assert first[1] == 2
    assert first[0]["hearth_target"] == "ollama/scripted:latest"
    assert figures["process_resident_memory_bytes"][0][1] > 10_000_000


def test_nothing_said_in_a_call_is_in_its_figures() -> None:
    """Neither the prompt nor a name that nobody knows becomes a label (T35)."""
    answer, _, _ = asyncio.run(_scraped())

    assert "xyzzy" not in answer.text
    assert "frobnicator" not in answer.text


def test_only_the_owner_reads_the_figures() -> None:
    """They tell which apps and models one uses: a client's token is refused, and so is a call without one (T22)."""
    owner, client, plain = asyncio.run(_scraped(calls=0))

    assert (owner.status_code, client.status_code, plain.status_code) == (200, 403, 403)

"""Orders about models, spelled so that a guard could miss them: a registry is cloud, in letters of any case."""

from __future__ import annotations

import asyncio

import pytest

from hearth.rehearsal import Rehearsal
from hearth_home import beside, running
from server.door import ask, quiet_log

HIDDEN = {
    "plain": ("/api/create", b'{"model":"new","from":"far-away:7b"}'),
    "capitals": ("/api/create", b'{"MODEL":"new","FROM":"far-away:7b"}'),
    "a local one first": ("/api/create", b'{"model":"new","from":"scripted","From":"far-away:7b"}'),
    "remote": ("/api/create", b'{"model":"new","from":"scripted","Remote_Host":"https://evil.example"}'),
    "a long s": ("/api/create", '{"model":"new","from":"scripted","remote_ho\u017ft":"https://evil.example"}'.encode()),
    "pull": ("/api/pull", b'{"Name":"far-away:7b"}'),
    "push": ("/api/push", b'{"mODEL":"scripted"}'),
    "delete of a cloud model": ("/api/delete", b'{"MODEL":"gpt-oss:120b-cloud"}'),
}


@pytest.mark.parametrize("mode", ["offline", "lan"])
@pytest.mark.parametrize("case", HIDDEN)
def test_no_spelling_reaches_a_registry(case: str, mode: str) -> None:
    """T31, G2: Ollama reads names in any case, its decoder folds two letters beyond ASCII; so does the guard."""
    path, body = HIDDEN[case]

    async def act() -> tuple[int, list[str]]:
        async with Rehearsal() as ollama, running(beside(ollama, f'mode = "{mode}"')) as home:
            before = len(ollama.calls)
            method = "DELETE" if path.endswith("delete") else "POST"
            status = (await ask(home, method, path, [], body)).status
            return status, [call.path for call in ollama.calls[before:] if call.path == path]

    with quiet_log():
        status, reached = asyncio.run(act())

    assert status == 403
    assert not reached


def test_names_in_any_case_are_understood() -> None:
    """Recording `case-insensitive-keys`: what Ollama would take, Hearth takes."""

    async def act() -> list[int]:
        async with Rehearsal() as ollama, running(beside(ollama, 'mode = "offline"')) as home:
            return [
                (await ask(home, "POST", "/api/show", [], b'{"Model":"scripted"}')).status,
                (await ask(home, "POST", "/api/copy", [], b'{"SOURCE":"scripted","Destination":"mine"}')).status,
                (await ask(home, "DELETE", "/api/delete", [], b'{"NAME":"mine"}')).status,
            ]

    with quiet_log():
        assert asyncio.run(act()) == [200, 200, 200]

"""What a caller may wish for one request: tighter, never looser, and told when it is nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw
from multidict import CIMultiDict

from hearth.call import MODES, Mode, tightest
from hearth.chat import Members
from hearth.problems import BadRequest
from hearth.rehearsal import Rehearsal
from hearth.server.intake import take_wishes
from hearth_home import beside, running
from server.door import Answer, ask, quiet_log

BODY = b'{"model":"%b","messages":[{"role":"user","content":"Hello there"}],"stream":false}'


def _members(**wishes: object) -> Members:
    return {"model": Raw(b'"scripted"'), "hearth": Raw(msgspec.json.encode(wishes))}


@given(in_body=st.none() | st.sampled_from(MODES), in_headers=st.lists(st.sampled_from(MODES), max_size=3))
def test_of_all_modes_wished_for_the_tightest_holds(in_body: Mode | None, in_headers: list[Mode]) -> None:
    """T31: body and headers, in any order and number; one said twice is no way around the other."""
    members = _members(mode=in_body) if in_body is not None else {}
    headers = CIMultiDict([("X-Hearth-Mode", mode.upper()) for mode in in_headers])

    wishes = take_wishes(members, headers)

    said = [*in_headers, *([in_body] if in_body is not None else [])]
    assert wishes.mode == (tightest(*said) if said else UNSET)
    assert "hearth" not in members


@given(sums=st.lists(st.floats(0, 1e6), min_size=1, max_size=4))
def test_of_all_sums_the_smallest_holds(sums: list[float]) -> None:
    """What may be spent is what every one of them allows."""
    headers = CIMultiDict([("X-Hearth-Max-Cost", repr(cost)) for cost in sums[1:]])

    assert take_wishes(_members(max_cost=sums[0]), headers).max_cost == min(sums)


@pytest.mark.parametrize("cost", ["nan", "inf", "-inf", "-1", "-0.01", "free", "", "1,5", "1e999", "\udcff", "5 $"])
def test_a_sum_that_is_none_is_refused(cost: str) -> None:
    """F30: NaN compares with nothing and -1 is no money: a 400, not a silent meaning."""
    with pytest.raises(BadRequest, match=r"X-Hearth-Max-Cost|max_cost"):
        take_wishes({}, CIMultiDict({"X-Hearth-Max-Cost": cost}))


@pytest.mark.parametrize(
    "wished",
    [
        b"[]",
        b"5",
        b'"offline"',
        b'{"mode":"sideways"}',
        b'{"mode":null}',
        b'{"max_cost":-1}',
        b'{"max_cost":"0.05"}',
        b'{"cache":"yes"}',
        b'{"thinking":"maybe"}',
        b'{"unknown":1}',
        b'{"mode":' + b"[" * 50 + b"]" * 50 + b"}",
    ],
)
def test_a_wish_of_the_wrong_kind_is_refused_by_name(wished: bytes) -> None:
    """F30: what cannot be granted as it stands is told, with the field's name."""
    with pytest.raises(BadRequest, match="hearth"):
        take_wishes({"hearth": Raw(wished)}, CIMultiDict())


def _asked(config: str, cases: Sequence[tuple[str, list[tuple[str, str]], bytes]]) -> list[Answer]:
    """Ask a daemon whose local model is `scripted` and whose cloud one is `gpt-5`, both rehearsals."""

    async def act() -> list[Answer]:
        async with Rehearsal() as ollama, running(beside(ollama, config)) as home:
            return [await ask(home, "POST", path, headers, body) for path, headers, body in cases]

    with quiet_log():
        return asyncio.run(act())


@pytest.mark.parametrize("mode", ["any", "prefer-local", "lan", "ANY", " any "])
def test_a_looser_header_changes_nothing(mode: str) -> None:
    """T31: the file says offline; no header, no body and no number of them opens a way out."""
    config = 'mode = "offline"\n[fallback]\ncloud = ["far/gpt-5"]\n[providers.far]\npreset = "openai"\nkey = "sk-x"\n'
    looser = [("X-Hearth-Mode", mode)]
    wished = b'{"model":"cloud/far/gpt-5","hearth":{"mode":"any"},"messages":[{"role":"user","content":"Hi"}]}'

    at_home, aliased, far, both = _asked(
        config,
        [
            ("/api/chat", looser, BODY % b"scripted"),
            ("/v1/chat/completions", looser, BODY % b"nobody"),
            ("/v1/chat/completions", looser, BODY % b"far/gpt-5"),
            ("/v1/chat/completions", [*looser, *looser], wished),
        ],
    )

    assert (at_home.status, at_home.headers["x-hearth-place"]) == (200, "machine")
    assert {aliased.status, far.status, both.status} <= {403, 404}
    assert all("x-hearth-target" not in one.headers for one in (aliased, far, both))


def test_a_tighter_header_holds() -> None:
    """Design §8: one request may ask for more privacy than the file demands, by header or in its body."""
    config = '[providers.far]\npreset = "openai"\naddress = "https://127.0.0.1:9/v1"\nkey = "sk-x"\nplace = "cloud"\n'

    header, body = _asked(
        config,
        [
            ("/v1/chat/completions", [("X-Hearth-Mode", "offline")], BODY % b"far/gpt-5"),
            ("/v1/chat/completions", [], (BODY % b"far/gpt-5").replace(b"{", b'{"hearth":{"mode":"lan"},', 1)),
        ],
    )

    assert (header.status, body.status) == (403, 403)
    assert b"offline" in header.body
    assert b"lan" in body.body


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_a_bad_value_is_a_400_in_the_callers_dialect(path: str) -> None:
    """F30: what was meant cannot be guessed, and guessing wrong would be a leak."""
    bad = [[("X-Hearth-Mode", "sideways")], [("X-Hearth-Mode", "")], [("X-Hearth-Mode", "any, offline")]]
    bad += [[("X-Hearth-Mode", "any"), ("X-Hearth-Mode", "x")], [("X-Hearth-Mode", "\udcff")]]
    bad += [[("X-Hearth-Max-Cost", "nan")], [("X-Hearth-Max-Cost", "-1")]]

    answers = _asked("", [(path, headers, BODY % b"scripted") for headers in bad])

    assert {answer.status for answer in answers} == {400}
    for answer in answers:
        assert isinstance(answer.json()["error"], dict if path.startswith("/v1") else str)
    assert b"offline, lan, prefer-local, any" in answers[0].body


def test_wishes_are_never_sent_on() -> None:
    """Design §8: neither the member nor the headers reach a provider."""

    async def act() -> list[str]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            wished = (BODY % b"scripted").replace(b"{", b'{"hearth":{"mode":"offline"},', 1)
            for path in ("/api/chat", "/v1/chat/completions"):
                answer = await ask(home, "POST", path, [("X-Hearth-Max-Cost", "1")], wished)
                assert answer.status == 200, answer
            return [f"{call.headers} {call.body!r}".lower() for call in ollama.calls]

    assert not [sent for sent in asyncio.run(act()) if "x-hearth" in sent or '"hearth"' in sent]

"""Tokens: who must show one, what each is good for, and that all ways of showing one are the same way."""

from __future__ import annotations

import asyncio
import itertools
import stat
from collections.abc import Mapping

import pytest
from multidict import CIMultiDict

from hearth.problems import BadRequest, Forbidden, Problem, Unauthorized
from hearth.senses.callers import Peer
from hearth.server.app import PUBLIC, TABLE
from hearth.server.guard import ALL, INFER, Door, Principal, Rules, identify
from hearth.server.tokens import ensure_tokens, new_tokens
from hearth.server.ui import pages as dashboard
from hearth_config.secrets import TOKEN_PREFIX
from hearth_home import running
from server.door import JSON, PLACES, admin, ask, quiet_log

TOKENED = '[listen]\ntcp = "127.0.0.1:0"\ntrust = "token"\n'
NAMES = ("Authorization", "X-Api-Key", "Api-Key")
GUARDED = [place for place in PLACES if place.route.scope != "public"]
ORDERS = [place for place in PLACES if place.route.scope == "admin"]
TCP, UNIX = Door("tcp", "127.0.0.1", 11430), Door("unix")
RULES = Rules(tokens={"hearth_infer": ("", INFER), "hearth_admin": ("", ALL), "hearth_app": ("zed", INFER)})


def test_every_route_has_a_scope_and_few_are_public() -> None:
    """T8, G3: anything new must say who may ask; two paths and the dashboard's files are public, none gives orders."""
    scopes = {place.route.scope for place in PLACES}

    assert scopes <= {"public", "infer", "admin"}
    assert {path for path in PUBLIC if not path.startswith("/ui")} == {"/", "/api/version"}
    assert {path for path in PUBLIC if path.startswith("/ui")} == set(dashboard.TABLE)
    assert all(place.route.scope == "admin" for place in PLACES if place.path.startswith("/hearth/"))
    assert {place.path for place in ORDERS if not place.path.startswith("/hearth/")} == {"/metrics"}
    assert all(TABLE[path].keys() <= {"GET"} for path in PUBLIC)


@pytest.mark.parametrize("shown", ["", "hearth_", "hearth_wrong", "hearth_\udcff", "{infer}x", "sk-dummy", "{cut}"])
def test_without_the_right_token_nothing_is_answered(shown: str) -> None:
    """T6, T8, G3: none, short, wrong, or the dummy that SDKs demand: 401 on every route that is not public."""

    async def act() -> None:
        async with running(TOKENED) as home:
            text = shown.format(infer=home.token("infer"), cut=home.token("infer")[:-1])
            headers = [("Authorization", f"Bearer {text}"), JSON] if text else [JSON]
            asked = [ask(home, place.method, place.path, headers, b"{}") for place in GUARDED]
            statuses = {answer.status for answer in await asyncio.gather(*asked)}
            public = {path: (await ask(home, "GET", path, headers)).status for path in PUBLIC}

        assert statuses == {401}
        assert public.pop("/ui/enter") == 401, "its link is the token"
        assert public.pop("/ui") == 308
        assert set(public.values()) == {200}

    with quiet_log():
        asyncio.run(act())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["{}", "Bearer {}", "bearer {} ", "BEARER  {}"])
def test_a_token_counts_the_same_in_each_header(name: str, form: str) -> None:
    """T7: one function reads them all; a right one is a right one in any of its spellings."""
    assert identify(CIMultiDict({name: form.format("hearth_app")}), TCP, Peer("other"), RULES) == Principal(
        INFER, "zed"
    )
    with pytest.raises(Unauthorized):
        identify(CIMultiDict({name: form.format("hearth_old")}), TCP, Peer("ours"), RULES)


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(NAMES, 2)))
def test_two_different_tokens_are_refused(first: str, second: str) -> None:
    """T7: nobody guesses which of two counts; the same one twice, or one beside an SDK's dummy, is one."""
    mixed = CIMultiDict({first: "hearth_infer", second: "hearth_admin"})
    same = CIMultiDict({first: "Bearer hearth_infer", second: "hearth_infer"})
    dummy = CIMultiDict({first: "hearth_infer", second: "sk-dummy"})

    with pytest.raises(BadRequest):
        identify(mixed, TCP, Peer("ours"), RULES)
    assert identify(same, TCP, Peer("ours"), RULES).scopes == INFER
    assert identify(dummy, TCP, Peer("ours"), RULES).scopes == INFER


def test_the_first_header_of_a_name_counts() -> None:
    """T7: before and after the guard has remembered an answer, a second header of that name changes nothing."""

    async def act() -> list[int]:
        async with running(TOKENED) as home:
            good, bad = (("Authorization", f"Bearer {token}") for token in (home.token("infer"), "hearth_wrong"))
            tried = ([good], [good, bad], [bad, good], [bad])
            return [(await ask(home, "GET", "/api/tags", headers)).status for headers in (*tried, *tried)]

    assert asyncio.run(act()) == [200, 200, 401, 401] * 2


WHO: Mapping[tuple[str, str, str], Principal | type[Problem]] = {
    ("tcp", "ours", "same-user"): Principal(INFER),
    ("tcp", "other", "same-user"): Unauthorized,
    ("tcp", "unknown", "same-user"): Principal(INFER, local_only=True),
    ("tcp", "ours", "token"): Unauthorized,
    ("tcp", "other", "token"): Unauthorized,
    ("tcp", "unknown", "token"): Unauthorized,
    ("unix", "ours", "same-user"): Principal(ALL),
    ("unix", "ours", "token"): Principal(ALL),
    ("unix", "other", "same-user"): Forbidden,
    ("unix", "unknown", "token"): Forbidden,
}


@pytest.mark.parametrize(("door", "user", "trust"), WHO)
def test_who_calls_without_a_token_is_what_the_kernel_says(door: str, user: str, trust: str) -> None:
    """T6: ours may ask; by the socket, order; where nobody can tell, local models only; anybody else needs a token."""
    rules = Rules("token" if trust == "token" else "same-user", tokens=RULES.tokens)
    peer = Peer("ours" if user == "ours" else "other" if user == "other" else "unknown")
    expected = WHO[door, user, trust]

    if isinstance(expected, Principal):
        assert identify(CIMultiDict(), UNIX if door == "unix" else TCP, peer, rules) == expected
    else:
        with pytest.raises(expected):
            identify(CIMultiDict(), UNIX if door == "unix" else TCP, peer, rules)


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "fe80::1"])
@pytest.mark.parametrize("user", ["ours", "other", "unknown"])
def test_a_door_that_others_can_reach_always_needs_a_token(address: str, user: str) -> None:
    """T2: also where a service manager opened it wider than the config would have allowed."""
    peer = Peer("ours" if user == "ours" else "other" if user == "other" else "unknown")
    door = Door("tcp", address, 11430)

    with pytest.raises(Unauthorized):
        identify(CIMultiDict(), door, peer, RULES)
    assert identify(CIMultiDict({"Api-Key": "hearth_infer"}), door, peer, RULES).scopes == INFER


def test_the_socket_is_shut_to_other_users_whatever_they_show() -> None:
    """T6: it is the owner's own; a token is for the network."""
    with pytest.raises(Forbidden):
        identify(CIMultiDict(Authorization="Bearer hearth_admin"), UNIX, Peer("other"), RULES)


def test_orders_need_the_admin_token() -> None:
    """T22: on TCP the control API answers 403 to nobody in particular and to an inference token, on every route."""

    async def act() -> None:
        async with running() as home:
            infer = ("Authorization", f"Bearer {home.token('infer')}")
            for headers in ([JSON], [JSON, infer]):
                asked = [ask(home, place.method, place.path, headers, b"{}") for place in ORDERS]
                answers = await asyncio.gather(*asked)
                assert {answer.status for answer in answers} == {403}
                told = [
                    one.body for one, place in zip(answers, ORDERS, strict=True) if place.path.startswith("/hearth/")
                ]
                assert all(b'"kind":"forbidden"' in body for body in told)
            assert (await ask(home, "GET", "/hearth/v1/status", [admin(home)])).status == 200
            assert not home.daemon.stopping.is_set()

    asyncio.run(act())


@pytest.mark.parametrize("trust", ["same-user", "token"])
def test_what_the_guard_remembers_ends_with_the_config(trust: str) -> None:
    """T2, T6: a page, a name or a trust that a reload takes away is refused by the very next request."""
    before = '[listen]\ntcp = "127.0.0.1:0"\nhosts = ["box.lan"]\norigins = ["http://a.example"]\n'
    after = f'[listen]\ntcp = "127.0.0.1:0"\ntrust = "{trust}"\n'

    async def act() -> tuple[list[int], list[int]]:
        async with running(before) as home:
            cases: list[list[tuple[str, str]]] = [[], [("Host", "box.lan")], [("Origin", "http://a.example")]]
            first = [(await ask(home, "GET", "/api/tags", headers)).status for headers in cases]
            (home.folder / "hearth.toml").write_text(after)
            assert await home.daemon.reload() == ""
            return first, [(await ask(home, "GET", "/api/tags", headers)).status for headers in cases]

    assert asyncio.run(act()) == ([200, 200, 200], [200 if trust == "same-user" else 401, 421, 403])


def test_tokens_are_long_private_and_made_once() -> None:
    """T6: 256 bits of chance each, in a file for the owner alone; a new pair makes the old one worthless."""

    async def act() -> None:
        async with running(TOKENED) as home:
            file = home.folder / "token"
            old = home.token("infer")
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert ensure_tokens(file)["infer"] == old
            assert (await ask(home, "GET", "/api/tags", [("X-Api-Key", old)])).status == 200
            new_tokens(file)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            await home.daemon.reload()
            statuses = [
                (await ask(home, "GET", "/api/tags", [("X-Api-Key", token)])).status
                for token in (old, home.token("infer"), home.token("admin"))
            ]

        assert statuses == [401, 200, 200]
        assert len(old) == len(TOKEN_PREFIX) + 43

    asyncio.run(act())

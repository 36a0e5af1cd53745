"""Secrets of keys: looked up once for all who wait, renewed when refused, and seen to change."""

from __future__ import annotations

import asyncio
from pathlib import Path

from end_to_end.callers import until
from hearth.outbound.egress import Egress
from hearth.outbound.keys.credentials import Credential
from hearth.outbound.keys.hiding import hide_key
from hearth.outbound.keys.pool import Keys
from hearth.outbound.pool import Pool
from hearth.outbound.tokens import Fetched, Tokens
from hearth.problems import KeyRefused, ProviderFault
from hearth_config.layers import build_provider
from hearth_config.secrets import Secret, SecretError, resolve
from hearth_config.settings import Provider

REFUSED = KeyRefused("no", who="box")


class Held:
    """A provider with one key, or two of which the second is `env:B`."""

    def __init__(self, value: str, *, several: bool = False) -> None:
        keys = [{"id": "a", "value": value}] + ([{"id": "b", "value": "env:B"}] if several else [])
        table = {"dialect": "openai_chat", "address": "http://127.0.0.1:9/v1", "keys": keys}
        self.settings: Provider = build_provider("box", table, {})
        self.origin = Pool(Egress("offline")).origin(self.settings.address, who="box", place="machine")

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()


class Safe:
    """A place that holds one secret, and counts who looks; the secret may be exchanged."""

    def __init__(self, secret: str | None = "old-secret") -> None:
        self.secret = secret
        self.looks = 0

    def __call__(self, reference: str) -> Secret:
        self.looks += 1
        if self.secret is None:
            raise SecretError(reference, "is locked", "Unlock it")
        return Secret(self.secret)


async def _chosen(keys: Keys, held: Held, tried: frozenset[str] = frozenset()) -> Credential:
    found = await keys.choose(held, tried, 1.0)
    assert found is not None
    return found


def test_all_who_wait_share_one_look_up() -> None:
    """A command that takes a while is run once for 20 callers."""
    safe, held = Safe(), Held("cmd:pass show box", several=True)
    keys = Keys(safe)

    async def play() -> set[str]:
        found = await asyncio.gather(*(_chosen(keys, held, frozenset("b")) for _ in range(20)))
        return {one.secret.reveal() for one in found if one.secret is not None}

    assert asyncio.run(play()) == {"old-secret"}
    assert safe.looks == 1


def test_a_refused_secret_is_worth_another_try_only_when_it_has_changed() -> None:
    """It is looked up again at once; who was refused with the old one while another renewed it tries the new one."""
    safe, held = Safe(), Held("keyring:box")
    keys = Keys(safe)

    async def play() -> list[bool]:
        old = await _chosen(keys, held)
        same = await keys.renew(held, old)
        safe.secret = "new-secret"
        renewed = await keys.renew(held, old)
        looks = safe.looks
        late = await keys.renew(held, old)
        assert safe.looks == looks
        return [same, renewed, late, (await _chosen(keys, held)).secret == Secret("new-secret")]

    assert asyncio.run(play()) == [False, True, True, True]


def test_a_keyring_that_is_unlocked_brings_its_key_back() -> None:
    """A key that could not be had is looked for beside the calls, which use the other one meanwhile."""
    safe, held, told = Safe(None), Held("keyring:box", several=True), list[str]()
    keys = Keys(lambda reference: safe(reference) if reference != "env:B" else Secret("b-secret"))
    keys.say = lambda kind, **_: told.append(kind)

    async def play() -> list[str]:
        first = await _chosen(keys, held)
        safe.secret = "fresh-secret"
        before = keys.views(held.settings)[0].state
        list(keys.recount({"box": held}))
        await until(lambda: keys.views(held.settings)[0].state != "missing")
        return [first.id, before, keys.views(held.settings)[0].state]

    assert asyncio.run(play()) == ["b", "missing", "ready"]
    assert told == ["key_refused", "key_back"]


def test_a_refused_keyring_is_asked_seldom() -> None:
    """The same secret is still refused, and nobody asks the keyring for it with each call."""
    safe, held = Safe(), Held("keyring:box", several=True)
    keys = Keys(safe)

    async def play() -> str:
        await _chosen(keys, held, frozenset("b"))
        keys.rest("box", "a", REFUSED)
        for _ in range(50):
            list(keys.recount({"box": held}))
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        return keys.views(held.settings)[0].state

    assert asyncio.run(play()) == "key_refused"
    assert safe.looks <= 2


def test_a_file_is_seen_to_change(tmp_path: Path) -> None:
    """Its date, its size or its place on the disk tells, so that a key that was refused comes back."""
    held, pool = Held("file:box.key"), Pool(Egress("offline"))
    keys = Keys(lambda reference: resolve(reference, {}, tmp_path), Tokens(pool, lambda: tmp_path))

    def put(text: str) -> None:
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        fresh.chmod(0o600)
        fresh.replace(tmp_path / "box.key")

    async def play() -> list[str]:
        states = []
        put("one")
        await _chosen(keys, held)
        keys.rest("box", "a", REFUSED)
        list(keys.recount({"box": held}))
        states.append(keys.views(held.settings)[0].state)
        put("two")
        list(keys.recount({"box": held}))
        states.append(keys.views(held.settings)[0].state)
        found = await _chosen(keys, held)
        states.append(found.secret.reveal() if found.secret is not None else "")
        return states

    assert asyncio.run(play()) == ["key_refused", "ready", "two"]


class Office(Tokens):
    """Gives another token each time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Pool(Egress("offline")), lambda: folder)
        self.given = 0

    async def fetch(self, holder: object) -> Fetched:
        """Return the next token, with headers of its own."""
        self.given += 1
        return Fetched(Secret(f"token-{self.given}"), 60.0, (("x-project", "p"),))


def test_a_token_that_ended_early_is_fetched_anew(tmp_path: Path) -> None:
    """401 for a fetched token: another one is fetched, and the same call goes on with it."""
    table = {"dialect": "openai_chat", "address": "http://127.0.0.1:9/v1", "credentials": "account.json"}
    held, office = Held("env:A"), Office(tmp_path)
    held.settings = build_provider("box", table, {})
    keys = Keys(Secret, office)

    async def play() -> list[object]:
        first = await _chosen(keys, held)
        kept = keys.at_hand(held, frozenset())
        renewed = await keys.renew(held, first)
        second = await _chosen(keys, held)
        return [first.secret, kept is not None and kept.sends_as(first), renewed, second.secret, second.headers]

    assert asyncio.run(play()) == [Secret("token-1"), True, True, Secret("token-2"), (("x-project", "p"),)]
    assert office.given == 2


def test_a_config_that_comes_during_a_look_up_wins() -> None:
    """What an old reference leads to is not kept for a new one."""
    held = Held("keyring:box")
    keys = Keys(Safe("old-secret"))

    async def play() -> str:
        asking = asyncio.ensure_future(_chosen(keys, held))
        await asyncio.sleep(0)
        keys.forget(Safe("new-secret"))
        await asking
        found = await _chosen(keys, Held("keyring:other"))
        return found.secret.reveal() if found.secret is not None else ""

    assert asyncio.run(play()) == "new-secret"


def test_a_provider_that_quotes_the_key_is_not_quoted() -> None:
    """T16: neither the words nor the raw body of an error hold the key that was sent."""
    problem = ProviderFault("bad key abc123xyz!", who="box", raw=b'{"error":"abc123xyz"}')

    hide_key(problem, Credential("a", Secret("abc123xyz")))

    assert "abc123xyz" not in problem.text + str(problem) + repr(problem)
    assert problem.raw == b'{"error":"[key]"}'

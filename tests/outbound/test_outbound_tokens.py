"""Tokens that must be fetched: asked for once, kept until they are nearly over, and never farther than the provider."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearth.outbound.egress import Egress
from hearth.outbound.grants import prepare
from hearth.outbound.keys.credentials import Credential
from hearth.outbound.keys.pool import Keys
from hearth.outbound.pool import Origin, Pool
from hearth.outbound.tokens import Tokens
from hearth.problems import Forbidden, KeyRefused, Unreachable
from hearth.rehearsal import Fault, Rehearsal, Script
from hearth_config.layers import build_provider
from hearth_config.secrets import Secret
from hearth_config.settings import Provider

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


def account(**changes: str) -> dict[str, str]:
    """A service account's file."""
    return {
        "type": "service_account",
        "client_email": "robot@mine.example",
        "private_key_id": "k1",
        "private_key": PEM,
        **changes,
    }


class Holder:
    """A provider with a file of credentials."""

    def __init__(self, settings: Provider, origin: Origin) -> None:
        self.settings = settings
        self.origin = origin

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """None."""
        return ()


class Bench:
    """Keys over a real pool, and a place of tokens on loopback."""

    def __init__(self, rehearsal: Rehearsal, pool: Pool, folder: Path) -> None:
        self.rehearsal = rehearsal
        self.pool = pool
        self.keys = Keys(Secret, Tokens(pool, lambda: folder))
        table = {"preset": "vertex", "address": f"{rehearsal.url}/publishers/google", "credentials": "c.json"}
        settings = build_provider("vertex", table, {})
        self.holder = Holder(settings, pool.origin(settings.address, who="vertex", place="machine"))

    async def credential(self) -> Credential | None:
        """What a call of the provider would be sent with."""
        return self.keys.at_hand(self.holder, frozenset()) or await self.keys.choose(self.holder, frozenset())


@asynccontextmanager
async def bench(folder: Path, credentials: object, *, mode: str = "any") -> AsyncIterator[Bench]:
    async with Rehearsal(Script(kind="gemini", keys=("ya29.secret",))) as rehearsal:
        given: Any = credentials
        if isinstance(given, dict) and given.get("token_uri") == "here":
            given = {**given, "token_uri": f"{rehearsal.url}/token"}
        (folder / "c.json").write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
        pool = Pool(Egress(mode))  # type: ignore[arg-type]
        try:
            yield Bench(rehearsal, pool, folder)
        finally:
            await pool.aclose()


def _part(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def test_an_assertion_is_signed_by_the_account(tmp_path: Path) -> None:
    """RFC 7523: who asks, for what, until when; the signature is the account's own."""
    file = tmp_path / "c.json"
    file.write_text(json.dumps(account()), encoding="utf-8")

    grant = prepare(file, "vertex", 1_700_000_000.9)

    said = parse_qs(grant.form.decode())
    head, claims, signature = said["assertion"][0].split(".")
    assert grant.address == "https://oauth2.googleapis.com/token"
    assert said["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert _part(head)["alg"] == "RS256"
    assert _part(claims) == {
        "iss": "robot@mine.example",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    signed = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    KEY.public_key().verify(signed, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert PEM not in repr(grant)


def test_the_login_of_gcloud_is_exchanged_with_its_project(tmp_path: Path) -> None:
    """The file of application-default credentials: a refresh token, and the project that pays."""
    file = tmp_path / "c.json"
    user = {"client_id": "i", "client_secret": "s", "refresh_token": "r", "quota_project_id": "mine"}
    file.write_text(json.dumps({"type": "authorized_user", **user}), encoding="utf-8")

    grant = prepare(file, "vertex", 0.0)

    assert parse_qs(grant.form.decode())["grant_type"] == ["refresh_token"]
    assert grant.headers == (("x-goog-user-project", "mine"),)


def test_an_application_of_entra_asks_its_tenant(tmp_path: Path) -> None:
    """Azure: the id of an application with its secret, at the tenant's own address."""
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"tenant_id": "t-1", "client_id": "i", "client_secret": "s"}), encoding="utf-8")

    grant = prepare(file, "azure", 0.0)

    said = parse_qs(grant.form.decode())
    assert grant.address == "https://login.microsoftonline.com/t-1/oauth2/v2.0/token"
    assert said["grant_type"] == ["client_credentials"]
    assert said["scope"] == ["https://cognitiveservices.azure.com/.default"]


def test_many_calls_at_once_fetch_one_token(tmp_path: Path) -> None:
    """Whoever comes while one is fetched gets the same, and later calls the one that is kept."""

    async def act() -> tuple[list[Credential | None], int]:
        async with bench(tmp_path, account(token_uri="here")) as on:
            first = await asyncio.gather(*(on.credential() for _ in range(20)))
            return [*first, await on.credential()], len(on.rehearsal.calls)

    credentials, asked = asyncio.run(act())

    assert asked == 1
    assert {one.secret.reveal() for one in credentials if one is not None and one.secret is not None} == {"ya29.secret"}


def test_a_token_that_is_refused_is_not_used_again(tmp_path: Path) -> None:
    """A provider that takes a token for wrong makes us fetch another one."""

    async def act() -> int:
        async with bench(tmp_path, account(token_uri="here")) as on:
            await on.credential()
            on.keys.rest("vertex", "", KeyRefused("expired", who="vertex"))
            await on.credential()
            return len(on.rehearsal.calls)

    assert asyncio.run(act()) == 2


def test_a_token_about_to_expire_is_fetched_anew(tmp_path: Path) -> None:
    """It is kept for less than it lasts: shortly before its end another one is asked for."""

    async def act() -> float:
        async with bench(tmp_path, account(token_uri="here")) as on:
            return (await Tokens(on.pool, lambda: tmp_path).fetch(on.holder)).seconds

    assert asyncio.run(act()) == 3599 - 120


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ("{", "no JSON object"),
        ({"type": "external_account"}, "'external_account' are not known"),
        (account(private_key="-----BEGIN nonsense"), "private key"),
        ({"type": "service_account", "client_email": "x"}, "lack private_key"),
        (account(token_uri="ftp://x"), "no https address"),
        (account(token_uri="http://tokens.example/token"), "no https address"),
        (account(), "farther away than the provider"),
    ],
)
def test_what_is_wrong_with_credentials_is_said(tmp_path: Path, credentials: object, said: str) -> None:
    """Each refusal names the provider, what is wrong and the next step; nothing of the file is quoted (T16)."""

    async def act() -> KeyRefused:
        async with bench(tmp_path, credentials) as on:
            with pytest.raises(KeyRefused) as refused:
                await on.credential()
            assert on.rehearsal.calls == []
            return refused.value

    problem = asyncio.run(act())

    assert said in problem.message
    assert problem.who == "vertex"
    assert "vertex" in problem.next_step
    assert "nonsense" not in problem.text


def test_what_the_place_of_tokens_says_is_told_without_tokens(tmp_path: Path) -> None:
    """A refusal's words are shown as far as they are plain; what could be a secret is not."""

    async def act() -> KeyRefused:
        async with bench(tmp_path, account(token_uri="here")) as on:
            body = json.dumps({"error": "invalid_grant", "error_description": "key=AIza\u0000{secret}"}).encode()
            on.rehearsal.next(Fault(status=400, body=body), path="/token")
            with pytest.raises(KeyRefused) as refused:
                await on.credential()
            return refused.value

    problem = asyncio.run(act())

    assert "invalid_grant" in problem.message
    assert "AIza" not in problem.text
    assert "providers.vertex.credentials" in problem.next_step


def test_a_place_of_tokens_that_is_down_is_unreachable(tmp_path: Path) -> None:
    """The provider was not asked at all, and another target may be."""

    async def act() -> None:
        async with bench(tmp_path, account(token_uri="http://127.0.0.1:1/token")) as on:
            with pytest.raises(Unreachable):
                await on.credential()

    asyncio.run(act())


def test_offline_no_token_is_asked_for_in_the_cloud(tmp_path: Path) -> None:
    """Not even a name is looked up, although the provider itself is said to be in the cloud."""

    async def act() -> None:
        async with bench(tmp_path, account(), mode="offline") as on:
            settings = on.holder.settings
            on.holder.origin = on.pool.origin(settings.address, who="vertex", place="cloud")
            with pytest.raises(Forbidden):
                await on.credential()

    asyncio.run(act())

"""How targets are, through a running daemon: circuits, looks while nobody asks, and what a restart remembers."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import pytest

from end_to_end.callers import Caller, Object, admin, call, calm, chat, cloud, engine, inference, until
from hearth.outbound.circuit import TRIPS_AFTER
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import LISTEN, Home, make, running
from promised_times import held_once_of

FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
ROUTE = "/v1/chat/completions"
ONE_TRY = "[retry]\nattempts = 1\n"
BOTH = '[models.both]\nuse = ["far/scripted", "spare/scripted"]\nstrategy = "as_listed"\n'


async def health(home: Home, name: str) -> Object:
    """What `status` says of somebody's health; empty for nothing."""
    found = [one for one in (await admin(home, "/hearth/v1/status"))["health"] if one["name"] == name]
    return dict(found[0]) if found else {}


def generated(rehearsal: Rehearsal) -> list[Object]:
    """The requests for text that an Ollama got outside of chats: empty loads and probes."""
    return [one.json() for one in rehearsal.calls if one.path == "/api/generate"]


def kinds(home: Home, target: str) -> list[str]:
    return [one.kind for one in home.daemon.core.events.recent if one.facts.get("target") == target]


def test_what_calls_showed_is_seen() -> None:
    """Share of good endings, time to the first token, rate, errors by kind: for a target in the cloud as well."""

    async def scene() -> Object:
        async with Rehearsal(FAR) as far, running(calm() + ONE_TRY + cloud(far)) as home:
            for _ in range(3):
                assert (await call(home, ROUTE, chat("far/scripted", stream=True))).status == 200
            far.next(Fault.refuse(500))
            await call(home, ROUTE, chat("far/scripted"))
            return await health(home, "far/scripted")

    found = asyncio.run(scene())

    assert found["state"] == "doubted"
    assert found["failures"] == 1
    assert 0.5 < found["success"] < 1
    assert found["first_token_s"] >= 0
    assert found["tokens_per_s"] > 0
    assert sum(found["errors"].values()) == 1


def test_a_circuit_opens_is_tried_by_one_call_and_closes() -> None:
    """F15: it shows in status and in why, events tell the tray, and the other target answers meanwhile."""

    async def scene() -> tuple[Object, str, Object, Object, list[str]]:
        async with Rehearsal(FAR) as far, Rehearsal(FAR) as spare:
            config = calm() + ONE_TRY + BOTH + cloud(far) + cloud(spare, "spare")
            async with running(config) as home:
                far.next(Fault.refuse(500), times=TRIPS_AFTER)
                for _ in range(TRIPS_AFTER):
                    await call(home, ROUTE, chat("both"))
                resting = await health(home, "far/scripted")
                answer = await call(home, ROUTE, chat("both"))
                plan = (await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}"))["plan"]
                assert answer.headers["x-hearth-target"] == "spare/scripted"
                assert (await call(home, ROUTE, chat("far/scripted"))).status == 200
                return (
                    resting,
                    answer.headers["x-hearth-reason"],
                    plan,
                    await health(home, "far/scripted"),
                    kinds(home, "far/scripted"),
                )

    resting, reason, plan, after, said = asyncio.run(scene())

    assert resting["state"] == "rests"
    assert resting["failures"] == TRIPS_AFTER
    assert resting["rests_s"] > 20
    assert reason == "resting"
    assert "rests for" in plan["targets"][1]["why"][0]
    assert after["state"] == "well"
    assert said == ["target_down", "target_back"]


def test_the_last_candidate_never_rests() -> None:
    """With nobody else to ask, a target whose circuit is open is asked all the same, each time."""

    async def scene() -> tuple[list[int], int]:
        async with Rehearsal(FAR) as far, running(calm() + ONE_TRY + cloud(far)) as home:
            far.next(Fault.refuse(500), times=TRIPS_AFTER + 2)
            answers = [await call(home, ROUTE, chat("far/scripted")) for _ in range(TRIPS_AFTER + 3)]
            return [answer.status for answer in answers], inference(far)

    statuses, asked = asyncio.run(scene())

    assert asked == TRIPS_AFTER + 3
    assert statuses[-1] == 200


def test_the_silence_of_a_call_in_flight_shows() -> None:
    """Request-level health (pain 14): the time since the last token, while the port would answer anything."""

    async def scene() -> Object:
        async with Rehearsal(FAR) as far, running(calm() + cloud(far)) as home:
            far.next(Fault.stall(after=2))
            caller = await Caller.ask(home, ROUTE, chat("far/scripted", stream=True))
            await caller.until(b'"content":"', 2)
            since = time.monotonic()
            await asyncio.sleep(0.3)
            quiet_s = time.monotonic() - since
            found = await health(home, "far/scripted")
            caller.leave()
            await until(lambda: not len(home.daemon.core.calls))
            return found | {"left": (await health(home, "far/scripted"))["in_flight"], "at_least": quiet_s}

    found = asyncio.run(scene())

    assert found["in_flight"] == 1
    assert found["quiet_s"] >= found["at_least"] - 0.1
    assert found["left"] == 0


def test_an_idle_engine_is_looked_at_without_loading_anything() -> None:
    """The last look, its time and its error stand in status; models are neither loaded nor asked for a word."""

    async def scene() -> tuple[Object, list[Object], Object]:
        async with Rehearsal() as near:
            config = calm() + engine(near, 'health_check_interval = "1s"')
            async with running(config) as home:
                await until(lambda: "ollama" in home.daemon.core.prober.checks)
                well = await health(home, "ollama")
                asked = generated(near)
                near.next(Fault.refuse(500), path="*", times=-1)
                await home.daemon.core.prober.look("ollama")
                return well, asked, await health(home, "ollama")

    well, asked, ill = asyncio.run(scene())

    assert well["check"]["what"] == "list"
    assert well["check"]["error"] == ""
    assert asked == []
    assert "refused on purpose" in ill["check"]["error"]


def test_the_cloud_is_looked_at_only_where_the_config_says() -> None:
    """Off by default: an idle daemon asks nobody far away; in mode offline not even then."""

    async def scene(mode: str, interval: str) -> int:
        async with Rehearsal(FAR) as far, running(f'mode = "{mode}"\n{calm()}{cloud(far, more=interval)}') as home:
            before = len(far.calls)
            prober = home.daemon.core.prober
            intervals = dict(prober._patients.intervals())  # noqa: SLF001 -- what is due is decided by it
            for name in intervals:
                await prober.look(name)
            return len(far.calls) - before

    assert asyncio.run(scene("any", "")) == 0
    assert asyncio.run(scene("any", 'health_check_interval = "30s"')) == 1
    assert asyncio.run(scene("offline", 'health_check_interval = "30s"')) == 0


FOREVER = '[providers.ollama.models.scripted]\nkeep_alive = "-1m"\n'
PINNED = '[providers.ollama.models.scripted]\nkeep_alive = "10m"\n'


@pytest.mark.parametrize(
    ("pins", "asks"), [(FOREVER, True), (PINNED, True), ("", False)], ids=["ever", "pinned", "not"]
)
def test_a_loaded_model_in_doubt_is_asked_for_one_token_where_that_is_harmless(pins: str, *, asks: bool) -> None:
    """Its circuit closes early; the stay is not prolonged, nothing is loaded, and no other window is asked for.

    An Ollama counts a stay by the last keep_alive it was sent: only one that lasts for ever, or that Hearth sets with
    each call, survives a probe unharmed. It lasts as long as after the last call, counted from the probe.
    """

    async def scene() -> tuple[float, list[Object], str, int]:
        async with Rehearsal() as near, running(calm() + ONE_TRY + engine(near) + pins) as home:
            core = home.daemon.core
            assert (await call(home, "/api/chat", chat("scripted", stream=False))).status == 200
            near.next(Fault.refuse(500))
            assert (await call(home, "/api/chat", chat("scripted", stream=False))).status != 200
            assert (await health(home, "ollama/scripted:latest"))["state"] == "doubted"
            before, until_before = len(near.calls), _stay(core)
            await core.prober.look("ollama")
            probes = [one.json() for one in near.calls[before:] if one.path == "/api/generate"]
            await core.inventory.refresh("ollama")
            return (
                _stay(core) - until_before,
                probes,
                (await health(home, "ollama/scripted:latest"))["state"],
                core.lanes["ollama/scripted:latest"].loads,
            )

    longer_s, probes, state, loads = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0] <= 0.5)

    assert longer_s <= 0.5
    assert loads == 1
    assert len(probes) == asks
    assert state == ("well" if asks else "doubted")
    if asks:
        assert probes[0]["options"]["num_predict"] == 1
        assert probes[0]["options"]["num_ctx"] == 2048
        assert ("keep_alive" in probes[0]) == (pins == PINNED)


def test_an_engine_that_always_has_its_model_loaded_is_asked_on_its_chat_route() -> None:
    """A llama-server says with which window it runs its model: that is a loaded one, and asking loads nothing."""

    async def scene() -> tuple[list[Object], str]:
        script = Script(kind="openai", flavour="llama-server", models=(ModelScript(name="scripted"),))
        async with Rehearsal(script) as near:
            box = f'[providers.box]\npreset = "llama-server"\naddress = "{near.url}/v1"\n'
            async with running(calm() + ONE_TRY + box) as home:
                near.next(Fault.refuse(500))
                assert (await call(home, ROUTE, chat("box/scripted"))).status != 200
                before = len(near.calls)
                await home.daemon.core.prober.look("box")
                probes = [one.json() for one in near.calls[before:] if one.method == "POST"]
                return probes, (await health(home, "box/scripted"))["state"]

    probes, state = asyncio.run(scene())

    assert [one["max_tokens"] for one in probes] == [1]
    assert state == "well"


def _stay(core: object) -> float:
    """Until when the engine says it keeps the model."""
    targets = core.catalog.targets  # type: ignore[attr-defined]  # a core, whose module a test need not name
    return float(core.inventory.loaded_until(targets["ollama/scripted:latest"]))  # type: ignore[attr-defined]  # the same


def test_what_was_learned_outlives_a_restart() -> None:
    """Times and shares are there after a start, for targets in the cloud and for models with a lane."""

    async def scene() -> tuple[Object, Object, Object]:
        async with Rehearsal() as near, Rehearsal(FAR) as far:
            config = calm() + ONE_TRY + engine(near) + cloud(far) + LISTEN
            with tempfile.TemporaryDirectory(prefix="hearth-") as folder:
                first = make(Path(folder), config)
                await first.start()
                home = _home(first, folder)
                for model in ("far/scripted", "ollama/scripted"):
                    assert (await call(home, ROUTE, chat(model, stream=True))).status == 200
                far.next(Fault.refuse(500))
                await call(home, ROUTE, chat("far/scripted"))
                before = await health(home, "far/scripted")
                await first.stop()
                second = make(Path(folder), config)
                await second.start()
                await second.inventory.everywhere()
                home = _home(second, folder)
                await until(lambda: second.core.learned.get("far/scripted") is not None)
                try:
                    return before, await health(home, "far/scripted"), await health(home, "ollama/scripted:latest")
                finally:
                    await second.stop()

    before, far, near = asyncio.run(scene())

    assert far["tokens_per_s"] == before["tokens_per_s"]
    assert far["success"] == pytest.approx(before["success"], abs=0.02)
    assert near["tokens_per_s"] > 0


def _home(daemon: object, folder: str) -> Home:
    listening = [one for one in daemon.core.listening if one.startswith("http")]  # type: ignore[attr-defined]  # a Daemon
    return Home(daemon, int(listening[0].rpartition(":")[2]), daemon.paths.socket, Path(folder))  # type: ignore[arg-type, attr-defined]  # a Daemon

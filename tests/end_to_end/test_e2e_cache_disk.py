"""The answer cache and its disk: what is kept is good only for what made it, and no damage stops an answer."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from end_to_end.callers import PATIENT_S, Object, admin, call, calm, chat, engine
from hearth.daemon import Daemon
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import DISK_S, Home, make, running

ON = '[cache]\nanswers = "exact"\n'


def cold(words: str = "hello") -> Object:
    """Return the body of a chat that leaves nothing to chance."""
    return chat("scripted", words, options={"temperature": 0})


async def kept(home: Home, count: int) -> None:
    """Wait until so many answers are on disk."""
    cache = home.daemon.core.cache
    assert cache is not None
    async with asyncio.timeout(PATIENT_S):
        while (await cache.sums()).answers < count:  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.01)


def test_another_version_or_setting_of_a_model_answers_anew() -> None:
    """What was pulled anew, or is set otherwise, is asked again; and then that answer is kept."""

    async def scene() -> list[str]:
        async with Rehearsal(Script(models=(ModelScript(name="scripted"),))) as near:
            config = ON + calm() + engine(near)
            async with running(config) as home:
                seen = [await _cached(home)]
                await kept(home, 1)
                seen.append(await _cached(home))
                near.rescript(models=(ModelScript(name="scripted", digest="ab" * 32),))
                await home.daemon.inventory.refresh("ollama")
                seen.append(await _cached(home))
                seen.append(await _cached_at_last(home))
                model = '[providers.ollama.models."scripted"]\ndefaults = { top_k = 3 }\n'
                (home.folder / "hearth.toml").write_text(config + model + '[listen]\ntcp = "127.0.0.1:0"\n')
                assert not await home.daemon.reload()
                seen.append(await _cached(home))
                return seen

    assert asyncio.run(scene()) == ["", "hit", "", "hit", ""]


async def _cached(home: Home) -> str:
    answer = await call(home, "/api/chat", cold())
    assert answer.finished
    return answer.headers.get("x-hearth-cache", "")


async def _cached_at_last(home: Home) -> str:
    """What the head says once the answer is on disk."""
    async with asyncio.timeout(PATIENT_S):
        while (found := await _cached(home)) != "hit":  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.01)
        return found


def _patient(daemon: Daemon) -> None:
    """Let its answer cache wait for a disk that stands still, as a busy machine's does."""
    assert daemon.core.cache is not None
    daemon.core.cache.shelf.patience_s = DISK_S


def test_a_reload_turns_it_on_and_off_and_clear_empties_it() -> None:
    """The switch is a setting like any other; what was kept can be deleted also while it is off."""

    async def scene() -> tuple[list[str], Object, list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            file = home.folder / "hearth.toml"
            off = file.read_text()
            seen = [await _cached(home)]
            file.write_text(ON + off)
            assert not await home.daemon.reload()
            _patient(home.daemon)
            seen.append(await _cached(home))
            await kept(home, 1)
            seen.append(await _cached(home))
            file.write_text(off)
            assert not await home.daemon.reload()
            seen.append(await _cached(home))
            cleared: Object = await admin(home, "/hearth/v1/cache", "DELETE")
            left = [one.name for one in home.folder.glob("answers.*")]
            return seen, cleared, left

    seen, cleared, left = asyncio.run(scene())

    assert seen == ["", "", "hit", ""]
    assert cleared["answers"] == 1
    assert not left


@pytest.mark.parametrize("harm", ["a folder in its place", "a damaged file", "no folder"])
def test_a_broken_disk_never_stops_an_answer(harm: str) -> None:
    """Whatever is wrong with the file, calls are answered, and status says why nothing is kept (F46)."""

    async def scene() -> tuple[list[str], Object]:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            if harm == "a folder in its place":
                (home.folder / "answers.db").mkdir()
            elif harm == "a damaged file":
                (home.folder / "answers.db").write_bytes(b"no database" * 1000)
            else:
                (home.folder / "answers.key").mkdir()
            seen = []
            for _ in range(3):
                seen.append(await _cached(home))
                await (kept(home, 1) if harm == "a damaged file" else asyncio.sleep(0.1))
            status: Object = await admin(home, "/hearth/v1/status")
            return seen, status["caches"][0]

    seen, cache = asyncio.run(scene())

    assert seen == (["", "hit", "hit"] if harm == "a damaged file" else ["", "", ""])
    assert bool(cache["note"]) == (harm != "a damaged file")


def test_no_prompt_is_on_disk() -> None:
    """T35: neither the database nor its companions hold what was asked."""

    async def scene() -> bytes:
        async with Rehearsal() as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/api/chat", cold(words="the launch code is 8231"))
            await kept(home, 1)
            assert (home.folder / "answers.db").stat().st_mode & 0o777 == 0o600
            return b"".join(one.read_bytes() for one in home.folder.glob("answers.*"))

    assert b"launch code" not in asyncio.run(scene())


@pytest.mark.parametrize("preset", ["ollama", "vllm"])
def test_a_restart_keeps_what_was_kept(preset: str, tmp_path: Path) -> None:
    """The next daemon of the same folder gives the answer again: nothing of its name depends on the process."""

    async def scene() -> list[str]:
        script = Script() if preset == "ollama" else Script(kind="openai")
        async with Rehearsal(script) as one:
            address = one.url if preset == "ollama" else f"{one.url}/v1"
            config = f'{ON}{calm()}[providers.it]\npreset = "{preset}"\naddress = "{address}"\n'
            seen = []
            for _ in range(2):
                daemon = make(tmp_path, config)
                await daemon.start()
                _patient(daemon)
                await daemon.inventory.everywhere()
                home = Home(daemon, port_of(daemon), daemon.paths.socket, tmp_path)
                answer = await call(home, "/v1/chat/completions", chat("it/scripted", temperature=0))
                seen.append(answer.headers.get("x-hearth-cache", ""))
                await daemon.stop()
            return seen

    assert asyncio.run(scene()) == ["", "hit"]


def port_of(daemon: Daemon) -> int:
    return int(next(one for one in daemon.core.listening if one.startswith("http")).rpartition(":")[2])

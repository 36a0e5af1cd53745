"""The official clients list, describe, fetch, make and embed with models through Hearth."""

import hashlib
from pathlib import Path
from typing import Any

import ollama
import pytest

from clients.stage import Stage, played, user
from hearth.rehearsal import ModelScript, Script
from hearth.rehearsal.script import Kind

both = pytest.mark.parametrize("kind", ["ollama", "openai"])
NAMES = {"scripted", "small", "thinker", "templated", "plain", "embedder"}


@both
def test_the_openai_client_lists_models_and_looks_one_up(kind: Kind) -> None:
    """Every listed name can be looked up under that same name."""

    async def act(on: Stage) -> tuple[list[str], list[str]]:
        listed = [model.id async for model in on.openai.models.list()]
        return listed, [(await on.openai.models.retrieve(name)).id for name in listed]

    listed, found = played(act, kind)

    assert {name.removesuffix(":latest") for name in listed} >= NAMES
    assert found == listed


@both
def test_the_ollama_client_lists_and_describes_models(kind: Kind) -> None:
    """Tags name what is there, and show says what each can do, also where no Ollama owns it."""

    async def act(on: Stage) -> tuple[set[str], Any]:
        tags = await on.ollama.list()
        return {str(model.model) for model in tags.models}, await on.ollama.show("scripted")

    names, shown = played(act, kind)

    assert {name.removesuffix(":latest") for name in names} >= NAMES
    assert {"completion", "tools"} <= set(shown.capabilities)
    assert shown.modelinfo


def test_what_is_loaded_shows_with_its_window() -> None:
    """`ps` is empty at first, then names the model that answered; `keep_alive` 0 gives its memory back."""

    async def act(on: Stage) -> list[Any]:
        before = await on.ollama.ps()
        await on.ollama.generate("small", "Hello there")
        during = await on.ollama.ps()
        await on.ollama.generate("small", keep_alive=0)
        return [each.models for each in (before, during, await on.ollama.ps())]

    before, during, after = played(act)

    assert (before, after) == ([], [])
    assert [(model.model, model.context_length) for model in during] == [("small:latest", 128)]


def test_a_pull_shows_its_progress_and_the_model_can_be_asked_at_once() -> None:
    """Every line of Ollama's own comes through, the bytes of each layer included."""
    script = Script(registry=(ModelScript(name="qwen3:8b", size=1000),))

    async def act(on: Stage) -> tuple[list[Any], str | None]:
        progress = [each async for each in await on.ollama.pull("qwen3:8b", stream=True)]
        return progress, (await on.ollama.chat("qwen3:8b", user("Hello there"))).message.content

    progress, said = played(act, script)

    assert (progress[0].status, progress[-1].status) == ("pulling manifest", "success")
    assert any(each.completed == each.total == 1000 for each in progress)
    assert said


def test_a_failed_pull_is_raised() -> None:
    """Status 200 and then an error line: whole and streamed, the client raises what it says."""

    async def act(on: Stage) -> list[str]:
        with pytest.raises(ollama.ResponseError) as streamed:
            _ = [each async for each in await on.ollama.pull("nobody/has-this", stream=True)]
        with pytest.raises(ollama.ResponseError) as whole:
            await on.ollama.pull("nobody/has-this")
        return [streamed.value.error, whole.value.error]

    assert played(act) == ["pull model manifest: file does not exist"] * 2


def test_models_are_made_copied_pushed_and_deleted() -> None:
    """What is made can be asked at once under its new name, and is gone at once when deleted."""

    async def act(on: Stage) -> list[Any]:
        await on.ollama.copy("scripted", "twin")
        made = [each.status async for each in await on.ollama.create("terse", from_="twin", system="Be.", stream=True)]
        said = (await on.ollama.chat("terse", user("Hello there"))).message.content
        with pytest.raises(ollama.ResponseError) as refused:
            _ = [each async for each in await on.ollama.push("no/such", stream=True)]
        gone = (await on.ollama.delete("twin")).status
        with pytest.raises(ollama.ResponseError) as missing:
            await on.ollama.delete("twin")
        return [made[-1], said, bool(refused.value.error), gone, missing.value.status_code, await on.ollama.list()]

    made, said, refused, gone, missing, tags = played(act)

    names = {model.model for model in tags.models}
    assert (made, refused, gone, missing) == ("success", True, "success", 404)
    assert said
    assert "terse:latest" in names
    assert "twin:latest" not in names


def test_a_blob_is_uploaded_whole(tmp_path: Path) -> None:
    """Blobs stream through, larger than any limit on bodies; the digest comes back."""
    file = tmp_path / "blob"
    file.write_bytes(bytes(range(256)) * 20_000)
    digest = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"

    async def act(on: Stage) -> tuple[str, bytes]:
        sent = await on.ollama.create_blob(file)
        return sent, (await on.rehearsal.wait_for_call(path=digest)).body

    sent, arrived = played(act, more='[listen]\ntcp = "127.0.0.1:0"\nbody_limit = "1MB"\n')

    assert sent == digest
    assert arrived == file.read_bytes()


shortening = pytest.mark.parametrize("kind", ["ollama", Script(kind="openai")], ids=["ollama", "openai"])
"""Whoever can shorten embeddings, which a llama-server cannot."""


@shortening
def test_the_openai_client_embeds_in_all_forms(kind: Kind | Script) -> None:
    """It asks for base64 by itself; floats, fewer dimensions and lists come as asked, and agree."""

    async def act(on: Stage) -> list[Any]:
        made = on.openai.embeddings
        packed = await made.create(model="embedder", input=["the day", "the year"])
        plain = await made.create(model="embedder", input=["the day", "the year"], encoding_format="float")
        short = await made.create(model="embedder", input="the day", dimensions=8)
        return [packed, plain, short]

    packed, plain, short = played(act, kind)

    assert [len(each.embedding) for each in packed.data] == [16, 16]
    assert len(short.data[0].embedding) == 8
    assert packed.usage.prompt_tokens == plain.usage.prompt_tokens > 0
    for one, other in zip(packed.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)


@shortening
def test_the_ollama_client_embeds_in_all_forms(kind: Kind | Script) -> None:
    """One text or many, fewer dimensions, and the route of old."""

    async def act(on: Stage) -> list[Any]:
        many = await on.ollama.embed("embedder", ["the day", "the year", "the day"])
        short = await on.ollama.embed("embedder", "the day", dimensions=8)
        old = await on.ollama.embeddings("embedder", "the day")
        return [many.embeddings, short.embeddings, old.embedding]

    many, short, old = played(act, kind)

    assert many[0] == many[2] != many[1]
    assert [len(each) for each in short] == [8]
    assert list(old) == pytest.approx(list(many[0]), abs=1e-6)

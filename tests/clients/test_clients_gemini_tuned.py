"""A tuned model of Gemini's goes by its own path, `tunedModels/NAME`, from Google's client to Google."""

import asyncio

import pytest
from google.genai.errors import ClientError

from clients.gemini_stage import MODELS, staged
from hearth.rehearsal import ModelScript, Rehearsal, Script

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession")
TUNED = Script(kind="gemini", models=(*MODELS, ModelScript(name="tunedModels/mine")))
KNOWN = '[providers.box.models."tunedModels/mine"]\n'


def test_a_tuned_model_answers_by_its_own_name() -> None:
    """Whole and streamed: the name is a path of its own, and stays one upstream."""

    async def scene() -> tuple[str | None, str, Rehearsal]:
        async with staged(TUNED, after=KNOWN) as on:
            whole = await on.gemini.models.generate_content(model="tunedModels/mine", contents="Hello")
            stream = await on.gemini.models.generate_content_stream(model="tunedModels/mine", contents="Hello")
            streamed = "".join([piece.text or "" async for piece in stream])
            return whole.text, streamed, on.rehearsal

    whole, streamed, rehearsal = asyncio.run(scene())

    assert whole == streamed != ""
    paths = [made.path.partition("?")[0] for made in rehearsal.calls if made.body]
    assert paths == [f"/v1beta/tunedModels/mine:{verb}" for verb in ("generateContent", "streamGenerateContent")]


def test_one_that_nobody_has_is_a_404_in_its_form() -> None:
    """As any other name that leads nowhere."""

    async def scene() -> ClientError:
        async with staged(TUNED) as on:
            with pytest.raises(ClientError) as missing:
                await on.gemini.models.generate_content(model="tunedModels/other", contents="Hello")
            return missing.value

    missing = asyncio.run(scene())

    assert missing.code == 404
    assert "tunedModels/other" in str(missing.message)

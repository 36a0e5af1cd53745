"""What Hearth itself refuses before anything is sent is no error of the target it was meant for."""

import asyncio

from end_to_end.callers import Object, admin, call, chat, engine
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running

TEXT = {"role": "user", "content": "hello"}
NO_PICTURE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}]}
SCRIPT = Script(models=(ModelScript(name="scripted", capabilities=("completion", "tools", "vision")),))


def test_a_request_that_no_provider_would_take_is_refused_and_no_error() -> None:
    """`hearth usage` counts it apart, the target's success is whole, and its provider was not asked."""

    async def scene() -> tuple[int, Object, Object]:
        async with Rehearsal(SCRIPT) as near, running(engine(near)) as home:
            await call(home, "/v1/chat/completions", chat("scripted"))
            asked = {**chat("scripted"), "messages": [TEXT, NO_PICTURE]}
            answer = await call(home, "/v1/chat/completions", asked)
            newest = (await admin(home, "/hearth/v1/calls?limit=1"))[0]
            report = await admin(home, "/hearth/v1/usage?by=target")
            return answer.status, newest, report["total"]

    status, newest, total = asyncio.run(scene())

    assert (status, newest["ending"]) == (400, "refused")
    assert (total["calls"], total["errors"], total["refused"], total["success"]) == (2, 0, 1, 1.0)

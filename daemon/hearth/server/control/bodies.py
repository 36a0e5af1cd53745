"""What the control API says of prompts and answers on disk: those of one call, and how all of them are deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hearth.problems import Internal
from hearth.status_bodies import Said

if TYPE_CHECKING:
    from hearth.server.core import Core


async def said(core: Core, call_id: str) -> Said | None:
    """Return what was said in a call; None where that was not kept. Raises `Internal` for what the disk does."""
    if core.said is None:
        return None
    with _understood():
        found = await core.said.find(call_id)
    if found is None:
        return None
    sizes, kept = (found.request_size, found.answer_size), (len(found.request), len(found.answer))
    request, answer = found.request.decode("utf-8", "replace"), found.answer.decode("utf-8", "replace")
    return Said(found.call, found.time, request, sizes[0], answer, sizes[1], cut=sizes != kept)


async def purge(core: Core) -> int:
    """Delete all of it; returns of how many calls. Raises `Internal` for what the disk does."""
    if core.said is None:
        return 0
    with _understood():
        return await core.said.purge()


@contextmanager
def _understood() -> Iterator[None]:
    from hearth.side_file import Unusable

    try:
        yield
    except Unusable as error:
        raise Internal(f"{error}.", next_step="Check the folder and the disk.") from error

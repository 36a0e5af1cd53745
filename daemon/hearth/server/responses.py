"""The routes of OpenAI's Responses API: answers that may be remembered, and what a client may do with them later.

What is kept here is answered here; what a provider keeps, by that provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from hearth.problems import BadRequest, Cancelled, NotFound, Unsupported
from hearth.server import llm, web
from hearth.server.intake import Inference
from hearth.server.remembered import shown_items
from hearth.server.routes import Route, Table, Visit, served_by

if TYPE_CHECKING:
    from hearth.server.remembered import Kept

DIALECT = "openai_responses"
_MOST_ITEMS = 100
_SWITCH = "Responses are kept when store = true stands under [responses] in hearth.toml."


async def create(visit: Visit) -> web.StreamResponse:
    """`POST /v1/responses`."""
    served = served_by(DIALECT)
    if visit.core.generation.settings.responses.store:
        from hearth.server.remembering import Remembering

        served = Remembering(served, visit)
    return await llm.answer(
        visit.core,
        visit.request,
        Inference(served, "responses", "", visit.principal, visit.app, visit.cors),
    )


async def read(visit: Visit) -> web.StreamResponse:
    """`GET /v1/responses/ID`, and `…/ID/input_items`."""
    id, slash, what = visit.rest.partition("/")
    if elsewhere := _keeper(visit, id):
        return await _there(visit, elsewhere)
    kept = _kept(visit, id)
    if what == "input_items":
        return _json(visit, _listed(shown_items(kept), visit.request.rel_url.query))
    if slash:
        raise NotFound("No such route.")
    if visit.request.rel_url.query.get("stream") == "true":
        raise Unsupported(
            "A response that has ended is not streamed again.", param="stream", next_step="Ask for it without stream."
        )
    return _json(visit, kept.body)


async def forget(visit: Visit) -> web.StreamResponse:
    """`DELETE /v1/responses/ID`."""
    if elsewhere := _keeper(visit, visit.rest):
        return await _there(visit, elsewhere)
    kept = _kept(visit, visit.rest)
    visit.core.remembered.drop(kept.id)
    return _json(visit, {"id": kept.id, "object": "response", "deleted": True})


async def cancel(visit: Visit) -> web.StreamResponse:
    """`POST /v1/responses/ID/cancel`: ends a call in flight of the same app; what has ended cannot be cancelled."""
    id, _, what = visit.rest.partition("/")
    if what != "cancel":
        raise NotFound("No such route.")
    if elsewhere := _keeper(visit, id):
        return await _there(visit, elsewhere)
    live = visit.core.calls.get(id.removeprefix("resp_"))
    if live is None or live.call.app.name != visit.app.name or live.call.dialect != DIALECT:
        _kept(visit, id)
        raise BadRequest("Cannot cancel a completed response.", param="response_id")
    live.kill(Cancelled("The response was cancelled."))
    body = {"id": id, "object": "response", "created_at": int(live.call.wall), "status": "cancelled", "output": []}
    return _json(visit, {**body, "model": live.call.outline.model, "error": None, "usage": None})


def _keeper(visit: Visit, id: str) -> str:
    """Return the provider that keeps a response, as far as it is remembered; "" where none does."""
    (kept,) = visit.core.keys.belongings.of((id,))
    return next((name for name in kept.keys if name in visit.core.generation.providers), "")


async def _there(visit: Visit, provider: str) -> web.StreamResponse:
    """Hand a question about a response on to the provider that keeps it."""
    from hearth.server.passing import OPENAI, pass_to

    return await pass_to(visit, visit.request.rel_url.raw_path.strip("/"), OPENAI, whose=provider)


def _kept(visit: Visit, id: str) -> Kept:
    """Return a kept response of this caller. Raises `NotFound` in OpenAI's words."""
    limits = visit.core.generation.settings.responses
    kept = visit.core.remembered.find(id, visit.app.name, limits)
    if kept is None:
        raise NotFound(f"Response with id '{id[:80]}' not found.", next_step="" if limits.store else _SWITCH)
    return kept


def _listed(items: list[dict[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of items, the newest first unless asked otherwise."""
    if query.get("order") != "asc":
        items.reverse()
    after = query.get("after")
    places = [place for place, item in enumerate(items) if item["id"] == after]
    items = items[places[0] + 1 :] if places else items
    try:
        limit = min(max(int(query.get("limit", "20")), 1), _MOST_ITEMS)
    except ValueError:
        raise BadRequest("limit must be a number from 1 to 100.", param="limit") from None
    page = items[:limit]
    ids = [item["id"] for item in page] or [None]
    return {
        "object": "list",
        "data": page,
        "first_id": ids[0],
        "last_id": ids[-1],
        "has_more": len(items) > limit,
    }


def _json(visit: Visit, value: object) -> web.Response:
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return web.Response(body=body, headers={"Content-Type": "application/json", **visit.cors})


TABLE: Table = {
    "/v1/responses": {"POST": Route("infer", DIALECT, handler=create)},
    "/v1/responses/input_tokens": {"POST": Route("infer", DIALECT, "input_tokens")},
    "/v1/responses/…": {
        "GET": Route("infer", DIALECT, handler=read),
        "DELETE": Route("infer", DIALECT, handler=forget),
        "POST": Route("infer", DIALECT, handler=cancel),
    },
}

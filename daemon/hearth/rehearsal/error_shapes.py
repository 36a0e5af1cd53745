"""Errors in shapes other than OpenAI's envelope, one function a shape: status and body (wire/providers §4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hearth.rehearsal.openai_wire import Problem

Object = dict[str, Any]
Shape = Callable[["Problem"], tuple[int, Object]]


def _azure_error(problem: Problem) -> tuple[int, Object]:
    if problem.status == 404:
        text = "The API deployment for this resource does not exist."
        return 404, {"error": {"code": "DeploymentNotFound", "message": text}}
    if problem.status == 401:
        text = "Access denied due to invalid subscription key or wrong API endpoint."
        return 401, {"error": {"code": "401", "message": text}}
    return problem.status, problem.body()


MINIMAX_CODES = {401: 1004, 402: 1008, 429: 1002, 400: 2013, 404: 2013, 500: 1000, 503: 1000}


def _minimax_error(problem: Problem) -> tuple[int, Object]:
    code = MINIMAX_CODES.get(problem.status, 1000)
    return 200, {"base_resp": {"status_code": code, "status_msg": problem.text}}


def _flat(problem: Problem) -> tuple[int, Object]:
    return problem.status, {
        "message": problem.text, "type": problem.kind, "param": problem.param or "", "code": problem.code or "wrong",
    }  # fmt: skip


def _sglang(problem: Problem) -> tuple[int, Object]:
    return problem.status, {"object": "error", "message": problem.text, "type": "BadRequest", "code": problem.status}


def _numbered(problem: Problem) -> tuple[int, Object]:
    kind = "NotFoundError" if problem.status == 404 else "BadRequestError"
    said = {"message": problem.text, "type": kind, "param": problem.param, "code": problem.status}
    return problem.status, {"error": said}


def _text(problem: Problem) -> tuple[int, Object]:
    return problem.status, {"error": problem.text, "error_type": "validation"}


def _litellm(problem: Problem) -> tuple[int, Object]:
    words = f"litellm.BadRequestError: {problem.text}"
    return problem.status, {"error": {"message": words, "type": None, "param": None, "code": str(problem.status)}}


def _titled(problem: Problem) -> tuple[int, Object]:
    return problem.status, {"status": problem.status, "title": "Bad Request", "detail": problem.text}


SHAPES: dict[str, Shape] = {
    "azure": _azure_error, "minimax": _minimax_error, "cerebras": _flat, "sglang": _sglang, "vllm": _numbered,
    "tgi": _text, "litellm": _litellm, "nvidia": _titled,
}  # fmt: skip

"""What a Gemini refuses, in Google's own words: keys, unknown names, turns out of order, calls without a signature."""

from __future__ import annotations

import base64
from typing import Any

from hearth.rehearsal.http import Refused, Request
from hearth.rehearsal.script import ModelScript, Script

Object = dict[str, Any]
SEAL = base64.b64encode(b"sealed by the rehearsal").decode()
"""The signature of every call and thought made here."""
SKIP = "skip_thought_signature_validator"
_TOP = {
    *("contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "safetySettings", "cachedContent"),
    *("labels", "serviceTier", "system_instruction", "generation_config", "safety_settings", "tool_config"),
}
_CONFIG = {
    *("maxOutputTokens", "temperature", "topP", "topK", "stopSequences", "seed", "candidateCount", "presencePenalty"),
    *("frequencyPenalty", "responseMimeType", "responseSchema", "responseJsonSchema", "responseModalities"),
    *("responseLogprobs", "logprobs", "thinkingConfig", "mediaResolution"),
}
_MOST_STOPS = 5
_STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


class Problem(Refused):
    """A refusal, with the details that Google adds to some."""

    def __init__(self, status: int, text: str, *details: Object) -> None:
        super().__init__(status, text)
        self.details = details

    def body(self) -> Object:
        """The error as Google writes it."""
        error: Object = {"code": self.status, "message": self.text, "status": _STATUS.get(self.status, "UNKNOWN")}
        return {"error": error | ({"details": list(self.details)} if self.details else {})}


def is_vertex(request: Request) -> bool:
    """Whether the address is one of Vertex's."""
    return "/publishers/" in request.path


def check_key(script: Script, request: Request) -> None:
    """An API key in its header, or at Vertex a token."""
    if not script.keys:
        return
    if is_vertex(request):
        if request.header("Authorization").removeprefix("Bearer ") not in script.keys:
            raise Problem(401, "Request had invalid authentication credentials. Expected OAuth 2 access token.")
        return
    key = request.header("x-goog-api-key")
    if not key:
        raise Problem(403, "Method doesn't allow unregistered callers (callers without established identity).")
    if key not in script.keys:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        raise Problem(400, "API key not valid. Please pass a valid API key.", info)


def check(model: ModelScript, members: Object, *, vertex: bool) -> None:
    """Everything about a request to generate."""
    _check_names(members)
    contents = members.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Problem(400, "* GenerateContentRequest.contents: contents is not specified")
    for number, content in enumerate(contents):
        if content.get("role", "user") not in ("user", "model"):
            raise Problem(400, "Please use a valid role: user, model.")
        if not content.get("parts"):
            raise Problem(400, f"* GenerateContentRequest.contents[{number}].parts: contents.parts must not be empty.")
    _check_calls(contents, vertex=vertex)
    if model.name.startswith("gemini-3"):
        _check_seals(contents)


def _check_names(members: Object) -> None:
    config = members.get("generationConfig") or {}
    for known, given, where in ((_TOP, members, ""), (_CONFIG, config, " at 'generation_config'")):
        for name in given:
            if name not in known:
                raise Problem(400, f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
    thinking = config.get("thinkingConfig") or {}
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        raise Problem(400, "You can only set only one of thinking budget and thinking level.")
    if len(config.get("stopSequences") or ()) > _MOST_STOPS:
        raise Problem(400, "Only up to 5 stop sequences are allowed.")


def _check_calls(contents: list[Object], *, vertex: bool) -> None:
    """Each turn of calls is followed by one with an answer to each, by name."""
    open_calls: list[str] = []
    for content in contents:
        calls = [part["functionCall"] for part in content["parts"] if "functionCall" in part]
        answers = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        if vertex and any("id" in one for one in (*calls, *answers)):
            raise Problem(400, 'Invalid JSON payload received. Unknown name "id": Cannot find field.')
        if any(not isinstance(answer.get("response"), dict) for answer in answers):
            raise Problem(
                400, "Invalid value at 'function_response.response' (type.googleapis.com/google.protobuf.Struct)"
            )
        if sorted(answer["name"] for answer in answers) != sorted(open_calls):
            raise Problem(
                400,
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn.",
            )
        open_calls = [call["name"] for call in calls]


def _check_seals(contents: list[Object]) -> None:
    """The first call of each turn since the user's last words bears a signature made here, or the other word."""
    said = [number for number, content in enumerate(contents) if _is_said(content)]
    for number, content in enumerate(contents[said[-1] if said else 0 :]):
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        if first is None:
            continue
        seal = first.get("thoughtSignature")
        if seal is None:
            raise Problem(
                400, f"Function call is missing a thought_signature in functionCall parts, position {number}."
            )
        if seal not in (SEAL, SKIP):
            raise Problem(400, "Thought signature is not valid.")


def _is_said(content: Object) -> bool:
    return content.get("role", "user") == "user" and any("text" in part for part in content["parts"])

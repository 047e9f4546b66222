"""What is said when the answer is no: as `{"code", "message"}` under /node/api, as RFC 9457 problem documents elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Self, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pointsman.errors import StoreUnavailable
from pointsman.http.encode import JsonAnswer
from pointsman.model.access import Permission

DOCUMENTED = "/node/api"
"""Where the documented API begins."""
PROBLEM = "application/problem+json"

_OF_REASONS: Mapping[str, tuple[int, str]] = {
    "unknown_entity": (404, "ResourceNotFound"),
    "unknown_operation": (404, "ResourceNotFound"),
    "unknown_job": (404, "ResourceNotFound"),
    "unknown_property": (404, "ResourceNotFound"),
    "unknown_definition": (404, "ResourceNotFound"),
    "unknown_state": (400, "InvalidContent"),
    "bad_definition": (400, "InvalidContent"),
    "bad_request": (400, "BadRequest"),
    "not_writable": (409, "Conflict"),
    "not_open": (409, "Conflict"),
    "exists": (409, "Conflict"),
    "from_file": (409, "Conflict"),
    "in_use": (409, "Conflict"),
    "quarantined": (409, "Conflict"),
    "conflict": (412, "PreconditionFailed"),
    "key_reused": (422, "KeyReused"),
    "internal_error": (500, "InternalError"),
}
"""Status and code for each reason of the engine's (`model.command.RejectReason`)."""


class Refusal(Exception):
    """The answer is no."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        """`code` is a word for programs, `message` says what was expected, what was found and what to do. `more` is told by the
        problem document only."""
        super().__init__(message)
        self.status, self.code, self.message, self.headers, self.more = status, code, message, dict(headers or {}), more

    @classmethod
    def of_engine(cls, answer: Mapping[str, Any]) -> Self:
        """What the engine refused."""
        status, code = _OF_REASONS.get(str(answer.get("reason")), (400, "BadRequest"))
        more = {key: value for key, value in answer.items() if key not in ("error", "reason", "faults")}
        if faults := answer.get("faults"):
            parts = [str(each).partition(": ") for each in faults]
            more["errors"] = [{"at": at, "message": message} for at, _, message in parts]
        return cls(status, code, str(answer["error"]), reason=answer.get("reason"), **more)

    @classmethod
    def not_found(cls, what: str) -> Self:
        """There is no such thing, or it is out of the caller's reach, which is told alike."""
        return cls(404, "ResourceNotFound", f"there is no {what}")

    @classmethod
    def content(cls, message: str, **more: Any) -> Self:
        """The body is not what it should be."""
        return cls(400, "InvalidContent", message, **more)

    @classmethod
    def forbidden(cls, missing: Iterable[Permission]) -> Self:
        """One of these permissions is missing."""
        names = sorted(missing)
        return cls(403, "Forbidden", f"expected the permission {' or '.join(names)}, which you lack", permissions=names)

    @classmethod
    def unavailable(cls) -> Self:
        """The engine did not answer in time."""
        message = "the worker did not answer in time: what was asked for may still be done; look before you ask again"
        return cls(503, "Unavailable", message, headers={"Retry-After": "5"})


def answer_of(refusal: Refusal, request: Request) -> Response:
    """The refusal in the form of the API that was asked."""
    # Not `request.url`, which is made of the Host header, whatever is in it.
    if str(request.scope["path"]).startswith(DOCUMENTED):
        return JsonAnswer({"code": refusal.code, "message": refusal.message}, refusal.status, headers=refusal.headers)
    document = {
        "type": "about:blank",
        "title": HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.message,
        "code": refusal.code,
        **{key: value for key, value in refusal.more.items() if value is not None},
    }
    return JsonAnswer(document, refusal.status, headers=refusal.headers, media_type=PROBLEM)


def install(app: FastAPI) -> None:
    """Have every fault of the app's told so."""

    async def refused(request: Request, refusal: Exception) -> Response:
        return answer_of(cast(Refusal, refusal), request)

    async def of_http(request: Request, fault: Exception) -> Response:
        fault = cast(HTTPException, fault)
        codes = {404: "ResourceNotFound", 405: "MethodNotAllowed"}
        code = codes.get(fault.status_code, "BadRequest")
        return answer_of(Refusal(fault.status_code, code, str(fault.detail), headers=fault.headers), request)

    async def invalid(request: Request, fault: Exception) -> Response:
        fault = cast(RequestValidationError, fault)
        errors = [
            {"at": ".".join(str(step) for step in error["loc"]), "message": str(error["msg"])} for error in fault.errors()[:20]
        ]
        first = errors[0] if errors else {"at": "body", "message": "not what it should be"}
        return answer_of(Refusal.content(f"{first['at']}: {first['message']}", errors=errors), request)

    async def store_gone(request: Request, fault: Exception) -> Response:
        return answer_of(Refusal(503, "Unavailable", str(fault), headers={"Retry-After": "5"}), request)

    async def defect(request: Request, fault: Exception) -> Response:
        request.app.state.services.log.error("a defect stopped one request", path=request.scope["path"], exc_info=fault)
        return answer_of(Refusal(500, "InternalError", "a defect of Pointsman's: its log has the details"), request)

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StoreUnavailable, store_gone)
    app.add_exception_handler(Exception, defect)

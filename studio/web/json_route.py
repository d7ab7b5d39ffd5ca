"""JSON routes: request bodies of at most 64 KiB, checked against a pydantic model, refused by field."""

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic_core import ErrorDetails

from engine.errors import Problem, Refused, problems
from engine.fields import Section

MOST_BYTES = 65_536
_NO_OBJECT = Problem("body", "should be a JSON object", 'For example {"changes": {"method.sigma": 0.02}}')


async def bounded(request: Request, most: int) -> bytes:
    """The body of a request. Raises `Refused` if it has more bytes than `most`."""
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > most:
            raise Refused(Problem("body", "is too long", f"Send at most {most} bytes"))
    return content


class JsonRequest(Request):
    """A request that carries a JSON object, or nothing, which is as good as {}."""

    async def body(self) -> bytes:
        """The body. Raises `Refused` if it is too long or no JSON."""
        if not hasattr(self, "_body"):
            self._body = await bounded(self, MOST_BYTES) or b"{}"
        return self._body

    async def json(self) -> Any:
        """The object. Raises `Refused` if it is anything else."""
        try:
            found = orjson.loads(await self.body())  # which refuses NaN, half characters and what is nested too deep
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refused(_NO_OBJECT)
        return found


class JsonRoute(APIRoute):
    """A route whose body is a pydantic model. What does not fit raises `Refused`, with the cures that the model knows."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, takes = super().get_route_handler(), self.body_field

        async def handle_json(request: Request) -> Response:
            if takes:
                untyped = [header for header in request.scope["headers"] if header[0] != b"content-type"]
                request = JsonRequest({**request.scope, "headers": untyped}, request.receive)
                await request.json()  # which FastAPI would refuse in words of its own
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise Refused(*map(_cures(takes), problems(map(_in_body, error.errors())))) from None

        return handle_json


def json_router(prefix: str) -> APIRouter:
    """A router of such routes, which take JSON whatever content type a request gives it."""
    return APIRouter(prefix=prefix, route_class=JsonRoute, strict_content_type=False)


def described(text: str) -> dict[int | str, dict[str, Any]]:
    """What the document says of an answer that is written by hand: an object."""
    return {200: {"description": text, "content": {"application/json": {"schema": {"type": "object"}}}}}


def _in_body(fault: ErrorDetails) -> ErrorDetails:
    """A fault, placed within the body, the path or the query, which FastAPI puts before the field."""
    fault["loc"] = fault["loc"][1:]
    return fault


def _cures(body: Any) -> Callable[[Problem], Problem]:
    """What the model of a body makes of a problem."""
    model = body.field_info.annotation if body else None
    return model.cured if isinstance(model, type) and issubclass(model, Section) else Section.cured

"""Gate before Gradio: what of it can be reached, and what an event may carry, which is nothing that could name a file."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import Problem, Refused, explain
from studio.pages.scripts import FOR_EVER
from studio.web.errors import refusal
from studio.web.json_route import JsonRequest

_STREAM = "/gradio_api/queue/data"
_EVENTS = ("/gradio_api/run/predict", "/gradio_api/queue/join")
_SHOWN = re.compile(
    r"/(runs|compare|gallery|config|theme\.css|favicon\.ico)?|/(assets|static)(/[A-Za-z0-9_.-]{1,128}){1,8}|/gradio_api/(app_id|heartbeat/[A-Za-z0-9]{1,64})"
)
_NAMED_BY_CONTENTS = re.compile(r"/assets/.*-[A-Za-z0-9_-]{8,9}\.[a-z0-9]+")
"""Files of Gradio's that have another name as soon as anything else is in them."""
_LARGEST = 2**53
"""From here on a browser cannot tell one whole number from the next."""

Text = Annotated[str, Field(max_length=32_768)]
Number = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)] | Annotated[float, Field(allow_inf_nan=False)]

Plain = bool | Number | Text | None


class Event(BaseModel):
    """One event of the page. Gradio takes a JSON object for a file wherever it finds one, so there is none."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fn_index: int
    data: list[Plain]
    session_hash: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]
    trigger_id: Annotated[int, Field(ge=0, le=_LARGEST)] | None = None
    event_data: Plain = None
    """What a field that was typed into holds, which nothing of ours asks for: it goes no further."""


class Gate:
    """Stands before Gradio, and knows how many values each of its events takes."""

    def __init__(self, app: ASGIApp, events: Mapping[int, int]) -> None:
        self._app = app
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, is_read = scope["path"].removeprefix(scope.get("root_path", "")), scope["method"] in ("GET", "HEAD")
        if is_read and path == _STREAM:
            await self._app(scope, receive, send)
        elif is_read and _SHOWN.fullmatch(path):
            kept = _NAMED_BY_CONTENTS.fullmatch(path)
            await self._app(_without_query(scope), receive, _for_ever(send) if kept else send)
        elif scope["method"] == "POST" and path in _EVENTS:
            await self._pass_on(scope, receive, send)
        else:
            await nothing()(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what an event carries, written anew, or refuse it."""
        request = JsonRequest(scope, receive)
        try:
            event = self._read(await request.json())
        except Refused as refused:
            await refusal(request, refused)(scope, receive, send)
        else:
            await self._app(_without_query(scope), _carrying(event, receive), send)

    def _read(self, body: object) -> Event:
        try:
            event = Event.model_validate(body)
        except ValidationError as error:
            raise explain(error, {}) from None
        if len(event.data) != self._events.get(event.fn_index):
            raise Refused(Problem("data", "belongs to no event of this page", "Reload the page"))
        return event


def nothing() -> JSONResponse:
    """The answer where there is nothing."""
    return JSONResponse({"problems": [{"field": "", "what": "There is nothing here", "cure": "Open the studio itself"}]}, 404)


def _carrying(event: Event, receive: Receive) -> Receive:
    """A request with `event` in it, and after that whatever becomes of the connection."""
    messages: list[Message] = [
        {"type": "http.request", "body": event.model_dump_json(exclude={"event_data"}).encode(), "more_body": False}
    ]

    async def give() -> Message:
        return messages.pop() if messages else await receive()

    return give


def _for_ever(send: Send) -> Send:
    """What is found is told to be kept for ever."""

    async def send_to_keep(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["cache-control"] = FOR_EVER
        await send(message)

    return send_to_keep


def _without_query(scope: Scope) -> Scope:
    """The address without what stands behind its question mark, which only the page's scripts read."""
    return {**scope, "query_string": b""}

"""TensorBoard behind the studio's own guard, started when somebody first wants it."""

import asyncio
import subprocess
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from engine import processes
from engine.errors import Problem, Refused
from studio.tensorboard import PREFIX
from studio.web.json_route import bounded
from studio.web.temporary_files import private_folder

MOST_BYTES = 1 << 20
PASSED = ("accept", "content-type")
"""What TensorBoard is told of a request's headers."""
RETURNED = ("content-type", "cache-control", "expires")
TRIES, PAUSE = 600, 0.1


class Board:
    """The process that draws TensorBoard's pages over a folder of runs."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._folder = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.AsyncClient | None = None
        self._starting = asyncio.Lock()

    async def ask(self, request: Request, path: str) -> httpx.Response:
        """Its answer to a request below its path. Raises `Refused` if it cannot be started."""
        client = await self._begun()
        url, body = f"http://tensorboard{PREFIX}/{quote(path)}", await bounded(request, MOST_BYTES)
        headers = {name: value for name, value in request.headers.items() if name in PASSED}
        try:
            return await client.request(request.method, url, params=request.query_params, content=body, headers=headers)
        except httpx.TransportError:
            raise Refused(Problem("tensorboard", "does not answer", "Reload the page, which starts it again")) from None

    def close(self) -> None:
        """End it."""
        if self._process:
            with self._process as process:
                process.kill()
        self._folder.close()

    async def _begun(self) -> httpx.AsyncClient:
        async with self._starting:
            if self._client is None or self._process is None or self._process.poll() is not None:
                self._client = await self._new()
            return self._client

    async def _new(self) -> httpx.AsyncClient:
        if self._client:
            await self._client.aclose()
        self.close()
        socket = self._folder.enter_context(private_folder()) / "socket"
        self._process = self._start(socket)
        await _is_there(socket, self._process)
        return httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket)), timeout=120, trust_env=False)

    def _start(self, socket: Path) -> "subprocess.Popen[bytes]":
        command = processes.python("studio.tensorboard", str(self._runs.absolute()), str(socket))
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, env=processes.environment())


async def _is_there(socket: Path, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(TRIES):
        if socket.exists():
            return
        if process.poll() is not None:
            break
        await asyncio.sleep(PAUSE)
    raise Refused(Problem("tensorboard", "could not be started", "Try `tensorboard --logdir` with the folder of runs"))


def tensorboard_routes(board: Board) -> APIRouter:
    """GET and POST /tensorboard/ and whatever TensorBoard has below it."""
    api = APIRouter(include_in_schema=False)

    @api.get(PREFIX)
    def front() -> Response:
        return RedirectResponse(f".{PREFIX}/")

    @api.api_route(f"{PREFIX}/{{path:path}}", methods=["GET", "POST"])
    async def page(path: str, request: Request) -> Response:
        answer = await board.ask(request, path)
        headers = {name: answer.headers[name] for name in RETURNED if name in answer.headers}
        return Response(answer.content, answer.status_code, headers)

    return api

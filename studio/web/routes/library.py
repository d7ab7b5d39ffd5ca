"""The routes with which runs are kept in order: labels, archives, and the trash."""

import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from engine.errors import Problem, Refused
from engine.runs.archive import Pieces, pack, unpack
from engine.runs.archive.staging import workplace
from engine.runs.labels import labels, relabel
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.web.request_body import read_body
from studio.web.upload import save_upload

MOST_UPLOAD = 8 * 2**30


def library_routes(runs: Path) -> APIRouter:
    """POST labels and delete and GET zip below /api/runs/{run_id}; POST /api/import; GET /api/storage; POST below /api/trash."""
    api = APIRouter(prefix="/api")
    trash = Trash(runs)

    @lru_cache(maxsize=1)
    def deleted(_changed: int) -> list[dict[str, Any]]:
        return [{"id": run.id, "name": labels(run).name, "bytes": run.bytes_used()} for run in trash.runs()]

    @api.post("/runs/{run_id}/labels")
    async def label(run_id: str, request: Request) -> dict[str, Any]:
        given = await read_body(request)
        changed = await run_in_threadpool(lambda: relabel(Run.open(runs, run_id), given))
        return changed.model_dump()

    @api.post("/runs/{run_id}/delete")
    def delete(run_id: str) -> dict[str, str]:
        return {"trash": trash.put(Run.open(runs, run_id)).id}

    @api.get("/runs/{run_id}/zip")
    def archive(run_id: str, checkpoints: str = "newest") -> Response:
        run = Run.open(runs, run_id)
        return ArchiveResponse(run.id, pack(run, checkpoints))

    @api.post("/import")
    async def take_in(request: Request, images: str = "") -> dict[str, str]:
        async with contextmanager_in_threadpool(workplace(runs)) as place:
            await save_upload(request, place / "upload.zip", MOST_UPLOAD)
            made = await run_in_threadpool(lambda: unpack(place / "upload.zip", runs, images))
        return {"run": made.id}

    @api.get("/storage")
    def storage() -> dict[str, Any]:
        return {"free": shutil.disk_usage(runs).free, "most_upload": MOST_UPLOAD, "trash": deleted(trash.changed)}

    @api.post("/trash/empty")
    async def empty(request: Request) -> dict[str, int]:
        names = (await read_body(request)).get("runs")
        if not isinstance(names, list):
            raise Refused(Problem("runs", "should be a list of the deleted runs that are to be lost", "See GET /api/storage"))
        return {"freed": await run_in_threadpool(lambda: trash.empty(names))}

    @api.post("/trash/{name}/restore")
    def restore(name: str) -> dict[str, str]:
        return {"run": trash.restore(name).id}

    return api


class ArchiveResponse(StreamingResponse):
    """An archive as it is made. Its files are closed at once when whoever wanted it goes away."""

    def __init__(self, name: str, pieces: Pieces) -> None:
        headers = {"content-disposition": f'attachment; filename="{name}.zip"', "cache-control": "no-store"}
        super().__init__(pieces, media_type="application/zip", headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pieces.close()

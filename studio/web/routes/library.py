"""The routes with which runs are kept in order: labels, archives, and the trash."""

import shutil
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.concurrency import contextmanager_in_threadpool, run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from engine.runs.archive import Pieces, pack, unpack
from engine.runs.archive.staging import staging_folder
from engine.runs.labels import Labels, labels, relabel
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.web.json_route import json_router
from studio.web.models import DeletedRun, EmptyRequest, Freed, OneRun, Storage, Trashed
from studio.web.upload import save_upload

MOST_UPLOAD = 8 * 2**30
ARCHIVE = {"requestBody": {"required": True, "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}}


def library_routes(runs: Path) -> APIRouter:
    """POST labels and delete and GET zip below /api/runs/{run_id}; POST /api/import; GET /api/storage; POST below /api/trash."""
    api = json_router("/api")
    trash = Trash(runs)

    @lru_cache(maxsize=1)
    def deleted(_changed: int) -> list[DeletedRun]:
        return [DeletedRun(id=run.id, name=labels(run).name, bytes=run.bytes_used()) for run in trash.runs()]

    @api.post("/runs/{run_id}/labels")
    def label(run_id: str, given: Labels) -> Labels:
        """Change the labels that are given."""
        return relabel(Run.open(runs, run_id), given.model_dump(exclude_unset=True))

    @api.post("/runs/{run_id}/delete")
    def delete(run_id: str) -> Trashed:
        """Put the run into the trash."""
        return Trashed(trash=trash.put(Run.open(runs, run_id)).id)

    @api.get("/runs/{run_id}/zip", response_class=StreamingResponse)
    def archive(run_id: str, checkpoints: str = "newest") -> Response:
        """The run as an archive; `checkpoints` is newest, all or none."""
        run = Run.open(runs, run_id)
        return ArchiveResponse(run.id, pack(run, checkpoints))

    @api.post("/import", openapi_extra=ARCHIVE)
    async def take_in(request: Request, images: str = "") -> OneRun:
        """Take in a run from the archive that the request carries; `images` is where its folder of images is here."""
        async with contextmanager_in_threadpool(staging_folder(runs)) as place:
            await save_upload(request, place / "upload.zip", MOST_UPLOAD)
            made = await run_in_threadpool(lambda: unpack(place / "upload.zip", runs, images))
        return OneRun(run=made.id)

    @api.get("/storage")
    def storage() -> Storage:
        """Room on the disk, and what is in the trash."""
        return Storage(free=shutil.disk_usage(runs).free, most_upload=MOST_UPLOAD, trash=deleted(trash.changed))

    @api.post("/trash/empty")
    def empty(given: EmptyRequest) -> Freed:
        """Remove deleted runs for good."""
        return Freed(freed=trash.empty(given.runs))

    @api.post("/trash/{name}/restore")
    def restore(name: str) -> OneRun:
        """Have a deleted run back."""
        return OneRun(run=trash.restore(name).id)

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

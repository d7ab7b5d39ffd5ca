"""Unpack a run from an untrusted archive. It is there whole, or there is nothing."""

import json
from pathlib import Path

from pydantic import ValidationError

from engine.errors import Problem, Refused
from engine.files.atomic import sync
from engine.files.space import why_not_written
from engine.runs.archive.extract import extract
from engine.runs.archive.manifest import FORMAT, MANIFEST, Manifest, faulty
from engine.runs.archive.staging import staging_folder
from engine.runs.archive.verify import verify_files
from engine.runs.run import Run, under_free_name


def unpack(archive: Path, runs: Path, images: str = "") -> Run:
    """The run in the file `archive`, now in `runs`, under another name if there is one of its own already.

    `images` is the folder here of a run that learns from a folder of images. Raises `Refused`, and leaves nothing, if
    the archive is not that of a run in every respect, or the disk is full.
    """
    try:
        with staging_folder(runs) as place:
            draft = place / "run"
            name = _checked(draft, extract(archive, draft))
            verify_files(draft, images)
            (draft / "commands").mkdir()
            (draft / Run.CAME_IN).touch()
            for folder in (draft / "checkpoints", draft / "arrays", draft):
                sync(folder)
            made = Run(under_free_name(draft, runs, name))
    except FileNotFoundError as error:
        raise Refused(Problem("archive", f"cannot be read: {error}", "Give the path of a zip archive")) from None
    except OSError as error:
        if (reason := why_not_written(error)) is None:
            raise
        raise Refused(Problem("disk", f"{reason}: {error}", f"Make room for {runs}, and import again")) from None
    sync(runs)
    return made


def _refuse_newer(manifest: object) -> None:
    """Raises `Refused` for an archive of a later version of this program."""
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if isinstance(found, int) and found > FORMAT:
        what = f"is of format {found}, and this version of RWP Studio knows formats up to {FORMAT}"
        raise faulty(MANIFEST, what, "Update RWP Studio, and import again")


def _checked(draft: Path, hashes: dict[str, str]) -> str:
    """The name of the run, once all its files are those that the archive's own list tells of."""
    path = draft / MANIFEST
    try:
        told = json.loads(path.read_bytes())
        _refuse_newer(told)
        manifest = Manifest.model_validate(told)
    except (ValidationError, ValueError, RecursionError):
        raise faulty(MANIFEST, "is no list of the files of a run") from None
    path.unlink()
    del hashes[MANIFEST]
    if odd := sorted(manifest.files.keys() ^ hashes.keys()):
        raise faulty(odd[0], "is in the archive but not in its list, or in its list but not there")
    if wrong := [name for name, digest in hashes.items() if manifest.files[name] != digest]:
        raise faulty(wrong[0], "is not the file that was packed: its SHA-256 is another")
    return manifest.run

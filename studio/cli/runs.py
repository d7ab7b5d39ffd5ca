"""`rwp-studio list`, `label`, `export`, `import`, `delete`, `trash`: keep runs in order."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from engine.errors import Problem, Refused
from engine.runs.archive import pack, unpack
from engine.runs.labels import labels, relabel
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.output import print_json


def show(runs: Path, as_json: bool) -> None:
    """Print one line per run: its name, how far it is, and its labels."""
    rows = [{"id": run.id, **run.status().model_dump(), "labels": labels(run).model_dump()} for run in Run.all(runs)]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        told, since = row["labels"], row["silent_since"]
        silence = time.strftime("no answer since %H:%M:%S", time.localtime(since)) if since else ""
        shown = " ".join(filter(None, (silence, "★" if told["star"] else "", told["name"], *(f"#{tag}" for tag in told["tags"]))))
        print(f"{row['id']:<48} {row['state']:<12} {row['step']:>8}/{row['steps']:<8} {shown}".rstrip())


def label(given: argparse.Namespace) -> None:
    """Change what was asked for, then print the run's labels."""
    changes: dict[str, Any] = {key: getattr(given, key) for key in ("name", "note", "star") if getattr(given, key) is not None}
    if given.tags is not None:
        changes["tags"] = [tag.strip() for tag in given.tags.split(",") if tag.strip()]
    run = Run.open(given.runs, given.run)
    print_json((relabel(run, changes) if changes else labels(run)).model_dump())


def export(run: Run, file: Path, checkpoints: str) -> None:
    """Write the archive of `run`; the file has its name when it is whole, and never takes the place of another."""
    if file.is_dir():
        raise Refused(Problem(str(file), "is a folder", f"Give the name of a file, such as {file / f'{run.id}.zip'}"))
    pieces, draft = pack(run, checkpoints), file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.touch(exist_ok=False)
    except FileExistsError:
        raise Refused(Problem(str(file), "there is such a file already", "Give another place for the archive")) from None
    try:
        with draft.open("xb") as archive:
            archive.writelines(pieces)
        draft.replace(file)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise Refused(Problem(str(file), f"cannot be written: {error}", "Give another place for the archive")) from None
        raise
    print(file)


def take_in(given: argparse.Namespace) -> None:
    """Print the folder of the run that was in the archive."""
    print(unpack(given.archive, given.runs, given.images).path)


def delete(given: argparse.Namespace) -> None:
    """Put a run into the trash and print how it is called there."""
    print(Trash(given.runs).put(Run.open(given.runs, given.run)).id)


def trash(given: argparse.Namespace) -> None:
    """Have a run back, or lose all that are in the trash; then print what is there and its size."""
    there = Trash(given.runs)
    if given.restore:
        print(there.restore(given.restore).path)
    if given.empty:
        print(f"{there.empty([run.id for run in there.runs()]) / 1e6:.1f} MB freed")
    for run in there.runs():
        print(f"{run.id:<48} {run.bytes_used() / 1e6:>10.1f} MB  {labels(run).name}".rstrip())

"""`rwp-studio list`, `label`, `export`, `import`, `delete`, `trash`: keep runs in order."""

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Problem, Refused
from engine.runs import export as recorded
from engine.runs.archive import pack, unpack
from engine.runs.labels import labels, relabel
from engine.runs.run import Run
from engine.runs.trash import Trash
from studio.cli.folders import Folders
from studio.output import print_json

if TYPE_CHECKING:
    from studio.cli import Commands


def add(commands: "Commands", folders: Folders) -> None:
    """Add the commands that keep runs in order."""
    parents = [folders.runs]
    listing = commands.add_parser("list", parents=parents, help="list the runs")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(do=show)
    _add_label(commands.add_parser("label", parents=parents, help="name, star, tag a run, or note something about it"))
    _add_archives(commands, parents)
    delete = commands.add_parser("delete", parents=parents, help="put a run into the trash")
    delete.add_argument("run", help="the run's name")
    delete.set_defaults(do=put_into_trash)
    trash = commands.add_parser("trash", parents=parents, help="show the deleted runs and their sizes")
    trash.add_argument("--restore", metavar="RUN", help="have one back")
    trash.add_argument("--empty", action="store_true", help="remove all of them for good")
    trash.set_defaults(do=show_trash)


def _add_label(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="the run's name")
    parser.add_argument("--name", help="what to call it; empty removes that")
    parser.add_argument("--note", help="anything worth remembering")
    parser.add_argument("--tags", metavar="TAG,TAG", help="instead of those that it has")
    parser.add_argument("--star", action=argparse.BooleanOptionalAction, help="whether it is one of those that matter")
    parser.set_defaults(do=label)


def _add_archives(commands: "Commands", parents: list[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", parents=parents, help="print everything a run recorded, or pack the run into a file")
    export.add_argument("run", help="the run's name")
    export.add_argument("file", nargs="?", type=Path, metavar="FILE.zip", help="a new archive, for `rwp-studio import` elsewhere")
    export.add_argument(
        "--checkpoints", default="newest", metavar="newest | all | none", help="which go into it (default: %(default)s)"
    )
    export.add_argument("--json", action="store_true", help="print as JSON (the default without a file)")
    export.set_defaults(do=run_export)
    take_in = commands.add_parser("import", parents=parents, help="take in a run from an archive")
    take_in.add_argument("archive", type=Path, metavar="FILE.zip", help="made by `rwp-studio export`, or by the page")
    take_in.add_argument(
        "--images", default="", metavar="DIR", help="for a run that learns from a folder of images: where these are here"
    )
    take_in.set_defaults(do=run_import)


def show(given: argparse.Namespace) -> None:
    """Print one line per run: its name, how far it is, and its labels."""
    rows = [{"id": run.id, **run.status().model_dump(), "labels": labels(run).model_dump()} for run in Run.all(given.runs)]
    if given.json:
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


def run_export(given: argparse.Namespace) -> None:
    """Print what a run recorded, or write its archive."""
    run = Run.open(given.runs, given.run)
    if given.file is None:
        print_json(recorded.export(run))
    else:
        export(run, given.file, given.checkpoints)


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


def run_import(given: argparse.Namespace) -> None:
    """Print the folder of the run that was in the archive."""
    print(unpack(given.archive, given.runs, given.images).path)


def put_into_trash(given: argparse.Namespace) -> None:
    """Put a run into the trash and print how it is called there."""
    print(Trash(given.runs).put(Run.open(given.runs, given.run)).id)


def show_trash(given: argparse.Namespace) -> None:
    """Have a run back, or lose all that are in the trash; then print what is there and its size."""
    there = Trash(given.runs)
    if given.restore:
        print(there.restore(given.restore).path)
    if given.empty:
        print(f"{there.empty([run.id for run in there.runs()]) / 1e6:.1f} MB freed")
    for run in there.runs():
        print(f"{run.id:<48} {run.bytes_used() / 1e6:>10.1f} MB  {labels(run).name}".rstrip())

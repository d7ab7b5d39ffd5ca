"""Own images: a run that learns from somebody's own folder keeps which images it began with, and compares."""

from contextlib import suppress

from engine.errors import Problem, Refused
from engine.experiment.fingerprint import FILE, Fingerprint, read_fingerprint, told
from engine.files.atomic import write_atomically
from engine.runs.run import Run


def agree(run: Run, now: Fingerprint) -> str:
    """Keep with which images `run` begins, or compare: what is different, where somebody has chosen to go on all the same.

    Raises `Refused` where nobody has, with the change that says so. Other classes cannot be meant as long as there are
    more or fewer of them, for each has an output of the network.
    """
    try:
        kept = read_fingerprint(run.read(FILE))
    except FileNotFoundError:
        write_atomically(run.path / FILE, now.model_dump_json().encode())
        return ""
    if kept == now:
        return ""
    what = f"these are not the images with which the run began: {told(kept, now)}"
    if len(kept.train) != len(now.train):
        raise Refused(Problem("data.path", what, "Put them back, or start a new run with those that are there"))
    if now.digest not in _accepted(run):
        cure = "Put them back, or go on with those that are there: the run will tell of it"
        raise Refused(Problem("data.path", what, cure), remedy={"data.accepted": now.digest})
    return what


def hand_on(run: Run, made: Run) -> None:
    """Let `made`, which comes from `run`, know the same images again."""
    with suppress(FileNotFoundError):
        write_atomically(made.path / FILE, run.read(FILE))


def _accepted(run: Run) -> set[object]:
    """The digests of other images with which the run may go on: from its log, and from what waits for its engine."""
    wanted = [command.get("changes") for command in run.commands.pending() if command["kind"] == "set"]
    data = run.present.data
    return {getattr(data, "accepted", "")} | {
        str(changes.get("data.accepted")) for changes in wanted if isinstance(changes, dict)
    }

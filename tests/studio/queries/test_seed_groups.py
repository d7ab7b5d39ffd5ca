"""Groups: which runs belong together, which of them count, and the statistics of their curves."""

import shutil
import statistics
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.experiment.schema import Experiment, read
from engine.runs.archive import pack, unpack
from engine.runs.lineage import replay
from engine.runs.run import Run
from engine.runs.status import State, Status
from engine.runs.writer import Writer
from studio.queries import seed_groups
from studio.queries.listing import Listing
from studio.stream.curve import POINTS


def written(
    runs: Path,
    experiment: Experiment,
    values: list[float | None],
    changes: Sequence[tuple[int, str, object]] = (),
    state: State = "finished",
) -> Run:
    """A run with one curve: a value a step, from step 1 on; and what was changed while it trained."""
    run = Run.create(runs, experiment)
    writer = Writer(run.path / "run.db")
    for step, value in enumerate(values, 1):
        writer.metrics(step, step * 0.5, {"test/accuracy": value})  # type: ignore[dict-item]
    for step, path, new in changes:
        writer.event(step, "changed", path=path, old=None, new=new, id=None)
    writer.flush(Status(state=state, step=len(values)))
    writer.close()
    return run


def counted(runs: Path, run: Run) -> tuple[list[int], int, int]:
    """The seeds in the mean beside `run`, and how many repeats and unfinished runs are left out."""
    found = seed_groups.Group.of(Listing(runs).members(run))
    return sorted(entry.experiment.seed for entry in found.counted), found.repeats, found.unfinished


def test_statistics_are_those_of_the_runs_that_reached_the_step(tmp_path: Path) -> None:
    columns = [[0.1, 0.5, 0.7], [0.2, 0.9], [0.3, None]]
    members = [written(tmp_path, Experiment(seed=seed), values) for seed, values in enumerate(columns)]
    curve = seed_groups.curves(members)["test/accuracy"]
    assert curve["step"].tolist() == [1, 2]
    assert curve["count"].tolist() == [3, 2]
    assert curve["value"].tolist() == pytest.approx([statistics.mean([0.1, 0.2, 0.3]), statistics.mean([0.5, 0.9])])
    assert curve["deviation"].tolist() == pytest.approx([statistics.stdev([0.1, 0.2, 0.3]), statistics.stdev([0.5, 0.9])])
    assert curve["seconds"].tolist() == [0.5, 1.0]


def test_one_run_alone_has_no_spread(tmp_path: Path) -> None:
    assert seed_groups.curves([written(tmp_path, Experiment(), [0.5])]) == {}


def test_long_curves_are_thinned(tmp_path: Path) -> None:
    members = [written(tmp_path, Experiment(seed=seed), [float(seed + step) for step in range(3 * POINTS)]) for seed in (0, 2)]
    curve = seed_groups.curves(members)["test/accuracy"]
    assert len(curve["step"]) == len(curve["value"]) == len(curve["deviation"]) <= POINTS
    assert (curve["value"] == curve["step"]).all()
    assert curve["deviation"].tolist() == pytest.approx([2**0.5] * len(curve["step"]))


def test_a_group_differs_in_nothing_but_the_seed(tmp_path: Path) -> None:
    same = [Run.create(tmp_path, Experiment(seed=seed)) for seed in (0, 7)]
    other = Run.create(tmp_path, read({"method": {"sigma": 0.02}}))
    listing = Listing(tmp_path)
    assert {member.run.id for member in listing.members(same[0])} == {run.id for run in same}
    assert [member.run.id for member in listing.members(other)] == [other.id]
    groups = {row["id"]: row["group"] for row in listing.rows()}
    assert groups[same[0].id] == groups[same[1].id] != groups[other.id]


def test_a_seed_counts_once_however_often_it_was_trained(tmp_path: Path) -> None:
    first, other = (written(tmp_path, Experiment(seed=seed), [0.5]) for seed in (0, 1))
    (tmp_path / "x.zip").write_bytes(b"".join(pack(first)))
    unpack(tmp_path / "x.zip", tmp_path)
    shutil.copytree(other.path, tmp_path / "copied")
    replay(first)
    assert counted(tmp_path, first) == ([0, 1], 2, 1)
    again = Run.open(tmp_path, f"{first.id}-2")
    assert counted(tmp_path, again) == counted(tmp_path, first)


def test_of_the_runs_of_a_seed_the_newest_that_is_finished_counts(tmp_path: Path) -> None:
    for name, value, state in (("a", 0.1, "finished"), ("b", 0.2, "finished"), ("c", 0.3, "stopped"), ("d", 0.4, "diverged")):
        written(tmp_path, Experiment(), [value], state=state).path.rename(tmp_path / name)  # type: ignore[arg-type]
    found = seed_groups.Group.of(Listing(tmp_path).entries())
    assert [entry.run.id for entry in found.counted] == ["b"]
    assert (found.repeats, found.unfinished) == (1, 2)


SAME_END = {
    "never": [],
    "sooner": [(1, "method.sigma", 0.02)],
    "later": [(2, "method.sigma", 0.02)],
    "back again": [(1, "method.sigma", 0.02), (2, "method.sigma", 0.015)],
    "extended": [(1, "schedule.epochs", 40)],
    "shortened": [(1, "schedule.epochs", 40), (2, "schedule.epochs", 30)],
}


def test_runs_that_were_changed_in_other_ways_are_of_other_groups(tmp_path: Path) -> None:
    runs = [written(tmp_path, Experiment(seed=seed), [0.5] * 3, log) for seed, log in enumerate(SAME_END.values())]
    runs.append(written(tmp_path, read({"seed": 9, "method": {"sigma": 0.02}}), [0.5] * 3))
    assert [counted(tmp_path, run)[0] for run in runs] == [[0], [1], [2], [3], [4], [5], [9]]


def test_what_no_update_was_made_with_is_no_change(tmp_path: Path) -> None:
    logs: list[list[tuple[int, str, object]]] = [
        [(1, "method.sigma", 0.02), (1, "method.lambda", 0.4)],
        [(1, "method.lambda", 0.4), (1, "method.sigma", 0.03), (1, "method.sigma", 0.02)],  # turned until it fitted
        [(0, "method.eta", 0.1), (1, "method.sigma", 0.02), (1, "method.lambda", 0.4), (2, "method.sigma", 0.02)],  # as they were
        [(1, "method.sigma", 0.02), (1, "method.lambda", 0.4), (3, "method.sigma", 0.1)],  # after the last step
    ]
    runs = [
        written(tmp_path, read({"seed": seed, "method": {"name": "m-arwp"}}), [0.5] * 3, log) for seed, log in enumerate(logs)
    ]
    assert counted(tmp_path, runs[0]) == ([0, 1, 2, 3], 0, 0)


def forked(runs: Path, parent: Run, step: int) -> Run:
    settings = {"seed": parent.experiment.seed, "method": {"name": "sam"}, "parent": {"run": parent.id, "step": step}}
    return written(runs, read(settings), [0.5] * 3)


def test_forks_belong_together_if_their_parents_did_until_then(tmp_path: Path) -> None:
    logs: list[list[tuple[int, str, object]]] = [[], [(2, "method.sigma", 0.02)], [(1, "method.sigma", 0.02)]]
    parents = [written(tmp_path, Experiment(seed=seed), [0.5] * 3, log) for seed, log in enumerate(logs)]
    late, early = ([forked(tmp_path, parent, step) for parent in parents] for step in (3, 2))
    assert [counted(tmp_path, run)[0] for run in late] == [[0], [1], [2]]
    assert [counted(tmp_path, run)[0] for run in early] == [[0, 1], [0, 1], [2]]
    grandchildren = [forked(tmp_path, run, 3) for run in early]
    assert [counted(tmp_path, run)[0] for run in grandchildren] == [[0, 1], [0, 1], [2]]


def test_forks_of_runs_that_are_not_here_or_of_each_other_are_alone(tmp_path: Path) -> None:
    for name, parent in (("a", "gone"), ("b", "went"), ("c", "d"), ("d", "c")):
        settings = {"seed": ord(name), "parent": {"run": parent, "step": 2}}
        written(tmp_path, read(settings), [0.5] * 3).path.rename(tmp_path / name)
    assert len({entry.group for entry in Listing(tmp_path).entries()}) == 4


def test_the_listing_reads_again_what_has_changed(tmp_path: Path) -> None:
    run, listing = written(tmp_path, Experiment(), [0.5]), Listing(tmp_path)
    assert [(row["state"], row["accuracy"]) for row in listing.rows()] == [("finished", 0.5)]
    writer = Writer(run.path / "run.db")
    writer.metrics(2, 1.0, {"test/accuracy": 0.75, "train/loss": 1.0})
    writer.flush(Status(state="stopped", step=2))
    writer.close()
    assert [(row["state"], row["accuracy"]) for row in listing.rows()] == [("stopped", 0.75)]


def test_a_run_without_its_configuration_is_named_once_and_the_others_are_listed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole, damaged = (written(tmp_path, Experiment(seed=seed), [0.5]) for seed in (0, 1))
    (damaged.path / "config.json").write_bytes(b"{ broken " * 100)
    listing = Listing(tmp_path)
    assert [row["id"] for row in listing.rows()] == [row["id"] for row in listing.rows()] == [whole.id]
    assert caplog.text.count(f"{damaged.path} is left out") == len(caplog.records) == 1


def test_a_run_with_damaged_records_is_listed_as_failed_and_its_group_without_it(tmp_path: Path) -> None:
    whole, other, damaged = (written(tmp_path, Experiment(seed=seed), [0.5]) for seed in (0, 1, 2))
    (damaged.path / "run.db").write_bytes(b"{ broken " * 100)
    states = {row["id"]: row["state"] for row in Listing(tmp_path).rows()}
    assert states == {whole.id: "finished", other.id: "finished", damaged.id: "failed"}

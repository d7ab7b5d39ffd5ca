"""Groups: which runs belong together, and the statistics of their curves."""

import statistics
from pathlib import Path

import pytest

from engine.experiment import Experiment, read
from engine.records import Status, Writer
from engine.run import Run
from studio import group
from studio.curve import POINTS
from studio.listing import Listing


def written(runs: Path, experiment: Experiment, values: list[float | None], name: str = "test/accuracy") -> Run:
    """A finished run with one curve: a value a step, from step 1 on."""
    run = Run.create(runs, experiment)
    writer = Writer(run.path / "run.db")
    for step, value in enumerate(values, 1):
        writer.metrics(step, step * 0.5, {name: value})  # type: ignore[dict-item]
    writer.flush(Status(state="finished", step=len(values)))
    writer.close()
    return run


def test_statistics_are_those_of_the_runs_that_reached_the_step(tmp_path: Path) -> None:
    columns = [[0.1, 0.5, 0.7], [0.2, 0.9], [0.3, None]]
    members = [written(tmp_path, Experiment(seed=seed), values) for seed, values in enumerate(columns)]
    curve = group.curves(members)["test/accuracy"]
    assert curve["step"].tolist() == [1, 2]
    assert curve["count"].tolist() == [3, 2]
    assert curve["value"].tolist() == pytest.approx([statistics.mean([0.1, 0.2, 0.3]), statistics.mean([0.5, 0.9])])
    assert curve["deviation"].tolist() == pytest.approx([statistics.stdev([0.1, 0.2, 0.3]), statistics.stdev([0.5, 0.9])])
    assert curve["seconds"].tolist() == [0.5, 1.0]


def test_one_run_alone_has_no_spread(tmp_path: Path) -> None:
    assert group.curves([written(tmp_path, Experiment(), [0.5])]) == {}


def test_long_curves_are_thinned(tmp_path: Path) -> None:
    members = [written(tmp_path, Experiment(seed=seed), [float(seed + step) for step in range(3 * POINTS)]) for seed in (0, 2)]
    curve = group.curves(members)["test/accuracy"]
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

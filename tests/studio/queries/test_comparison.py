"""Comparison of groups against numbers worked out by hand."""

from pathlib import Path

import pytest

from engine.experiment.schema import read
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.queries.comparison import compare
from studio.queries.group_names import group_names
from studio.queries.listing import Listing
from studio.queries.overlay import overlay
from studio.queries.run_table import run_table


def trained(runs: Path, method: str, seed: int, accuracies: list[float], evaluations: int = 1, seconds: float = 1.0) -> Run:
    """A finished run that was evaluated after each of its steps."""
    run = Run.create(runs, read({"seed": seed, "method": {"name": method}}))
    writer = Writer(run.path / "run.db")
    for step, value in enumerate(accuracies, 1):
        writer.metrics(step, step * seconds, {"test/accuracy": value, "train/loss": 1.0})
    steps = len(accuracies)
    writer.flush(Status(state="finished", step=steps, steps=steps, gradient_evaluations=evaluations * steps))
    writer.close()
    return run


@pytest.fixture
def races(tmp_path: Path) -> Path:
    """m-RWP is better at equal steps, and plain SGD at equal gradient evaluations and at equal seconds."""
    for seed in range(8):
        trained(tmp_path, "sgd", seed, [0.5 + seed / 100, 0.6 + seed / 100])
        trained(tmp_path, "m-rwp", seed, [0.4 + seed / 100, 0.8 + seed / 50], evaluations=2, seconds=2.0)
    return tmp_path


def names(runs: Path) -> dict[str, str]:
    return {entry.group: entry.experiment.method.name for entry in Listing(runs).entries()}


def test_the_ranking_depends_on_what_is_held_equal(races: Path) -> None:
    found, called = compare(Listing(races).entries()), names(races)
    ranked = {cost: [called[row["group"]] for row in board["rows"]] for cost, board in found["boards"].items()}
    assert ranked == {
        "end": ["m-rwp", "sgd"],
        "steps": ["m-rwp", "sgd"],
        "gradients": ["sgd", "m-rwp"],
        "seconds": ["sgd", "m-rwp"],
    }
    assert {cost: board["budget"] for cost, board in found["boards"].items()} == {
        "end": None,
        "steps": 2.0,
        "gradients": 2.0,
        "seconds": 2.0,
    }


def test_differences_are_paired_by_seed(races: Path) -> None:
    found = compare(Listing(races).entries())
    first, second = found["boards"]["end"]["rows"]
    assert second["difference"] is None
    assert first["n"] == first["difference"]["n"] == 8
    assert first["difference"]["mean"] == pytest.approx(sum(0.2 + seed / 100 for seed in range(8)) / 8)
    assert first["difference"]["p"] == pytest.approx(2 / 2**8)
    assert first["difference"]["verdict"] == "better"
    assert 0.2 <= first["difference"]["low"] < first["difference"]["mean"] < first["difference"]["high"] <= 0.27


def test_another_group_changes_no_number_at_the_end(races: Path) -> None:
    before = compare(Listing(races).entries())
    trained(races, "sam", 0, [0.9])
    after = compare(Listing(races).entries())
    kept = [
        row for row in after["boards"]["end"]["rows"] if row["group"] in {row["group"] for row in before["boards"]["end"]["rows"]}
    ]
    numbers = [
        [(row["group"], row["n"], row["mean"], row["sd"]) for row in rows] for rows in (kept, before["boards"]["end"]["rows"])
    ]
    assert numbers[0] == numbers[1]


def test_what_is_left_out_is_counted(races: Path) -> None:
    trained(races, "sgd", 3, [0.1])
    Run.create(races, read({"seed": 99, "method": {"name": "sgd"}}))
    told = {one["group"]: one for one in compare(Listing(races).entries())["contestants"]}
    sgd = next(one for name, one in told.items() if names(races)[name] == "sgd")
    assert (sgd["seeds"], sgd["repeats"], sgd["unfinished"]) == (list(range(8)), 1, 1)


def test_the_reference_can_be_chosen(races: Path) -> None:
    mixed = next(group for group, name in names(races).items() if name == "m-rwp")
    found = compare(Listing(races).entries(), mixed)
    assert found["reference"] == mixed
    assert [row["difference"] and row["difference"]["verdict"] for row in found["boards"]["end"]["rows"]] == [None, "worse"]


def test_nothing_compares_to_nothing() -> None:
    assert compare([]) == {
        "reference": "",
        "contestants": [],
        "boards": {
            "end": {"budget": None, "rows": []},
            **{cost: {"budget": 0.0, "rows": []} for cost in ("steps", "gradients", "seconds")},
        },
        "now": None,
    }


def test_those_that_train_are_ranked_at_equal_costs_beside_those_of_their_seeds_and_count_for_nothing(races: Path) -> None:
    before = compare(Listing(races).entries())
    run = trained(races, "sam", 3, [0.55, 0.9, 0.95], evaluations=2)
    with run.lock():
        writer = Writer(run.path / "run.db")
        writer.flush(Status(state="running", step=3, steps=9, gradient_evaluations=6))
        writer.close()
        found = compare(Listing(races).entries())
    called, now = names(races), found["now"]
    assert now["seeds"] == [3]
    assert {cost: board["budget"] for cost, board in now["boards"].items()} == {"steps": 2, "gradients": 2, "seconds": 2}
    ranked = {cost: [(called[row["group"]], row["mean"]) for row in board["rows"]] for cost, board in now["boards"].items()}
    assert ranked["steps"] == [("sam", 0.9), ("m-rwp", pytest.approx(0.86)), ("sgd", pytest.approx(0.63))]
    assert ranked["gradients"] == [("sgd", pytest.approx(0.63)), ("sam", 0.55), ("m-rwp", pytest.approx(0.43))]
    assert [board["rows"][0] for board in found["boards"].values()] == [board["rows"][0] for board in before["boards"].values()]


def test_a_name_tells_what_was_set_and_what_others_of_the_method_have_otherwise(tmp_path: Path) -> None:
    for method in ({"name": "sgd"}, {"name": "m-rwp", "sigma": 0.1}, {"name": "m-rwp", "sigma": 0.1, "lambda": 0.75}):
        Run.create(tmp_path, read({"method": method, "data": {"label_noise": 0.4}}))
    names = set(group_names(Listing(tmp_path).entries()).values())
    assert names == {"sgd", "m-rwp sigma=0.1 lambda=0.5", "m-rwp sigma=0.1 lambda=0.75"}


def test_they_are_compared_with_a_group_that_counts(tmp_path: Path) -> None:
    trained(tmp_path, "sam", 0, [0.9])
    Run.create(tmp_path, read({"method": {"name": "sgd"}}))
    found = compare(Listing(tmp_path).entries())
    assert [one["group"] for one in found["contestants"] if one["runs"]] == [found["reference"]]


def test_a_row_has_what_the_runs_have_not_in_common(tmp_path: Path) -> None:
    for method in ({"name": "sgd"}, {"name": "sam", "rho": 0.1}, {"name": "sam"}):
        Run.create(tmp_path, read({"method": method, "data": {"label_noise": 0.4}}))
    found = run_table(Listing(tmp_path).entries())
    assert found["common"]["data.label_noise"] == 0.4
    assert not any(path in row["settings"] for path in found["common"] for row in found["rows"])
    assert {(row["method"], row["settings"].get("method.rho"), *row["changed"]) for row in found["rows"]} == {
        ("sgd", None, "method.name"),
        ("sam", 0.1, "method.name", "method.rho"),
        ("sam", 0.05, "method.name"),
    }
    assert {"path": "method.rho", "short": "ρ"} in found["fields"]


def test_lines_are_means_of_seeds_and_runs_that_stand_alone(races: Path) -> None:
    trained(races, "sam", 0, [0.9])
    lines = {line["method"]: line for line in overlay(Listing(races).entries())}
    assert lines["m-rwp"]["seeds"] == 8
    assert lines["m-rwp"]["curves"]["test/accuracy"]["value"].tolist() == pytest.approx([0.435, 0.87])
    assert lines["m-rwp"]["per_step"]["gradients"] == 2
    assert lines["sam"]["run"]
    assert lines["sam"]["curves"]["test/accuracy"]["value"].tolist() == [0.9]


def test_a_line_tells_what_was_changed_and_how_many_images_its_steps_had(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read({"method": {"name": "rwp"}, "schedule": {"batch_size": 32}}))
    writer = Writer(run.path / "run.db")
    writer.event(2, "changed", path="schedule.batch_size", old=32, new=64)
    writer.metrics(6, 6.0, {"test/accuracy": 0.5})
    writer.flush(Status(state="finished", step=6, steps=6))
    writer.close()
    (line,) = overlay(Listing(tmp_path).entries())
    assert line["changes"] == [{"step": 2, "path": "schedule.batch_size", "new": 64}]
    assert line["per_step"]["samples"] == (2 * 32 + 4 * 64) / 6


def test_a_line_has_the_newest_landscape_that_is_complete(races: Path) -> None:
    run = trained(races, "sam", 7, [0.9])
    writer = Writer(run.path / "run.db")
    for step, done in ((1, True), (3, True), (5, False)):
        writer.event(step, "landscape", array=f"landscape-{step:08d}", points=5, done=done)
    writer.flush(run.records.status())
    writer.close()
    (plain,) = (one for one in Run.all(races) if (one.experiment.seed, one.experiment.method.name) == (2, "sgd"))
    writer = Writer(plain.path / "run.db")
    writer.event(2, "landscape", array="landscape-00000002", points=5, done=True)
    writer.flush(plain.records.status())
    writer.close()
    lines = {line["method"]: line["landscape"] for line in overlay(Listing(races).entries())}
    assert lines["sgd"]["seed"] == 2  # of eight seeds the one that has any
    assert lines["m-rwp"] is None
    assert lines["sam"] == {"run": run.id, "seed": 7, "array": "landscape-00000003", "step": 3}


def test_a_live_run_has_a_line_of_its_own(races: Path) -> None:
    live = trained(races, "sgd", 20, [0.1])
    with live.lock():
        writer = Writer(live.path / "run.db")
        writer.flush(Status(state="running", step=1, steps=2, heartbeat=2**40))
        writer.close()
        lines = [line for line in overlay(Listing(races).entries()) if line["method"] == "sgd"]
    assert [(line["seeds"], line["live"]) for line in lines] == [(8, False), (1, True)]


def test_a_run_whose_records_are_damaged_hides_nobody(races: Path) -> None:
    broken = trained(races, "sam", 0, [0.9])
    (broken.path / "run.db").write_bytes(b"no database" * 1000)
    entries = Listing(races).entries()
    assert {row["state"] for row in run_table(entries)["rows"] if row["id"] == broken.id} == {"failed"}
    assert {line["method"] for line in overlay(entries)} == {"sgd", "m-rwp"}
    assert {one["unfinished"] for one in compare(entries)["contestants"]} == {0, 1}


def test_the_best_accuracy_follows_the_run(tmp_path: Path) -> None:
    run = trained(tmp_path, "sgd", 0, [0.5, 0.7, 0.6])
    assert [(row["accuracy"], row["best"]) for row in run_table(Listing(tmp_path).entries())["rows"]] == [(0.6, 0.7)]
    writer = Writer(run.path / "run.db")
    writer.metrics(4, 4.0, {"test/accuracy": 0.8})
    writer.flush(Status(state="finished", step=4, steps=4))
    writer.close()
    assert [row["best"] for row in run_table(Listing(tmp_path).entries())["rows"]] == [0.8]

"""Gallery: the paper's tables are complete, and runs stand beside the right figure with what they did differently."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.experiment.recipes import all_recipes, find
from engine.experiment.schema import Experiment
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.queries import paper_tables
from studio.queries.listing import Listing


def finished(runs: Path, experiment: Experiment, accuracy: float, **status: Any) -> Run:
    run = Run.create(runs, experiment)
    writer = Writer(run.path / "run.db")
    writer.metrics(1, 1.0, {"test/accuracy": accuracy})
    writer.flush(Status(**{"state": "finished", **status}))
    writer.close()
    return run


def figures(runs: Path) -> dict[str, dict[str, Any]]:
    """Every figure by the name of its recipe, as the page receives it."""
    tables = json.loads(json.dumps(paper_tables.tables(Listing(runs).entries())))
    return {figure["recipe"]: figure for table in tables for row in table["rows"] for figure in row["figures"].values()}


def test_every_figure_of_the_paper_is_there_once(tmp_path: Path) -> None:
    reported = {name: recipe.paper for name, recipe in all_recipes().items() if recipe.paper}
    shown = figures(tmp_path)
    assert shown.keys() == reported.keys()
    assert all(figure["paper"] == reported[name].model_dump() and figure["here"] == [] for name, figure in shown.items())
    tables = paper_tables.tables([])
    assert [(table["number"], len(table["rows"]), table["datasets"]) for table in tables] == [
        ("2", 24, ["cifar10", "cifar100"]),
        ("3", 24, ["imagenet"]),
        ("4", 4, ["cifar100"]),
    ]


def test_runs_as_in_the_paper_are_averaged_over_their_seeds(tmp_path: Path) -> None:
    recipe = find("table2/cifar10/resnet18/sam")
    for one, accuracy in zip(recipe.experiment().runs(), (0.95, 0.96, 0.97), strict=True):
        finished(tmp_path, one, accuracy)
    (here,) = figures(tmp_path)[recipe.name]["here"]
    assert (here["accuracy"], here["sd"], here["seeds"], here["epochs"]) == (pytest.approx(96), pytest.approx(1), 3, 200)
    assert here["differs"] == []


def test_what_does_not_count_is_told_and_one_seed_has_no_deviation(tmp_path: Path) -> None:
    recipe = find("table2/cifar10/resnet18/sam")
    for accuracy, state in ((0.95, "finished"), (0.95, "finished"), (0.95, "stopped")):
        finished(tmp_path, recipe.experiment("seeds=1"), accuracy, state=state)
    (here,) = figures(tmp_path)[recipe.name]["here"]
    assert (here["seeds"], here["repeats"], here["unfinished"], here["sd"]) == (1, 1, 1, None)


def test_a_run_that_was_changed_while_it_trained_is_no_run_of_the_paper(tmp_path: Path) -> None:
    recipe = find("table2/cifar10/resnet18/sam")
    run = finished(tmp_path, recipe.experiment("seeds=1"), 0.95, step=100)
    writer = Writer(run.path / "run.db")
    for step, rho in ((40, 0.3), (60, recipe.experiment().method.model_dump()["rho"])):
        writer.event(step, "changed", path="method.rho", old=None, new=rho, id=None)
    writer.flush(Status(state="finished", step=100))
    writer.close()
    (here,) = figures(tmp_path)[recipe.name]["here"]
    told = ["method.rho 0.3 from step 40 on", f"method.rho {recipe.experiment().method.model_dump()['rho']} from step 60 on"]
    assert here["differs"] == paper_tables.beside(run)["differs"] == told


def test_a_difference_is_named_with_the_value_in_the_paper(tmp_path: Path) -> None:
    changed = ("seeds=1", "schedule.epochs=30", "data.train_size=500", "runtime.threads=1", "landscape.at_end=false")
    finished(tmp_path, find("table2/cifar100/resnet18/sgd").experiment(*changed), 0.5)
    (here,) = figures(tmp_path)["table2/cifar100/resnet18/sgd"]["here"]
    assert here["differs"] == ["data.train_size 500 (paper: –)", "schedule.epochs 30 (paper: 200)"]
    assert here["sd"] is None


def test_what_is_nearest_to_the_paper_comes_first(tmp_path: Path) -> None:
    recipe = find("table2/cifar10/resnet18/sgd")
    finished(tmp_path, recipe.experiment("schedule.epochs=3", "schedule.batch_size=64"), 0.5)
    finished(tmp_path, recipe.experiment("schedule.epochs=3"), 0.6)
    assert [here["accuracy"] for here in figures(tmp_path)[recipe.name]["here"]] == [60, 50]


def test_within_a_table_a_run_stands_beside_the_nearest_figure(tmp_path: Path) -> None:
    finished(tmp_path, find("table4/sam-different").experiment(), 0.5)
    shown = figures(tmp_path)
    assert [name for name, figure in shown.items() if figure["here"]] == ["table2/cifar100/resnet18/sam", "table4/sam-different"]
    assert shown["table4/sam-different"]["here"][0]["differs"] == []
    assert shown["table2/cifar100/resnet18/sam"]["here"][0]["differs"] == ["method.batches different (paper: same)"]


def test_costs_are_multiples_of_plain_training_with_the_same_settings(tmp_path: Path) -> None:
    for method, epochs, flops, seconds in (("sgd", 3, 2e12, 10.0), ("m-arwp", 3, 4e12, 11.0), ("sam", 4, 4e12, 20.0)):
        recipe = find(f"table2/cifar10/resnet18/{method}")
        finished(tmp_path, recipe.experiment(f"schedule.epochs={epochs}"), 0.5, flops=flops, seconds=seconds)
    shown = figures(tmp_path)
    costs = {name: (one["flops"], one["time"]) for name, figure in shown.items() for one in figure["here"]}
    assert costs["table2/cifar10/resnet18/sgd"] == (1, 1)
    assert costs["table2/cifar10/resnet18/m-arwp"] == (2, 1.1)
    assert costs["table2/cifar10/resnet18/sam"] == (None, None)


def test_unfinished_runs_and_other_models_are_left_out(tmp_path: Path) -> None:
    recipe = find("table2/cifar10/resnet18/sgd")
    finished(tmp_path, recipe.experiment(), 0.5, state="stopped")
    finished(tmp_path, recipe.experiment("model.name=small-cnn"), 0.5)
    assert not any(figure["here"] for figure in figures(tmp_path).values())

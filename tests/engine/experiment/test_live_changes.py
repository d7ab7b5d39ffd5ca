"""What may change while a run trains, and that a change is exact."""

from typing import Any

import pytest
import torch

from engine.errors import Refused
from engine.experiment.live_changes import Change, apply_changes, apply_checked, live_paths, parse_changes, replay_until, value_at
from engine.experiment.probes import PROBES
from engine.experiment.schema import UNIONS, read
from tests.engine.conftest import MakeLearner
from tests.engine.methods.test_table import assert_same, through_a_file

HOW_OFTEN = tuple(f"{name}_every" for name in ("runtime.evaluate", "runtime.checkpoint", "runtime.keep"))
MEASURED = tuple(f"{probe}.every" for probe in PROBES)
OUTSIDE = ("schedule.epochs", "runtime.disk_budget", "landscape.budget", *HOW_OFTEN, *MEASURED)
"""What may change and changes no step."""
NEW = {"method.lambda": 0.7, "method.beta": 0.7, "method.mean_beta": 0.7, "runtime.accumulate": 4, "schedule.batch_size": 48}
STRENGTHS = [
    (method, path)
    for method in UNIONS["method"]
    for path in live_paths(read({"method": {"name": method}}))
    if path not in OUTSIDE
]


def test_what_the_issue_names_is_live() -> None:
    everything = {path for method in UNIONS["method"] for path in live_paths(read({"method": {"name": method}}))}
    symbols = {f"method.{name}" for name in ("sigma", "lambda", "eta", "beta", "rho")}
    assert everything >= symbols | {"optimizer.lr", "optimizer.weight_decay", "data.label_smoothing", "schedule.epochs"}
    assert "schedule.batch_size" in everything
    assert not any(path.endswith(("name", "seed", "momentum")) for path in everything)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"method.sigma": 3}, "method.sigma", "less than or equal to 0.2"),
        ({"method.sigma": float("nan")}, "method.sigma", "finite"),
        ({"method.sigma": "much"}, "method.sigma", "number"),
        ({"method.rho": 0.1}, "method.rho", "cannot change"),
        ({"schedule.batch_size": 1}, "schedule.batch_size", "greater than or equal to 2"),
        ({"schedule.batch_size": 1500}, "schedule.batch_size", "more than the 1437 training images"),
        ({"seed": 1}, "seed", "cannot change"),
        ({"method": {"name": "sgd"}}, "method", "cannot change"),
        ({"method.sigma.x": 1}, "method.sigma.x", "cannot change"),
        ({"runtime.accumulate": 1000}, "runtime.accumulate", "are more than the 128 images"),
        ({"x" * 1000: 1}, "x" * 64, "cannot change"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused(changes: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refused:
        apply_checked(read({"method": {"name": "m-rwp"}}), changes)
    assert refused.value.problems[0].field == field


@pytest.mark.parametrize("body", [None, [], {}, "method.sigma=1", 3])
def test_what_is_no_table_of_changes_is_refused(body: Any) -> None:
    with pytest.raises(Refused, match="should be an object"):
        parse_changes(body)


def test_the_log_tells_how_the_experiment_stood_at_any_step() -> None:
    experiment = read({"method": {"name": "rwp", "sigma": 0.01}})
    log = [Change(3, "method.sigma", 0.02), Change(7, "optimizer.lr", 0.5), Change(7, "method.sigma", 0.03)]
    for step, sigma, lr in ((2, 0.01, 0.1), (3, 0.02, 0.1), (6, 0.02, 0.1), (7, 0.03, 0.5)):
        found = replay_until(experiment, log, step)
        assert (value_at(found, "method.sigma"), value_at(found, "optimizer.lr")) == (sigma, lr)


@pytest.mark.parametrize(("method", "path"), STRENGTHS)
def test_a_loop_goes_on_as_one_that_had_the_new_value_from_there(make_learner: MakeLearner, method: str, path: str) -> None:
    config: dict[str, Any] = {"method": {"name": method}, "model": {"name": "mlp"}}
    if path == "method.sigma":
        config["method"]["sigma_schedule"] = "constant"
    learner = make_learner(**config)
    for _ in range(3):
        learner.take_step()
    after = apply_checked(learner.experiment, {path: NEW.get(path, 0.2)})
    unchanged = make_learner(**config)
    unchanged.load_state_dict(through_a_file(learner.state_dict()))
    expected = make_learner(**after.model_dump(exclude={"seeds"}))
    expected.load_state_dict(through_a_file(learner.state_dict()))
    learner.change(after)
    for each in (learner, expected, unchanged):
        each.take_step()
        each.take_step()
    assert_same(learner.state_dict(), expected.state_dict())
    assert not torch.equal(learner.model.weights, unchanged.model.weights)


def test_a_longer_training_stretches_its_schedules_and_none_ends_in_the_past(make_learner: MakeLearner) -> None:
    learner = make_learner(model={"name": "mlp"}, schedule={"epochs": 2, "batch_size": 64})
    for _ in range(learner.steps):
        lr = learner.take_step()["train/lr"]
    assert lr < 0.001
    with pytest.raises(Refused, match="at least 2"):
        learner.change(apply_checked(learner.experiment, {"schedule.epochs": 1}))
    learner.change(apply_checked(learner.experiment, {"schedule.epochs": 4}))
    assert (learner.steps, learner.progress) == (88, 0.5)
    assert learner.take_step()["train/lr"] == pytest.approx(0.05)


def test_a_long_log_is_read_at_once_and_as_change_by_change(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = read({"method": {"name": "rwp"}})
    log = [Change(step, f"method.{field}", 0.001 * (step % 100 + 1)) for step in range(500) for field in ("sigma",)]
    log += [Change(250, "optimizer.lr", 0.5), Change(400, "optimizer.lr", 0.25)]
    one_by_one = begun
    for change in sorted(log, key=lambda one: one.step):
        if change.step <= 300:
            one_by_one = apply_changes(one_by_one, {change.path: change.new})
    read_again: list[object] = []
    monkeypatch.setattr("engine.experiment.live_changes.read", lambda config: read_again.append(config) or read(config))
    assert replay_until(begun, sorted(log, key=lambda one: one.step), 300) == one_by_one
    assert len(read_again) == 1
    assert replay_until(begun, [], 300) is begun

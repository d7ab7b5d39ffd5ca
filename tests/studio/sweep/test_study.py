"""What the trials of a sweep are, whoever asks for them."""

import multiprocessing
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from engine.errors import Refused
from engine.experiment.sweep import Sweep
from studio.sweep.study import WORKER, Study, Worker, storage

GRID = {
    "title": "grid",
    "config": {"method": {"name": "m-rwp"}},
    "fields": {"method.sigma": [0.0, 0.1, 0.2, 0.3], "method.lambda": [0.25, 0.5, 0.75]},
}
SEARCH = {
    **GRID,
    "title": "search",
    "trials": 12,
    "fields": {"method.sigma": {"low": 0.01, "high": 1.0, "log": True}, "schedule.batch_size": {"low": 16, "high": 64}},
}


def study(runs: Path, sweep: dict[str, Any]) -> Study:
    return Study(Sweep.model_validate(sweep), storage(runs, sweep["title"]))


def ask_all(runs: Path, sweep: dict[str, Any]) -> list[tuple[Any, ...]]:
    """All points that a worker is given, each with an accuracy that is best in the middle."""
    one, found = study(runs, sweep), []
    while trial := one.next():
        point = tuple(trial.params.values())
        found.append(point)
        one.tell(trial.number, 1.0 - abs(point[0] - 0.1))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("search", ["grid", "random", "tpe"])
def test_two_workers_share_the_points_and_none_is_trained_twice(tmp_path: Path, search: str) -> None:
    sweep = {**(GRID if search == "grid" else SEARCH), "search": search}
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        first, second = pool.starmap(ask_all, [(tmp_path, sweep)] * 2)
    points = [*first, *second]
    assert len(points) == len(set(points)) == 12
    assert study(tmp_path, sweep).ended == 12
    if search == "grid":
        assert set(points) == {tuple(point.values()) for point in Sweep.model_validate(sweep).grid()}


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_a_search_goes_on_as_if_it_had_not_been_ended(tmp_path: Path, search: str) -> None:
    sweep = {**SEARCH, "search": search}
    whole = ask_all(tmp_path / "whole", sweep)
    parts = []
    for _ in range(3):
        one = study(tmp_path / "parts", sweep)
        for _ in range(4):
            trial = one.next()
            assert trial
            parts.append(tuple(trial.params.values()))
            one.tell(trial.number, 1.0 - abs(parts[-1][0] - 0.1))
    assert parts == whole
    assert all(0.01 <= sigma <= 1 and 16 <= size <= 64 and isinstance(size, int) for sigma, size in whole)


@pytest.mark.slow
def test_tpe_looks_where_it_is_good_and_the_field_that_matters_is_told(tmp_path: Path) -> None:
    sweep = {**SEARCH, "search": "tpe", "trials": 40}
    sigmas = [sigma for sigma, _ in ask_all(tmp_path, sweep)]
    near = [abs(sigma - 0.1) < 0.05 for sigma in sigmas]
    assert sum(near[20:]) > sum(near[:20])
    one = study(tmp_path, sweep)
    assert one.best()[0].params["method.sigma"] == min(sigmas, key=lambda sigma: abs(sigma - 0.1))
    importance = one.importance()
    assert importance["method.sigma"] > 0.9
    assert sum(importance.values()) == pytest.approx(1)


def test_a_trial_without_an_accuracy_has_failed_and_does_not_rank(tmp_path: Path) -> None:
    one = study(tmp_path, GRID)
    trials = [one.next() for _ in range(3)]
    for trial, accuracy, is_pruned in zip(trials, (0.5, None, None), (False, False, True), strict=True):
        assert trial
        one.tell(trial.number, accuracy, is_pruned=is_pruned)
    assert [trial.state for trial in one.trials] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.PRUNED]
    assert [trial.number for trial in one.best()] == [0]
    assert one.importance() == {}


@pytest.mark.parametrize("prune", ["none", "median", "halving"])
def test_who_lags_behind_is_hopeless(tmp_path: Path, prune: str) -> None:
    """Nine trials report at a ninth, a third and the whole of their training, the last of them the worst."""
    one = study(tmp_path, {**GRID, "prune": prune})
    hopeless = []
    for level in range(9, 0, -1):
        trial = one.next()
        assert trial
        for per_cent in (11, 33, 99):
            trial.report(level / 10, per_cent)
            if trial.should_prune():
                hopeless.append(level)
                break
        one.tell(trial.number, level / 10, is_pruned=level in hopeless)
    assert (1 in hopeless, 9 in hopeless) == (prune != "none", False)


@pytest.mark.slow
def test_what_a_process_that_ended_has_begun_is_found_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(begin_one, (tmp_path,))
        assert study(tmp_path, GRID).abandoned() == []
        assert study(tmp_path, GRID).others() == 1
    one = study(tmp_path, GRID)
    assert [trial.number for trial in one.abandoned()] == [0]
    assert one.others() == 0
    assert one.next()
    assert [trial.number for trial in one.abandoned()] == [0]
    one.tell(0, 0.5)
    assert one.abandoned() == []


def begin_one(runs: Path) -> None:
    assert study(runs, GRID).next()


def test_a_trial_of_a_nameless_worker_is_taken_over_after_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optuna.Trial, "set_user_attr", lambda *_: None)
    one = study(tmp_path, GRID)
    assert one.next()
    assert one.abandoned() == []
    monkeypatch.setattr("studio.sweep.study.CLAIMED_WITHIN", timedelta(seconds=-1))
    assert [trial.number for trial in one.abandoned()] == [0]
    assert one.trials[0].datetime_start
    assert one.trials[0].datetime_start <= datetime.now()


def test_a_worker_of_another_machine_is_left_alone() -> None:
    assert not Worker("elsewhere", 1, 0.0).has_ended()
    here = Worker.this()
    assert Worker.read(str(here)) == here
    assert not here.has_ended()
    assert Worker(here.host, os.getpid(), 0.0).has_ended()
    assert Worker.read("") is None
    assert WORKER == "worker"


def test_another_sweep_of_the_same_title_is_refused(tmp_path: Path) -> None:
    study(tmp_path, GRID)
    with pytest.raises(Refused, match="title of a sweep with other settings"):
        study(tmp_path, {**GRID, "fields": {"method.sigma": [0.1]}})


def test_a_storage_of_another_version_of_optuna_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study(tmp_path, GRID)
    monkeypatch.setattr(optuna, "__version__", "6.0.0")
    with pytest.raises(Refused, match=r"was made by Optuna 5.*here is 6\.0\.0.*Install optuna==5"):
        study(tmp_path, GRID)


@pytest.mark.parametrize("url", ["nonsense", "postgresql://nobody@localhost/none", "sqlite:////nowhere/at/all.db"])
def test_a_database_that_cannot_be_used_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(Refused, match="--storage"):
        storage(tmp_path, "grid", url)


def test_a_database_serves_as_well(tmp_path: Path) -> None:
    kept = storage(tmp_path, "grid", f"sqlite:///{tmp_path / 'sweeps.db'}")
    one = Study(Sweep.model_validate(GRID), kept)
    assert one.next()
    assert len(Study(Sweep.model_validate(GRID), kept).trials) == 1

"""Forks: from one checkpoint into every method, bitwise the same start and the same first batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import Refused
from engine.experiment.overrides import merge
from engine.experiment.schema import UNIONS, read
from engine.files.atomic import write_atomically
from engine.runs.checkpoints import Checkpoint, checkpoints, prune
from engine.runs.lineage import fork, replay
from engine.runs.run import Run
from engine.runs.writer import Writer
from engine.training.process_group import ALONE
from engine.training.step.learner import Learner
from engine.training.trainer import checkpointer
from engine.training.trainer.control import Control
from engine.training.trainer.ranks import RankZero
from engine.training.trainer.recorder import Recorder
from engine.training.trainer.throughput import Throughput
from engine.training.trainer.trainer import Trainer
from tests.engine.methods.test_table import assert_same

PAPER = ("sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp")
CONFIG = {
    "data": {"train_size": 128},
    "model": {"name": "mlp"},
    "schedule": {"epochs": 4, "batch_size": 32},
    "landscape": {"at_end": False},
    "method": {"name": "m-arwp", "sigma": 0.03},
    "runtime": {"streams": "sequential"},
}


@contextmanager
def training(run: Run) -> Iterator[Trainer]:
    """The training of a run, in this process, where its newest checkpoint leaves it."""
    with run.lock():
        recorder = Recorder(run)
        yield Trainer(run, run.path, recorder, Control(run, recorder), RankZero(ALONE))
        recorder.close()


def trained(runs: Path, **changes: Any) -> Run:
    run = Run.create(runs, read(merge(CONFIG, changes)))
    with training(run) as made:
        made.run_to_end()
    return run


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("runs"), runtime={"keep_every": 2})


def last(run: Run) -> dict[str, Any]:
    """What the newest checkpoint holds of the loop."""
    return torch.load(checkpoints(run.path / "checkpoints")[-1].path, weights_only=True)["loop"]


def batch_sizes(made: Trainer) -> list[int]:
    """That of every step."""
    return [made.batch_schedule.at(step).size for step in range(made.learner.steps)]


def steps(run: Run) -> list[int]:
    return [found.step for found in checkpoints(run.path / "checkpoints")]


def test_a_fork_into_all_six_starts_from_the_same_to_the_bit(parent: Run) -> None:
    content = torch.load(Checkpoint.of(parent.path / "checkpoints", 8).path, weights_only=True)["loop"]
    made = fork(parent, 8, PAPER)
    assert [run.experiment.method.name for run in made] == list(PAPER)
    seen = []
    for run in made:
        assert run.experiment.parent == read({"parent": {"run": parent.id, "step": 8}}).parent
        with training(run) as begun:
            assert begun.learner.step == 8
            state = begun.learner.state_dict()
            assert_same(
                {key: state[key] for key in ("weights", "buffers", "optimizer")},
                {key: content[key] for key in ("weights", "buffers", "optimizer")},
            )
            seen.append(begun.learner.batch())
    for batch in seen[1:]:
        assert torch.equal(batch.images, seen[0].images)
        assert torch.equal(batch.labels, seen[0].labels)
        assert batch.seed() == seen[0].seed()


def test_a_fork_into_its_own_method_ends_as_its_parent(parent: Run) -> None:
    (made,) = fork(parent, 8)
    assert made.experiment.method == parent.experiment.method
    with training(made) as begun:
        begun.run_to_end()
    last = [torch.load(Checkpoint.of(run.path / "checkpoints", 16).path, weights_only=True)["loop"] for run in (made, parent)]
    assert_same(*last)
    assert [metric.step for metric in made.records.metrics() if metric.name == "train/loss"] == list(range(9, 17))


@pytest.mark.parametrize(("method", "keeps"), [("sampa", True), ("sgd", False)])
def test_a_fork_into_another_method_does_without_the_vectors_of_the_first(tmp_path: Path, method: str, keeps: bool) -> None:
    parent = Run.create(tmp_path, read({**CONFIG, "method": {"name": "sampa"}}))
    with training(parent) as made:
        made.run_to_end()
    (forked,) = fork(parent, steps(parent)[-2], [method])
    with training(forked) as made:
        assert bool(made.learner.state_dict()["memory"]) == keeps


def test_a_fork_takes_the_changes_up_to_its_step_into_its_configuration(tmp_path: Path) -> None:
    run = trained(tmp_path)
    writer = Writer(run.path / "run.db")
    for step, new in ((3, 0.05), (12, 0.06), (14, 0.07)):
        writer.event(step, "changed", path="method.sigma", old=0.0, new=new)
    writer.flush(run.records.status())
    writer.close()
    (made,) = fork(run, 12)
    assert made.experiment.method.model_dump()["sigma"] == 0.06
    assert made.records.changes() == []


def test_a_batch_size_that_was_changed_on_the_way_is_the_same_when_replayed_resumed_and_forked(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        made._recall()
        for step, size in ((0, 32), (6, 10), (7, 50), (9, 24)):
            while made.learner.step < step:
                made.learner.take_step()
            made._set({"id": str(step), "changes": {"schedule.batch_size": size}})
        made._save()
        Checkpoint.of(run.path / "checkpoints", 9).pin.touch()
        made.run_to_end()
        assert made.learner.samples == 6 * 64 + 20 + 2 * 100 + 2 * sum(batch_sizes(made)[9:])
        assert made.learner.gradient_evaluations == 2 * len(batch_sizes(made))
    ends = [last(run)]
    with training(again := replay(run)) as made:
        made.run_to_end()
    ends.append(last(again))
    (forked,) = fork(run, 9)
    with training(forked) as made:
        assert batch_sizes(made)[:10] == [*[32] * 6, 10, 50, 50, 24]
        made.run_to_end()
    ends.append(last(forked))
    for found in checkpoints(run.path / "checkpoints")[1:]:
        found.path.unlink()
    with training(run) as made:
        assert made.learner.step == 9
        made.run_to_end()
    ends.append(last(run))
    for one in ends[1:]:
        assert_same(ends[0], one)


def test_a_batch_larger_than_what_the_last_epoch_has_left_ends_the_training_in_good_order(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        while made.learner.step < 15:
            made.learner.take_step()
        run.commands.send("set", changes={"schedule.batch_size": 64})
        made.run_to_end()
        assert (made.learner.step, made.learner.steps, made.learner.progress) == (15, 15, 1)
    assert run.records.accuracies().keys() == {15}
    assert steps(run)[-1] == 15
    assert run.status().epoch == 4


def test_a_batch_size_that_was_taken_back_leaves_no_trace(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        while made.learner.step < 2:
            made.learner.take_step()
        before = made.batch_schedule
        for size in (128, 32):  # the larger one alone would end the epoch
            made._set({"id": str(size), "changes": {"schedule.batch_size": size}})
        assert made.batch_schedule == before
        made.recorder.flush()
        made._save()
    with training(run) as made:
        assert made.batch_schedule == before


def test_changes_that_fit_only_together_are_taken_up_again(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(merge(CONFIG, {"runtime": {"accumulate": 16}})))
    together = {"schedule.batch_size": 8, "runtime.accumulate": 4}
    with training(run) as made:
        made.learner.take_step()
        made._set({"id": "x", "changes": together})
        made._save()
        made.run_to_end()
    assert (run.present.schedule.batch_size, run.present.runtime.accumulate) == (8, 4)
    with training(again := replay(run)) as made:
        made.run_to_end()
    assert_same(last(again), last(run))


def test_a_checkpoint_that_tells_nothing_of_batch_sizes_is_one_of_a_single_size(tmp_path: Path) -> None:
    run = trained(tmp_path)
    found = checkpoints(run.path / "checkpoints")[-1]
    state = torch.load(found.path, weights_only=True)
    gradients = state["loop"].pop("gradients")
    segments = state["loop"].pop("stretches")
    checkpointer.save(found.path.parent, found.step, state)
    with training(run) as made:
        assert (made.learner.state_dict()["gradients"], made.learner.state_dict()["stretches"]) == (gradients, segments)


def test_an_epoch_is_evaluated_once_also_where_it_is_stopped_at_its_end(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read(CONFIG))
    with training(run) as made:
        while made.learner.step < 4:
            made.learner.take_step()
        made._save()  # asked for before the evaluation
        made._evaluate()
    with training(run) as made:
        made.run_to_end()
    steps = [metric.step for metric in run.records.metrics() if metric.name == "test/accuracy"]
    assert steps == [4, 8, 12, 16]


def test_a_fork_that_is_resumed_is_not_forked_anew(parent: Run) -> None:
    (made,) = fork(parent, 8, ["sgd"])
    with training(made) as begun:
        begun._set({"id": "x", "changes": {"optimizer.lr": 0.03}})
        begun.run_to_end()
    with training(made) as again:
        assert again.learner.step == 16
        assert again.experiment.optimizer.lr == 0.03


@pytest.mark.parametrize(
    ("step", "methods", "field"),
    [
        (7, [], "step"),
        ("8", [], "step"),
        (None, [], "step"),
        (True, [], "step"),
        (8, ["magic"], "methods"),
        (16, [], "step"),
        (16, ["sgd", "sam"], "step"),
    ],
    ids=str,
)
def test_a_fork_that_cannot_be_is_refused(parent: Run, step: object, methods: list[object], field: str) -> None:
    before = list(parent.path.parent.iterdir())
    with pytest.raises(Refused) as refused:
        fork(parent, step, methods)
    assert refused.value.problems[0].field == field
    assert list(parent.path.parent.iterdir()) == before


def test_the_end_of_a_run_is_forked_only_once_the_run_is_extended(tmp_path: Path) -> None:
    run = trained(tmp_path)
    with pytest.raises(Refused, match=r"nothing is left to train from step 16.*extend the run first"):
        fork(run, 16)
    with training(run) as made:
        made._set({"id": "x", "changes": {"schedule.epochs": 5}})
        made.run_to_end()
    (forked,) = fork(run, 16)
    with training(forked) as begun:
        begun.run_to_end()
    assert list(forked.records.accuracies()) == [20]


def test_a_damaged_checkpoint_is_not_forked_and_a_fork_without_one_does_not_begin_anew(parent: Run) -> None:
    (made,) = fork(parent, 12)
    copy = Checkpoint.of(made.path / "checkpoints", 12)
    copy.path.write_bytes(copy.path.read_bytes()[:-1])
    with pytest.raises(Refused, match="is damaged"):
        fork(made, 12)
    with pytest.raises(Refused, match="missing or damaged"), training(made):
        pass


def test_every_second_epoch_stays_and_so_does_what_is_pinned(parent: Run, tmp_path: Path) -> None:
    assert steps(parent) == [0, 8, 12, 16]
    run = Run.create(tmp_path, read(CONFIG))
    Checkpoint.of(run.path / "checkpoints", 4).pin.touch()
    with training(run) as made:
        made.run_to_end()
    best = max(run.records.accuracies().items(), key=lambda item: (item[1], -item[0]))[0]
    assert set(steps(run)) == {4, 12, 16, best}


def test_the_best_checkpoint_stays(tmp_path: Path) -> None:
    for step in range(1, 7):
        write_atomically(Checkpoint.of(tmp_path, step).digest, b"")
        write_atomically(Checkpoint.of(tmp_path, step).path, b"")
        prune(tmp_path, {1: 0.2, 2: 0.9, 3: 0.5, 6: 0.8}, lambda _: False)
    assert [found.step for found in checkpoints(tmp_path)] == [2, 5, 6]
    assert len(list(tmp_path.iterdir())) == 6


@pytest.mark.parametrize(
    ("budget", "left"), [(None, [1, 2, 3, 4, 5, 6, 7]), (50, [2, 4, 5, 6, 7]), (40, [2, 5, 6, 7]), (0, [2, 5, 6, 7])]
)
def test_a_budget_takes_the_oldest_of_those_that_stay_for_their_number(
    tmp_path: Path, budget: float | None, left: list[int]
) -> None:
    for step in range(1, 8):
        write_atomically(Checkpoint.of(tmp_path, step).path, bytes(10))
    Checkpoint.of(tmp_path, 5).pin.touch()
    prune(tmp_path, {2: 0.9, 3: 0.5}, lambda _: True, budget)
    assert [found.step for found in checkpoints(tmp_path)] == left


def test_a_form_never_shows_a_parent() -> None:
    from studio.form.values import paths

    assert not any(path.startswith("parent") for path in paths())


def test_every_method_of_the_paper_is_there() -> None:
    assert set(PAPER) <= set(UNIONS["method"])


def test_a_change_after_which_no_update_can_be_made_is_withdrawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the run can be resumed as it was before; changes that were survived stay."""
    run = Run.create(tmp_path, read(CONFIG))
    train = Learner.take_step

    def failing(learner: Learner) -> dict[str, float]:
        if learner.experiment.runtime.accumulate == 3:
            raise RuntimeError("what nobody thought of")
        return train(learner)

    with training(run) as made:
        for _ in range(2):
            made._step(Throughput(made.learner, made.control))
        made._set({"id": "a", "changes": {"method.sigma": 0.05}})
        made._step(Throughput(made.learner, made.control))
        made._set({"id": "b", "changes": {"runtime.accumulate": 3, "method.eta": 0.2}})
        monkeypatch.setattr(Learner, "take_step", failing)
        with pytest.raises(RuntimeError, match="nobody"):
            made.run_to_end()
    withdrawn = [event.data for event in run.records.events() if event.kind == "withdrawn"]
    assert [data["path"] for data in withdrawn] == ["runtime.accumulate", "method.eta"]
    assert [change.path for change in run.records.changes()] == ["method.sigma"]
    with training(run) as again:
        again.run_to_end()
    assert (again.experiment.runtime.accumulate, again.learner.step) == (1, 16)

"""Rank 0 of a training of several processes, and the followers that take its steps."""

import io
import signal
from contextlib import suppress
from pathlib import Path

import torch

from engine.experiment.schema import Experiment
from engine.experiment.validate import check
from engine.runs.run import Run
from engine.training.data import Sources, load
from engine.training.process_group import ProcessGroup, RankDied
from engine.training.step.learner import Diverged, Learner
from engine.training.trainer import environment
from engine.training.trainer.build import build_learner

END = -1
ROLL_CALL = -2


class RankZero:
    """Rank 0's word before each step. Where there is nothing new it is one number."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group = group
        self._told: tuple[object, object, int] | None = None

    def begin_step(self, learner: Learner) -> None:
        """Let everybody take the step that `learner` is about to take, from where it stands."""
        if self.group.size == 1:
            return
        if self._told != (learner.experiment, learner.data.batch_schedule, learner.step):
            content = io.BytesIO()
            torch.save({"experiment": learner.experiment.model_dump_json(), "state": learner.state_dict()}, content)
            self.group.broadcast(torch.tensor(content.tell()))
            self.group.broadcast(torch.frombuffer(content.getbuffer(), dtype=torch.uint8))
        else:
            self.group.broadcast(torch.tensor(0))
        self._told = (learner.experiment, learner.data.batch_schedule, learner.step + 1)

    def call_roll(self) -> None:
        """Raise `RankDied` if one of the others is gone."""
        if self.group.size > 1:
            self.group.broadcast(torch.tensor(ROLL_CALL))
            self.group.barrier()

    def end(self) -> None:
        """There is nothing more to do in this run, and for those who are gone neither."""
        if self.group.size > 1:
            with suppress(RankDied):
                self.group.broadcast(torch.tensor(END))


def follow(run: Run, data_dir: Path, group: ProcessGroup) -> None:
    """Take the steps that rank 0 takes, until it says that there are no more. The run's folder is only read."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # rank 0 stops in good order, and with it everybody
    learner = None
    while (length := int(group.broadcast(torch.tensor(0)))) != END:
        if length == ROLL_CALL:
            group.barrier()
            continue
        news = group.broadcast(torch.empty(length, dtype=torch.uint8)) if length else None
        if news is not None:
            learner = learner or _learner(run, data_dir, group)
            _catch_up(learner, news)
        assert learner is not None
        try:
            learner.take_step()
        except Diverged:  # rank 0 sees the same, tells people, and ends
            continue


def _catch_up(learner: Learner, news: torch.Tensor) -> None:
    """Go to where rank 0 stands."""
    told = torch.load(io.BytesIO(news.numpy().tobytes()), map_location=learner.model.weights.device, weights_only=True)
    learner.change(Experiment.model_validate_json(told["experiment"]))
    learner.load_state_dict(told["state"])


def _learner(run: Run, data_dir: Path, group: ProcessGroup) -> Learner:
    """The learner that rank 0 has, but for its state."""
    experiment = run.experiment
    check(experiment, data_dir, group.size)
    environment.choose_threads(experiment.runtime, group)
    device = environment.choose_device(experiment, group)
    splits = load(experiment, data_dir, lambda _message, _fraction: None)
    training = Sources.of(splits, experiment, device, lambda _file, _reason, _count: None).training
    learner = build_learner(experiment, training, len(splits.classes), device, group)
    learner.choose_streams()
    return learner

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
    """Rank 0's word before each update. Where there is nothing new it is one number."""

    def __init__(self, world: ProcessGroup) -> None:
        self.world = world
        self._told: tuple[object, object, int] | None = None

    def begin_update(self, loop: Learner) -> None:
        """Let everybody make the update that `loop` is about to make, from where it stands."""
        if self.world.size == 1:
            return
        if self._told != (loop.experiment, loop.data.timetable, loop.step):
            content = io.BytesIO()
            torch.save({"experiment": loop.experiment.model_dump_json(), "state": loop.state()}, content)
            self.world.tell(torch.tensor(content.tell()))
            self.world.tell(torch.frombuffer(content.getbuffer(), dtype=torch.uint8))
        else:
            self.world.tell(torch.tensor(0))
        self._told = (loop.experiment, loop.data.timetable, loop.step + 1)

    def call_roll(self) -> None:
        """Raise `RankDied` if one of the others is gone."""
        if self.world.size > 1:
            self.world.tell(torch.tensor(ROLL_CALL))
            self.world.answer()

    def end(self) -> None:
        """There is nothing more to do in this run, and for those who are gone neither."""
        if self.world.size > 1:
            with suppress(RankDied):
                self.world.tell(torch.tensor(END))


def follow(run: Run, data_dir: Path, world: ProcessGroup) -> None:
    """Make the updates that rank 0 makes, until it says that there are no more. The run's folder is only read."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # rank 0 stops in good order, and with it everybody
    loop = None
    while (length := int(world.tell(torch.tensor(0)))) != END:
        if length == ROLL_CALL:
            world.answer()
            continue
        news = world.tell(torch.empty(length, dtype=torch.uint8)) if length else None
        if news is not None:
            loop = loop or _loop(run, data_dir, world)
            _catch_up(loop, news)
        assert loop is not None
        try:
            loop.train()
        except Diverged:  # rank 0 sees the same, tells people, and ends
            continue


def _catch_up(loop: Learner, news: torch.Tensor) -> None:
    """Go to where rank 0 stands."""
    told = torch.load(io.BytesIO(news.numpy().tobytes()), map_location=loop.replica.weights.device, weights_only=True)
    loop.change(Experiment.model_validate_json(told["experiment"]))
    loop.restore(told["state"])


def _loop(run: Run, data_dir: Path, world: ProcessGroup) -> Learner:
    """The loop that rank 0 has, but for its state."""
    experiment = run.experiment
    check(experiment, data_dir, world.size)
    environment.choose_threads(experiment.runtime, world)
    device = environment.choose_device(experiment, world)
    splits = load(experiment, data_dir, lambda _message, _fraction: None)
    training = Sources.of(splits, experiment, device, lambda _file, _reason, _count: None).training
    loop = build_learner(experiment, training, len(splits.classes), device, world)
    loop.choose_streams()
    return loop

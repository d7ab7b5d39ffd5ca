"""Trainer of a sweep: turns trials into runs, follows them, stops the hopeless ones, and tells the study how they ended."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from engine.experiment.paths import settled
from engine.experiment.schema import Experiment
from engine.files.exclusive import exclusive
from engine.launch.queue import Queue
from engine.runs.labels import labels, relabel
from engine.runs.run import Run
from engine.runs.slurm import SlurmOptions, write_options
from engine.runs.status import PENDING, Status
from studio.queries.comparison import METRIC
from studio.sweep.study import FOLDER, Study

RUN = "run"
PAUSE = 0.2


@dataclass
class Lane:
    """A trial and the run that trains it. One that was taken over from another process is trained to its end."""

    trial: optuna.Trial | FrozenTrial
    run: Run
    reported: int = 0
    is_pruned: bool = False


class SweepTrainer:
    """Trains the trials of a study, so many at once, on this machine or in jobs of Slurm."""

    def __init__(self, study: Study, runs: Path, data: Path, at_once: int, slurm: SlurmOptions | None = None) -> None:
        self._study, self._runs, self._data, self._at_once, self.slurm = study, runs, data, at_once, slurm
        self._queue = Queue(runs)
        self._lanes: list[Lane] = []
        self.made: list[Run] = []
        """The runs of this process."""

    def train(self, may_begin: Callable[[], bool], is_leaving: Callable[[], bool], show: Callable[[], None]) -> None:
        """Train until all has been, until no trial may begin any more, or until this process leaves the rest to another."""
        while (not is_leaving() and may_begin() and self._fill()) or self._lanes:
            self._queue.advance(self._data, self._at_once)
            for lane in list(self._lanes):
                self._follow(lane, is_leaving())
            show()
            time.sleep(PAUSE)

    def _fill(self) -> bool:
        """Begin what there is room for. Whether anything is at work."""
        while len(self._lanes) < self._at_once and (lane := self._taken_over() or self._begun()):
            self._lanes.append(lane)
            self.made.append(lane.run)
        return bool(self._lanes)

    def _begun(self) -> Lane | None:
        if not (trial := self._study.next()):
            return None
        run = self._run(settled(self._study.sweep.experiment(trial.params)))
        trial.set_user_attr(RUN, run.id)
        return Lane(trial, run)

    def _taken_over(self) -> Lane | None:
        """A trial whose process has ended, with the run that it had begun; another process of this one's may have it first."""
        mine = {lane.trial.number for lane in self._lanes}
        for trial in self._study.abandoned():
            if trial.number not in mine:
                experiment = settled(self._study.sweep.experiment(trial.params))
                with exclusive(self._runs / FOLDER / "lock"):
                    return Lane(trial, self._known(experiment) or self._run(experiment))
        return None

    def _run(self, experiment: Experiment) -> Run:
        run = Run.create(self._runs, experiment)
        relabel(run, {"tags": [self._study.sweep.title]})
        write_options(run.path, self.slurm)
        self._queue.add(run)
        return run

    def _known(self, experiment: Experiment) -> Run | None:
        """The run of this sweep that trains `experiment`, which goes on if it does not anyhow."""
        for run in Run.all(self._runs):
            if run.experiment == experiment and self._study.sweep.title in labels(run).tags:
                if run.status().state in ("stopped", "interrupted") and not run.is_locked():
                    self._queue.add(run)
                return run
        return None

    def _follow(self, lane: Lane, is_leaving: bool) -> None:
        is_there = lane.run.path.exists()
        status = lane.run.status() if is_there else Status(state="failed", message="deleted")
        if status.state in PENDING:
            self._judge(lane)
            return
        self._lanes.remove(lane)
        if is_leaving and status.state == "stopped":
            return
        accuracy = lane.run.records.last(METRIC) if is_there else None
        is_hopeless = lane.is_pruned or status.state == "diverged"
        self._study.tell(lane.trial.number, _usable(status, accuracy), is_pruned=is_hopeless)

    def _judge(self, lane: Lane) -> None:
        """Report each new accuracy, by per cent of the training, and stop the run if the study has no hope for it."""
        if lane.is_pruned or not isinstance(lane.trial, optuna.Trial) or self._study.sweep.prune == "none":
            return
        steps = max(1, lane.run.status().steps)
        curve = lane.run.records.curves(name=METRIC).get(METRIC)
        known = list(zip(curve.steps, curve.values, strict=True)) if curve else []
        for step, value in known[lane.reported :]:
            lane.reported += 1
            if math.isfinite(value):
                lane.trial.report(float(value), int(100 * step / steps))
        if lane.trial.should_prune():
            lane.is_pruned = True
            lane.run.commands.send("stop")


def _usable(status: Status, accuracy: float | None) -> float | None:
    return accuracy if status.state == "finished" and accuracy is not None and math.isfinite(accuracy) else None

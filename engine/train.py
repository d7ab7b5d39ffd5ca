"""The outer loop: update, obey, evaluate, checkpoint, and at the end look at the landscape."""

import copy
import json
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from engine import checkpoint, environment, failures, kept, nets
from engine.control import Command, Control, Stop
from engine.datasets import Supply, load
from engine.errors import Problem, Refused
from engine.evaluate import Evaluator
from engine.experiment import Experiment
from engine.failures import Failure
from engine.flops import per_image
from engine.following import Leader
from engine.journal import Journal
from engine.live import Change, as_of, asked, changed, value_at
from engine.loop import Loop
from engine.pace import Pace
from engine.preflight import check, input_shape
from engine.probes.landscape import Surface, measure
from engine.records import State
from engine.replica import Replica
from engine.run import Run, write_atomically
from engine.space import why_not_written
from engine.world import Lost, join

RETRY_SECONDS = 0.5
Written = TypeVar("Written")


def train(run: Run, data_dir: Path, journal: Journal) -> State:
    """Train `run`, whose lock the caller holds, from its newest checkpoint to its end; returns the state it ended in."""
    control = Control(run, journal)
    control.catch_signals()
    leader = Leader(join())
    ended = _attempt(run, data_dir, journal, control, leader)
    told = {"message": ended.problem.advice, "field": ended.problem.field}
    journal.say(state=ended.state, progress=None, eta=None, samples_per_second=None, remedy=ended.remedy, **told)
    journal.event(ended.state, **told)
    journal.close()
    if ended.state not in ("starting", "interrupted"):
        leader.end()
    return ended.state


def _attempt(run: Run, data_dir: Path, journal: Journal, control: Control, leader: Leader) -> Failure:
    """Train, and name what came of it."""
    training: Training | None = None
    try:
        training = Training(run, data_dir, journal, control, leader)
        training.run_to_end()
    except Lost as error:
        again = leader.world.will_restart
        cure = "The training goes on from its last checkpoint" if again else "Resume the run: it goes on from its last checkpoint"
        return Failure("starting" if again else "interrupted", Problem("runtime.processes", str(error), cure))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong must reach the page
        return failures.name(error, training.experiment if training else run.experiment, run.path)
    return Failure("finished", Problem("", ""))


class Training:
    """One run from the loading of its data to its last evaluation."""

    def __init__(self, run: Run, data_dir: Path, journal: Journal, control: Control, leader: Leader) -> None:
        experiment, world = run.experiment, leader.world
        check(experiment, data_dir, world.size)
        environment.choose_threads(experiment.runtime, world)
        device = environment.choose_device(experiment.runtime, world)
        write_atomically(run.path / "env.json", json.dumps(environment.describe(device), indent=2).encode())
        self.run, self.journal, self.control, self.leader = run, journal, control, leader
        journal.say(state="loading", message="Loading the data")
        splits = load(experiment, data_dir, self._loading)
        self.supply = Supply.of(splits, experiment, device, self._faulty)
        self._shape = input_shape(experiment)
        module = nets.build(experiment, self._shape, len(splits.classes), experiment.seed)
        self.loop = Loop(experiment, Replica(module, device), self.supply.training, world)
        self.epoch_steps = self.supply.training.steps_per_epoch
        self.evaluator = Evaluator(self.supply.test, self.supply.plain, experiment.data.test_size, control.look)
        self.seconds = 0.0
        self.evaluated = self.saved = -1
        self._flops_per_image: float | None = None
        self._probe: Iterator[tuple[float, Surface | None]] | None = None
        self._landscape_wanted = self._evaluation_wanted = False
        self._resume()
        control.begin(
            set=self._set, checkpoint=lambda _: self._save(), evaluate=self._want_evaluation, landscape=self._want_landscape
        )

    @property
    def experiment(self) -> Experiment:
        """The experiment with what has been changed up to now."""
        return self.loop.experiment

    def run_to_end(self) -> None:
        """Train to the last update. Raises `Stop` or `Diverged` where it ends before."""
        self.journal.say(state="running", message="", progress=None)
        self.journal.event("started", streams=str(self.streams))
        pace = Pace(self.loop, self.control)
        try:
            while True:
                self._train(pace)
                self._finish()
                if self.loop.step == self.loop.steps:
                    break
        except Stop:
            self._save()
            raise
        finally:
            self.supply.training.close()

    def _train(self, pace: Pace) -> None:
        """Update until the last update is made, and do between updates what is due and what is asked for."""
        self.journal.say(state="running")
        while True:
            self._at_epoch_end()
            self._recall()
            self.control.look()
            self._look_around()
            if self.loop.step == self.loop.steps:
                return
            self._patiently(self.journal.flush_late)
            if self.control.may_update():
                self._update(pace)
            elif self._probe is None:
                self.control.rest()

    def _loading(self, message: str, fraction: float | None) -> None:
        self.journal.say(message=message, progress=fraction)
        self.control.look()

    def _faulty(self, file: str, reason: str, count: int) -> None:
        """Tell of a file that is no usable picture; of many, the first hundred and then every hundredth."""
        if count <= 100 or count % 100 == 0:
            self.journal.event("image left out", file=file, reason=reason, count=count)

    def _resume(self) -> None:
        for draft in (self.run.path / "checkpoints").glob(".*"):  # of an engine that was killed while it saved
            draft.unlink()
        state, damaged = checkpoint.load_newest(self.run.path / "checkpoints", self.loop.replica.weights.device)
        for name in damaged:
            self.journal.event("damaged checkpoint", file=name)
        log, parent, way = self.run.records.changes(), self.experiment.parent, None
        if state is not None:
            is_forked = parent is not None and state["loop"]["step"] == parent.step
            log = log if is_forked else self._agreed(log, state["changes"])
            way = state["streams"] if state["method"] == self.experiment.method.name else None
            self.loop.change(as_of(self.experiment, log, state["loop"]["step"]))
            self.loop.restore(state["loop"])
            if not is_forked and self.journal.status.step < self.loop.step:
                self.journal.event("records lost", after=self.journal.status.step, until=self.loop.step)
            self.seconds, self.evaluated, self.saved = state["seconds"], state["evaluated"], self.loop.step
        elif parent is not None:
            what = f"the checkpoint of step {parent.step} of {parent.run} is missing or damaged"
            raise Refused(Problem("parent.step", what, "Fork that run again"))
        self.streams = self.loop.choose_streams(way)
        self.journal.say(streams=str(self.streams))
        self.journal.cut(self.loop.step)
        self._accuracies = self.run.records.accuracies()
        self._made = [change for change in log if change.step <= self.loop.step and state is not None]
        self._to_come = deque(log[len(self._made) :])
        self._tell()

    def _agreed(self, told: list[Change], saved: list[tuple[int, str, Any]]) -> list[Change]:
        """The change log as the database tells it, or where that was lost, as the checkpoint has it."""
        if len(told) >= len(saved):
            return told
        for step, path, new in saved[len(told) :]:
            self.journal.changed(Change(step, path, new))
        return [Change(*row) for row in saved]

    def _recall(self) -> None:
        """Change what the log says was changed at this step: by a run that was killed later, or by the one replayed."""
        while self._to_come and self._to_come[0].step <= self.loop.step:
            change = self._to_come.popleft()
            self.loop.change(changed(self.experiment, {change.path: change.new}))
            self._made.append(change)
            self._tell()

    def _set(self, command: Command) -> None:
        """Change fields from the next update on. What the log has yet to change of them is forgotten."""
        changes = asked(command.get("changes"))
        before, after = self.experiment, changed(self.experiment, changes)
        self.loop.change(after)
        for path in changes:
            change = Change(self.loop.step, path, value_at(after, path))
            self._to_come = deque(later for later in self._to_come if later.path != path)
            self._made.append(change)
            self.journal.changed(change, old=value_at(before, path), id=command["id"])
        self._tell()

    def _want_evaluation(self, _: Command) -> None:
        self._evaluation_wanted = True

    def _want_landscape(self, _: Command) -> None:
        self._landscape_wanted = True

    def _update(self, pace: "Pace") -> None:
        self.leader.begin_update(self.loop)
        before = time.perf_counter()
        measured = self.loop.train()
        elapsed = time.perf_counter() - before
        self.seconds += elapsed
        if (waited := self.supply.training.waited()) is not None:
            measured["train/data_wait"] = min(waited / elapsed, 1.0)
        self.journal.record(self.loop.step, self.seconds, measured)
        self._tell()
        pace.tell(self.journal)

    def _tell(self) -> None:
        """Bring the status up to where the loop is."""
        loop = self.loop
        epochs = self.experiment.schedule.epochs
        self.journal.say(
            step=loop.step, steps=loop.steps, epoch=loop.step // self.epoch_steps, epochs=epochs, seconds=self.seconds
        )
        self.journal.say(samples=loop.samples, gradient_evaluations=loop.gradient_evaluations)
        if self._flops_per_image is not None:
            self.journal.say(flops=self._flops_per_image * loop.samples)

    def _at_epoch_end(self) -> None:
        """Evaluate and save where it is due."""
        epoch, rest = divmod(self.loop.step, self.epoch_steps)
        if rest:
            return
        last = self.loop.step == self.loop.steps
        runtime = self.experiment.runtime
        if epoch and self.evaluated != self.loop.step and (last or epoch % runtime.evaluate_every == 0):
            self._evaluate()
        if self.saved != self.loop.step and (last or epoch % runtime.checkpoint_every == 0):
            self._save()

    def _evaluate(self) -> None:
        measured = self.evaluator.measure(self.loop)
        self.journal.record(self.loop.step, self.seconds, measured)
        self.evaluated = self.loop.step
        self._accuracies[self.loop.step] = measured["test/accuracy"]
        self._flops_per_image = self._flops_per_image or per_image(self.loop.replica.module, self._shape)
        self._tell()

    def _save(self) -> None:
        if self.saved == self.loop.step:
            return
        state = {
            "loop": self.loop.state(),
            "seconds": self.seconds,
            "evaluated": self.evaluated,
            "streams": self.streams.way,
            "method": self.experiment.method.name,
            "changes": [tuple(change) for change in self._made],
        }
        self.journal.flush()  # what happened before the checkpoint is not repeated after it
        self._patiently(self.journal.flush_late)
        path = self._patiently(lambda: checkpoint.save(self.run.path / "checkpoints", self.loop.step, state))
        self.saved = self.loop.step
        self.journal.event("checkpoint", file=path.name)
        kept.prune(path.parent, self._accuracies, self._lasts)

    def _patiently(self, write: Callable[[], Written]) -> Written:
        """Do `write`; where the disk takes nothing, say so, and pause until it does. Raises `Stop`."""
        before: State | None = None
        while True:
            try:
                written = write()
            except (OSError, sqlite3.Error) as error:
                if (reason := why_not_written(error)) is None:
                    raise
                before = before or self.journal.status.state
                self.journal.cannot_write(reason)
                time.sleep(RETRY_SECONDS)
                self.control.look()
            else:
                break
        if before:
            self.journal.can_write(before)
        return written

    def _lasts(self, step: int) -> bool:
        """Whether the checkpoint of `step` is one of those that stay."""
        every = self.experiment.runtime.keep_every
        return every > 0 and step % (every * self.epoch_steps) == 0

    def _look_around(self) -> None:
        """Evaluate if somebody asked for it, and measure one more point of a landscape somebody asked for."""
        if self._evaluation_wanted:
            self._evaluation_wanted = False
            if self.evaluated != self.loop.step:
                self._evaluate()
        if self._landscape_wanted and self._probe is None:
            self._landscape_wanted = False
            self._probe = self._landscape()
        if self._probe is not None and next(self._probe, None) is None:
            self._probe = None

    def _finish(self) -> None:
        """Complete what was asked during the training, then the landscape at its end."""
        self.journal.say(state="measuring", eta=None, samples_per_second=None)
        at_end = self.run.path / "arrays" / f"{self._landscape_name()}.npz"
        if self.experiment.landscape.at_end and not at_end.exists():
            self._landscape_wanted = True
        while self._probe is not None or self._landscape_wanted:
            self._look_around()
            self.control.look()

    def _landscape_name(self) -> str:
        return f"landscape-{self.loop.step:08d}"

    def _landscape(self) -> Iterator[tuple[float, Surface | None]]:
        """Measure around the present weights on a copy of the network, publishing each finer grid."""
        name, settings = self._landscape_name(), self.experiment.landscape
        replica = Replica(copy.deepcopy(self.loop.replica.module), self.loop.replica.weights.device)
        batches = list(self.supply.plain.batches(limit=settings.images))
        for fraction, surface in measure(replica, batches, settings, self.experiment.seed):
            self.journal.say(message="Measuring the loss landscape", progress=fraction)
            if surface is not None:
                save = partial(surface.save, self.run.path / "arrays" / f"{name}.npz")
                self._patiently(save)
                self.journal.event("landscape", array=name, points=len(surface.x), done=surface.done)
            yield fraction, surface
        self.journal.say(message="", progress=None)

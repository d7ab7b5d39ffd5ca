"""The outer loop: update, obey, evaluate, checkpoint, and at the end look at the landscape."""

import copy
import json
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import torch

from engine import checkpoint, environment, nets
from engine.control import Control, Stop
from engine.datasets import Supply, load
from engine.errors import Problem, Refused
from engine.evaluate import Evaluator
from engine.flops import per_image
from engine.following import Leader
from engine.journal import Journal
from engine.loop import Diverged, Loop
from engine.preflight import check, input_shape
from engine.probes.landscape import Surface, measure
from engine.records import State
from engine.replica import Replica
from engine.run import Run, write_atomically
from engine.world import Lost, join


def train(run: Run, data_dir: Path, journal: Journal) -> State:
    """Train `run`, whose lock the caller holds, from its newest checkpoint to its end; returns the state it ended in."""
    control = Control(run, journal)
    control.catch_signals()
    leader = Leader(join())
    state, problem = _attempt(run, data_dir, journal, control, leader)
    told = {"message": problem.advice if problem else "", "field": problem.field if problem else ""}
    journal.say(state=state, progress=None, eta=None, samples_per_second=None, **told)
    journal.event(state, **told)
    journal.close()
    if state not in ("starting", "interrupted"):
        leader.end()
    return state


def _attempt(  # noqa: PLR0911 - one return for each way to end
    run: Run, data_dir: Path, journal: Journal, control: Control, leader: Leader
) -> tuple[State, Problem | None]:
    """Train, and name what came of it."""
    try:
        Training(run, data_dir, journal, control, leader).run_to_end()
        return "finished", None
    except Stop:
        return "stopped", None
    except Diverged as error:
        cure = "Lower the learning rate or σ; the last good checkpoint is kept"
        return "diverged", Problem("optimizer.lr", f"the training diverged: {error}", cure)
    except Refused as error:
        return "failed", error.problems[0]
    except Lost as error:
        again = leader.world.will_restart
        cure = "The training goes on from its last checkpoint" if again else "Resume the run: it goes on from its last checkpoint"
        return "starting" if again else "interrupted", Problem("runtime.processes", str(error), cure)
    except torch.OutOfMemoryError:
        return "failed", Problem("schedule.batch_size", "the device ran out of memory", "Choose a smaller batch")
    except Exception as error:  # noqa: BLE001 - whatever else goes wrong must reach the page, and in full the log
        traceback.print_exc()
        return "failed", Problem(
            "", f"the engine met an error of its own ({type(error).__name__}: {error})", "See the engine log"
        )


class Training:
    """One run from the loading of its data to its last evaluation."""

    def __init__(self, run: Run, data_dir: Path, journal: Journal, control: Control, leader: Leader) -> None:
        experiment, world = run.experiment, leader.world
        check(experiment, data_dir, world.size)
        environment.choose_threads(experiment.runtime, world)
        device = environment.choose_device(experiment.runtime, world)
        write_atomically(run.path / "env.json", json.dumps(environment.describe(device), indent=2).encode())
        self.run, self.journal, self.control, self.experiment = run, journal, control, experiment
        self.leader = leader
        journal.say(state="loading", message="Loading the data")
        splits = load(experiment, data_dir, self._loading)
        self.supply = Supply.of(splits, experiment, device, self._faulty)
        self._shape = input_shape(experiment)
        module = nets.build(experiment, self._shape, len(splits.classes), experiment.seed)
        self.loop = Loop(experiment, Replica(module, device), self.supply.training, world)
        self.epoch_steps = self.supply.training.steps_per_epoch
        self.evaluator = Evaluator(self.supply.test, self.supply.plain, experiment.data.test_size, control.obey)
        self.seconds = 0.0
        self.evaluated = self.saved = -1
        self._flops_per_image: float | None = None
        self._probe: Iterator[tuple[float, Surface | None]] | None = None
        self._resume()

    def run_to_end(self) -> None:
        """Train to the last update. Raises `Stop` or `Diverged` where it ends before."""
        self.journal.say(state="running", message="", progress=None)
        self.journal.event("started", streams=str(self.streams))
        pace = Pace(self.loop, self.control)
        try:
            while True:
                self._at_epoch_end()
                self.control.obey()
                if self.loop.step == self.loop.steps:
                    break
                self._update(pace)
                self._look_around()
            self._finish()
        except Stop:
            self._save()
            raise
        finally:
            self.supply.training.close()

    def _loading(self, message: str, fraction: float | None) -> None:
        self.journal.say(message=message, progress=fraction)
        self.control.obey()

    def _faulty(self, file: str, reason: str, count: int) -> None:
        """Tell of a file that is no usable picture; of many, the first hundred and then every hundredth."""
        if count <= 100 or count % 100 == 0:
            self.journal.event("image left out", file=file, reason=reason, count=count)

    def _resume(self) -> None:
        state, damaged = checkpoint.load_newest(self.run.path / "checkpoints", self.loop.replica.weights.device)
        for name in damaged:
            self.journal.event("damaged checkpoint", file=name)
        if state is not None:
            self.loop.restore(state["loop"])
            self.seconds, self.evaluated, self.saved = state["seconds"], state["evaluated"], self.loop.step
        self.streams = self.loop.choose_streams(state["streams"] if state else None)
        self.journal.say(streams=str(self.streams))
        self.journal.cut(self.loop.step)
        self._tell()

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
        self.journal.record(self.loop.step, self.seconds, self.evaluator.measure(self.loop))
        self.evaluated = self.loop.step
        self._flops_per_image = self._flops_per_image or per_image(self.loop.replica.module, self._shape)
        self._tell()

    def _save(self) -> None:
        if self.saved == self.loop.step:
            return
        state = {"loop": self.loop.state(), "seconds": self.seconds, "evaluated": self.evaluated, "streams": self.streams.way}
        self.journal.flush()  # what happened before the checkpoint is not repeated after it
        path = checkpoint.save(self.run.path / "checkpoints", self.loop.step, state)
        self.saved = self.loop.step
        self.journal.event("checkpoint", file=path.name)

    def _look_around(self) -> None:
        """Measure one more point of a landscape somebody asked for during the training."""
        if self.control.landscape_wanted and self._probe is None:
            self.control.landscape_wanted = False
            self._probe = self._landscape()
        if self._probe is not None and next(self._probe, None) is None:
            self._probe = None

    def _finish(self) -> None:
        """Complete what was asked during the training, then the landscape at its end."""
        self.journal.say(state="measuring", eta=None, samples_per_second=None)
        at_end = self.run.path / "arrays" / f"{self._landscape_name()}.npz"
        if self.experiment.landscape.at_end and not at_end.exists():
            self.control.landscape_wanted = True
        while self._probe is not None or self.control.landscape_wanted:
            self._look_around()
            self.control.obey()

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
                surface.save(self.run.path / "arrays" / f"{name}.npz")
                self.journal.event("landscape", array=name, points=len(surface.x), done=surface.done)
            yield fraction, surface
        self.journal.say(message="", progress=None)


class Pace:
    """Samples per second and time left, from what this process has done so far, pauses left out."""

    def __init__(self, loop: Loop, control: Control) -> None:
        self._loop, self._control = loop, control
        self._first, self._started = loop.step, self._now()
        self._mark = (self._started, loop.samples)
        self._rate = 0.0

    def tell(self, journal: Journal) -> None:
        now = self._now()
        since, samples = self._mark
        if now - since >= 1.0 or not self._rate:
            self._rate = (self._loop.samples - samples) / (now - since)
            self._mark = (now, self._loop.samples)
        per_step = (now - self._started) / (self._loop.step - self._first)
        journal.say(samples_per_second=self._rate, eta=per_step * (self._loop.steps - self._loop.step))

    def _now(self) -> float:
        return time.monotonic() - self._control.paused_seconds

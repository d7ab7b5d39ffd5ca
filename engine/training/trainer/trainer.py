"""Trainer: the outer loop of steps, commands, evaluations, checkpoints and probes."""

import json
import sqlite3
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from engine.errors import Problem, Refused
from engine.experiment.live_changes import apply_changes, apply_checked, parse_changes, replay_until
from engine.experiment.schema import Experiment
from engine.experiment.validate import check
from engine.files.atomic import write_atomically
from engine.runs.run import Run
from engine.runs.status import State
from engine.training.data import Sources, load
from engine.training.data.batch_schedule import BatchSchedule
from engine.training.probes import EVALUATION, TAKING_TURNS
from engine.training.probes.decision import points
from engine.training.probes.first_batch import first_batch
from engine.training.probes.probe import Measured
from engine.training.process_group import RankDied, join
from engine.training.step.anatomy import Anatomy
from engine.training.step.learner import Diverged
from engine.training.trainer import environment, failures
from engine.training.trainer.build import build_learner
from engine.training.trainer.changelog import ChangeLog
from engine.training.trainer.checkpointer import Checkpointer
from engine.training.trainer.control import Command, Control, Gone, Stop
from engine.training.trainer.disk_retry import DiskRetry
from engine.training.trainer.failures import Failure
from engine.training.trainer.film import Film
from engine.training.trainer.findings import Findings
from engine.training.trainer.images import report_held_out, report_images, report_unusable
from engine.training.trainer.probe_runner import ProbeRunner
from engine.training.trainer.profiler import StepProfiler
from engine.training.trainer.ranks import RankZero
from engine.training.trainer.recorder import Recorder
from engine.training.trainer.reporter import Reporter
from engine.training.trainer.throughput import Throughput


def train(run: Run, data_dir: Path, recorder: Recorder) -> State:
    """Train `run`, whose lock the caller holds, from its newest checkpoint to its end; returns the state it ended in."""
    control = Control(run, recorder)
    control.catch_signals()
    rank_zero = RankZero(join())
    ended = _attempt(run, data_dir, recorder, control, rank_zero)
    told = {"message": ended.problem.advice, "field": ended.problem.field}
    recorder.update_status(state=ended.state, progress=None, eta=None, samples_per_second=None, remedy=ended.remedy, **told)
    recorder.event(ended.state, **told)
    recorder.close()
    if ended.state not in ("starting", "interrupted"):
        rank_zero.end()
    return ended.state


def _attempt(run: Run, data_dir: Path, recorder: Recorder, control: Control, rank_zero: RankZero) -> Failure:
    """Train, and name what came of it."""
    training: Trainer | None = None
    try:
        try:
            training = Trainer(run, data_dir, recorder, control, rank_zero)
            training.run_to_end()
        except Stop as stop:
            if stop.by_signal:
                rank_zero.call_roll()
            raise
    except RankDied as error:
        again = rank_zero.group.will_restart
        cure = "The training goes on from its last checkpoint" if again else "Resume the run: it goes on from its last checkpoint"
        return Failure("starting" if again else "interrupted", Problem("runtime.processes", str(error), cure))
    except Exception as error:  # noqa: BLE001 - whatever goes wrong must reach the page
        return failures.name(error, training.experiment if training else run.experiment, run.path)
    return Failure("finished", Problem("", ""))


class Trainer:
    """One run from the loading of its data to its last evaluation."""

    def __init__(self, run: Run, data_dir: Path, recorder: Recorder, control: Control, rank_zero: RankZero) -> None:
        experiment, group = run.experiment, rank_zero.group
        check(experiment, data_dir, group.size)
        environment.choose_threads(experiment.runtime, group)
        device = environment.choose_device(experiment, group)
        write_atomically(run.path / "env.json", json.dumps(environment.describe(device), indent=2).encode())
        self.run, self.recorder, self.control, self.rank_zero = run, recorder, control, rank_zero
        recorder.update_status(state="loading", message="Loading the data")
        report_images(run, recorder)
        splits = load(experiment, data_dir, self._loading)
        for count, (file, reason) in enumerate(splits.left_out, 1):
            report_unusable(recorder, file, reason, count)
        if experiment.data.validation_split:
            report_held_out(recorder, len(splits.test.labels))
        self.sources = Sources.of(splits, experiment, device, partial(report_unusable, recorder))
        self.learner = build_learner(experiment, self.sources.training, len(splits.classes), device, group)
        self.seconds = 0.0
        self.evaluated = -1
        self._evaluation_wanted = False
        self._retry = DiskRetry(recorder, control)
        self._reporter = Reporter(recorder, self.learner)
        self._checkpointer = Checkpointer(run, self.learner, recorder, self._retry)
        self._tracer = StepProfiler(run, recorder, self._retry)
        self._resume()
        findings = Findings(run, recorder, self._retry, self.learner.step)
        self._probes = ProbeRunner(self.learner, self.sources, findings, control)
        self._film = Film(self.learner, self.sources, findings)
        self._show_data(findings)
        control.begin(
            set=self._set,
            checkpoint=lambda _: self._save(),
            evaluate=self._want_evaluation,
            trace=lambda _: self._tracer.want(),
            **{probe.name: lambda _, name=probe.name: self._probes.want(name) for probe in TAKING_TURNS},
        )

    def _show_data(self, findings: Findings) -> None:
        """Keep what there is to be seen of the data before the first step."""
        dataset, step = self.experiment.dataset, self.learner.step
        if dataset.is_plane:
            findings.of("points", 0)(Measured(1.0, arrays=points(self.sources.plain), facts={"done": True}))
        elif step == 0:
            seen = first_batch(self.learner.data.batch(0, 0), dataset)
            findings.of("batch", 0)(Measured(1.0, arrays=seen, facts={"done": True}))

    @property
    def experiment(self) -> Experiment:
        """The experiment with what has been changed up to now."""
        return self.learner.experiment

    @property
    def batch_schedule(self) -> BatchSchedule:
        """Which images belong to which step, with the batch sizes up to now."""
        return self.sources.training.batch_schedule

    def run_to_end(self) -> None:
        """Train to the last step. Raises `Stop` or `Diverged` where it ends before."""
        self.recorder.update_status(state="running", message="", progress=None)
        self.recorder.event("started", streams=self.learner.how)
        throughput = Throughput(self.learner, self.control)
        try:
            while True:
                self._train(throughput)
                self._finish()
                if self.learner.step == self.learner.steps:
                    break
        except Stop:
            self._save()
            raise
        except (RankDied, Gone, Diverged, OSError, sqlite3.Error):
            raise
        except Exception:
            self._withdraw()
            raise
        finally:
            self.sources.training.close()
            self._tracer.end()

    def _train(self, throughput: Throughput) -> None:
        """Take steps until the last one is taken, and do between steps what is due and what is asked for."""
        self.recorder.update_status(state="running")
        while True:
            self._at_epoch_end()
            self._recall()
            with nullcontext() if self.control.is_paused else self.learner.watch.time("recording"):
                self.control.look()
            self._probe()
            self._film.go_on()
            self._at_epoch_end()  # which a larger batch may have brought about
            if self.learner.step == self.learner.steps:
                return
            self._retry.write(self.recorder.flush_late)
            if self.control.may_step():
                self._step(throughput)
            elif not self._probes.is_under_way:
                self.control.rest()

    def _loading(self, message: str, fraction: float | None) -> None:
        self.recorder.update_status(message=message, progress=fraction)
        self.control.look()

    def _resume(self) -> None:
        """Go to where the newest checkpoint is, or to the start, and settle how gradients are run."""
        self._changes = ChangeLog(self.recorder, self.run.records.changes())
        way = None
        if (state := self._checkpointer.load()) is not None:
            self._restore(state)
            way = state["streams"] if state["method"] == self.experiment.method.name else None
        elif (parent := self.experiment.parent) is not None:
            what = f"the checkpoint of step {parent.step} of {parent.run} is missing or damaged"
            raise Refused(Problem("parent.step", what, "Fork that run again"))
        self._compile()
        self.streams = self.learner.choose_streams(way)
        self.recorder.cut(self.learner.step, is_evaluated=self.evaluated == self.learner.step)
        self._accuracies = self.run.records.accuracies()
        self._report_length()

    def _restore(self, state: dict[str, Any]) -> None:
        step, parent = state["loop"]["step"], self.experiment.parent
        is_forked = parent is not None and step == parent.step
        if not is_forked:  # the log of a fork is its own
            self._changes.agree(state["changes"])
        self.learner.change(replay_until(self.experiment, list(self._changes.due(step)), step))
        if state["method"] != self.experiment.method.name:  # a fork; a vector that another method follows means nothing here
            state["loop"]["memory"] = {}
        self.learner.load_state_dict(state["loop"])
        self._check_length()
        if not is_forked and self.recorder.status.step < step:
            self.recorder.event("records lost", after=self.recorder.status.step, until=step)
        self.seconds, self.evaluated, self._checkpointer.saved = state["seconds"], state["evaluated"], step

    def _check_length(self) -> None:
        """Refuse to go on where fewer images have made the training shorter than it is already."""
        if self.learner.step > self.learner.steps:
            what = f"with the images that are there it ends with step {self.learner.steps}, and {self.learner.step} are taken"
            raise Refused(Problem("data.path", what, "Put the images back, or start a new run with those that are there"))

    def _compile(self) -> None:
        if self.experiment.runtime.compile:
            self.recorder.update_status(message="Compiling the network, which takes half a minute or more", progress=None)
            self.recorder.flush()
            self.recorder.event("compiled", seconds=round(self.learner.compile(), 1))

    def _recall(self) -> None:
        """Change what the log says was changed at this step."""
        for change in self._changes.due(self.learner.step):
            self.learner.change(apply_changes(self.experiment, {change.path: change.new}))
            self._report_length()

    def _set(self, command: Command) -> None:
        """Change fields from the next step on."""
        changes = parse_changes(command.get("changes"))
        before, after = self.experiment, apply_checked(self.experiment, changes)
        self.learner.change(after)
        self._film.renew()
        self._changes.add(self.learner.step, changes, before, after, command["id"])
        self._report_length()

    def _withdraw(self) -> None:
        """Take back the changes since the last step: with them there was none, and a resumed training would end as this one."""
        for change in self._changes.withdraw(self.learner.step):
            self.recorder.event("withdrawn", path=change.path, new=change.new)

    def _want_evaluation(self, _: Command) -> None:
        self._evaluation_wanted = True

    def _step(self, throughput: Throughput) -> None:
        self.rank_zero.begin_step(self.learner)
        before = time.perf_counter()
        with self._tracer.update(self.learner.step + 1), self.learner.watch.time("update"):
            measured = self._looked_at() if self.control.is_slow else self.learner.take_step()
        elapsed = time.perf_counter() - before
        self.seconds += elapsed
        if (seconds_waited := self.sources.training.seconds_waited()) is not None:
            measured["train/data_wait"] = min(seconds_waited / elapsed, 1.0)
        with self.learner.watch.time("recording"):
            self.recorder.record(self.learner.step, self.seconds, measured)
            self._report_position()
            throughput.report(self.recorder)

    def _looked_at(self) -> dict[str, float]:
        """Take a step, and show what it did."""
        self.learner.anatomy = anatomy = Anatomy(self.learner.model.weights)
        try:
            measured = self.learner.take_step()
        finally:
            self.learner.anatomy = None
        self.recorder.update_status(anatomy=anatomy.of(self.learner.step, self.learner.model.weights))
        return measured

    def _report_length(self) -> None:
        self.recorder.update_status(seconds=self.seconds)
        self._reporter.report_length()

    def _report_position(self) -> None:
        self.recorder.update_status(seconds=self.seconds)
        self._reporter.report_position()

    def _at_epoch_end(self) -> None:
        """Evaluate, save, and ask for measurements, where it is due."""
        epoch, seen, _ = self.batch_schedule.at(self.learner.step)
        if seen:
            return
        last = self.learner.step == self.learner.steps
        runtime = self.experiment.runtime
        if epoch and self.evaluated != self.learner.step and (last or epoch % runtime.evaluate_every == 0):
            self._evaluate()
        if self._checkpointer.saved != self.learner.step and (last or epoch % runtime.checkpoint_every == 0):
            self._save()
        if epoch and not last:
            self._probes.want_after_epoch(epoch)

    def _evaluate(self) -> None:
        measured = self._probes.measure_at_once(EVALUATION)
        self.evaluated = self.learner.step
        self._accuracies[self.learner.step] = measured["test/accuracy"]
        self.recorder.best(self.learner.step, max(self._accuracies.values()))
        self._reporter.count_operations()
        self._report_position()

    def _save(self) -> None:
        if self._checkpointer.saved == self.learner.step:
            return
        state = {
            "loop": self.learner.state_dict(),
            "seconds": self.seconds,
            "evaluated": self.evaluated,
            "streams": self.streams.way,
            "method": self.experiment.method.name,
            "changes": self._changes.made,
        }
        self._checkpointer.save(state, self._accuracies)

    def _probe(self) -> None:
        """Evaluate if somebody asked for it, and measure a little more of what else was asked for."""
        if self._evaluation_wanted:
            self._evaluation_wanted = False
            if self.evaluated != self.learner.step:
                self._evaluate()
        self._probes.go_on()

    def _finish(self) -> None:
        """Complete what was asked during the training, then what is to be measured at its end."""
        self.recorder.update_status(state="measuring", eta=None, samples_per_second=None)
        self._probes.want_at_end()
        while self._probes.is_to_do:
            self._probe()
            self.control.look()
        self._reporter.finish()

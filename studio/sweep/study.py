"""Study: the trials of a sweep in Optuna's own storage, which workers share, and from which one goes on after a kill."""

import hashlib
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import psutil
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import OptunaError
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import Problem, Refused
from engine.experiment.sweep import Range, Sweep
from studio.queries.importance import importance

FOLDER = ".sweeps"
"""Beside the runs."""
WORKER = "worker"
CLAIMED_WITHIN = timedelta(minutes=1)
ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Worker:
    """A process that trains trials."""

    host: str
    pid: int
    started: float

    @classmethod
    @cache
    def this(cls) -> "Worker":
        process = psutil.Process()
        return cls(socket.gethostname(), process.pid, process.create_time())

    @classmethod
    def read(cls, told: str) -> "Worker | None":
        host, _, rest = told.partition(" ")
        pid, _, started = rest.partition(" ")
        return cls(host, int(pid), float(started)) if started else None

    def __str__(self) -> str:
        return f"{self.host} {self.pid} {self.started}"

    def has_ended(self) -> bool:
        """Whether it was here and is no more; of other machines nobody can know."""
        if self.host != socket.gethostname():
            return False
        try:
            return bool(psutil.Process(self.pid).create_time() != self.started)
        except psutil.NoSuchProcess:
            return True


class ByNumber(BaseSampler):
    """Samples from the number of a trial, and from those that ended before.

    So neither several workers nor one that goes on after a kill repeat each other.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._points = sweep.grid() if sweep.search == "grid" else None
        self._last: tuple[int, BaseSampler] = (-1, RandomSampler())

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {} if self._points else self._of(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {} if self._points else self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        if self._points:
            return self._points[trial.number % len(self._points)][param_name]
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if self._last[0] != trial.number:
            seed = int(np.random.SeedSequence([self._sweep.seed, trial.number]).generate_state(1)[0])
            self._last = (trial.number, TPESampler(seed=seed) if self._sweep.search == "tpe" else RandomSampler(seed))
        return self._last[1]


class Study:
    """The trials of `sweep`, the same for all who name this storage."""

    def __init__(self, sweep: Sweep, storage: BaseStorage) -> None:
        self.sweep = sweep
        self._study = optuna.create_study(
            study_name=sweep.title,
            storage=storage,
            sampler=ByNumber(sweep),
            pruner=_pruner(sweep),
            direction="maximize",
            load_if_exists=True,
        )
        self._agree()

    def next(self) -> optuna.Trial | None:
        """A new trial of this process with its point; None when there are enough."""
        if len(self.trials) >= self.sweep.total:
            return None
        trial = self._study.ask(self._distributions)
        if trial.number < self.sweep.total:
            trial.set_user_attr(WORKER, str(Worker.this()))
            return trial
        self._study.tell(trial, state=TrialState.FAIL)  # another worker was quicker
        return None

    def tell(self, number: int, accuracy: float | None, is_pruned: bool = False) -> None:
        """How trial `number` ended: with an accuracy, or without one."""
        state = TrialState.PRUNED if is_pruned else TrialState.FAIL if accuracy is None else TrialState.COMPLETE
        self._study.tell(number, accuracy if state == TrialState.COMPLETE else None, state=state, skip_if_finished=True)

    @property
    def trials(self) -> list[FrozenTrial]:
        """Every trial that counts, in the order in which they were begun."""
        return self._study.get_trials(deepcopy=False)[: self.sweep.total]

    def abandoned(self) -> list[FrozenTrial]:
        """Trials that have not ended, and whose worker has. One that has not told its worker yet may have one for a minute."""
        late = datetime.now() - CLAIMED_WITHIN
        running = [trial for trial in self.trials if trial.state == TrialState.RUNNING]
        known = [(trial, Worker.read(trial.user_attrs.get(WORKER, ""))) for trial in running]
        return [trial for trial, worker in known if (worker.has_ended() if worker else (trial.datetime_start or late) < late)]

    def others(self) -> int:
        """How many trials other processes are at."""
        running = [trial for trial in self.trials if trial.state == TrialState.RUNNING]
        workers = [worker for trial in running if (worker := Worker.read(trial.user_attrs.get(WORKER, "")))]
        return sum(worker != Worker.this() and not worker.has_ended() for worker in workers)

    @property
    def ended(self) -> int:
        return sum(trial.state in ENDED for trial in self.trials)

    def best(self) -> list[FrozenTrial]:
        """Those that were trained to their end, the best first."""
        whole = [trial for trial in self.trials if trial.state == TrialState.COMPLETE]
        return sorted(whole, key=lambda trial: trial.value or 0.0, reverse=True)

    def importance(self) -> dict[str, float]:
        """How much of the spread of the accuracies each field explains (fANOVA); empty where that cannot be told."""
        return importance([(trial.params, trial.value) for trial in self.best() if trial.value is not None])

    @cached_property
    def _distributions(self) -> dict[str, BaseDistribution]:
        return {path: self._distribution(path, values) for path, values in self.sweep.fields.items()}

    def _distribution(self, path: str, values: list[Any] | Range) -> BaseDistribution:
        if not isinstance(values, Range):
            return CategoricalDistribution(values)
        if self.sweep.is_whole(path):
            return IntDistribution(int(values.low), int(values.high), log=values.log)
        return FloatDistribution(values.low, values.high, log=values.log)

    def _agree(self) -> None:
        """Raise `Refused` if the storage holds another sweep of this title, or one of another version of Optuna."""
        mine = {"sweep": self.sweep.model_dump_json(), "optuna": optuna.__version__}
        known = self._study.user_attrs
        for name, value in mine.items():
            if name not in known:
                self._study.set_user_attr(name, value)
        if known.get("optuna", mine["optuna"]) != mine["optuna"]:
            what = f"was made by Optuna {known['optuna']}, and here is {optuna.__version__}"
            raise Refused(Problem("--storage", what, f"Install optuna=={known['optuna']} here, or choose another title"))
        if known.get("sweep", mine["sweep"]) != mine["sweep"]:
            what = f"{self.sweep.title!r} is the title of a sweep with other settings"
            raise Refused(Problem("title", what, "Choose another title, or put back what was there to go on with it"))


def storage(runs: Path, title: str, url: str = "") -> BaseStorage:
    """Where the trials are kept: a file beside the runs, or the database at `url`. Raises `Refused` if that cannot be."""
    if not url:
        folder = runs / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(folder / f"{hashlib.sha256(title.encode()).hexdigest()[:16]}.log")))
    try:
        return RDBStorage(url, heartbeat_interval=None)
    except (ImportError, RuntimeError, ValueError, SQLAlchemyError, OptunaError) as error:
        cure = "Give a database URL as SQLAlchemy has it, such as sqlite:///sweeps.db"
        raise Refused(Problem("--storage", f"{url!r} cannot be used: {str(error).splitlines()[0]}", cure)) from None


def _pruner(sweep: Sweep) -> optuna.pruners.BasePruner:
    match sweep.prune:
        case "none":
            return optuna.pruners.NopPruner()
        case "median":
            return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=20)
        case "halving":
            return optuna.pruners.SuccessiveHalvingPruner(min_resource=11, reduction_factor=3)

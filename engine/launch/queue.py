"""Queue: the runs that wait, and starting the next one when there is room for it on a device.

There is no process that keeps the queue: whoever adds a run, ends one, or watches looks for what can be started, one at
a time under the lock of the folder. That a run waits is a file in its folder, which holds its place. A run for Slurm is
handed over at once, and waits there.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from engine.errors import Problem, Refused, explain
from engine.experiment.schema import Experiment
from engine.fields import Section
from engine.files.atomic import write_atomically
from engine.files.within import is_plain
from engine.launch import devices, engine_process, slurm
from engine.runs.lock import arranging
from engine.runs.run import Run
from engine.runs.slurm import job_of, options_of

SETTINGS = ".queue.json"
"""A name that no run can have."""
MOST_AT_ONCE = 64


class QueueSettings(Section):
    """What people set of a queue, in a file of its folder."""

    at_once: dict[Literal["cpu", "cuda", "mps"], Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]] = Field({})
    """How many runs each device of a kind trains at the same time; 1 for a kind that is left out."""


class Queue:
    """The queue of one folder of runs."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs

    def waiting(self) -> list[Run]:
        """The runs that wait, in the order in which they will be started."""
        places = [path for path in self._runs.glob(f"[!.]*/{Run.WAITS}") if is_plain(path) and not path.parent.is_symlink()]
        found = [Run(path.parent) for path in places]
        return sorted(found, key=lambda run: (run.place or 0, run.id))

    def add(self, *runs: Run) -> None:
        """Put runs at the end. One that waits already keeps its place. Raises `Refused` if one is being trained."""
        with arranging(self._runs):
            order = self.waiting()
            for run in runs:
                if run.is_locked():
                    raise Refused(Problem("run", f"{run.id} is already being trained", "Wait for it or stop it"))
            known = {run.id for run in order}
            self._write([*order, *(run for run in runs if run.id not in known and not job_of(run.path))])

    def remove(self, run: Run) -> None:
        """Take a run out, of the queue of Slurm as well. Raises `Refused` if it does not wait."""
        with arranging(self._runs):
            if job_of(run.path):
                slurm.cancel(run)
            else:
                self._position(run)
            run.leave_queue()

    def move(self, run: Run, position: int) -> None:
        """Put a run that waits at `position`, counted from 0. Raises `Refused` if it does not wait."""
        with arranging(self._runs):
            order = self.waiting()
            order.insert(max(0, position), order.pop(self._position(run)))
            self._write(order)

    def start(self, run: Run, data: Path) -> None:
        """Start a run that waits although there may be no room for it. Raises `Refused` if it does not wait."""
        with arranging(self._runs):
            self._position(run)
            busy = self._busy()
            idlest = sorted(devices.suitable(run.experiment), key=lambda device: busy[device])
            engine_process.start(run, data, devices.chosen(run.experiment, idlest))

    @property
    def at_once(self) -> dict[str, int]:
        """How many runs one device trains at the same time, for each kind of device; what is left out is 1."""
        try:
            settings = QueueSettings.model_validate_json((self._runs / SETTINGS).read_bytes())
            return {str(kind): count for kind, count in settings.at_once.items()}
        except (FileNotFoundError, ValidationError):  # not there, or damaged
            return {}

    @property
    def slots(self) -> int:
        """How many runs that leave the device to the machine are trained at the same time."""
        return sum(self._room(device) for device in devices.suitable(Experiment()))

    def _room(self, device: str) -> int:
        return self.at_once.get(device.partition(":")[0], 1)

    def set_at_once(self, kind: str, count: object) -> None:
        """Let each device of a kind (cpu, cuda, mps) train `count` runs at the same time."""
        with arranging(self._runs):
            try:
                settings = QueueSettings.model_validate({"at_once": {**self.at_once, kind: count}})
            except ValidationError as error:
                raise explain(error, {}) from None
            write_atomically(self._runs / SETTINGS, settings.model_dump_json().encode())

    def advance(self, data: Path, at_once: int = 1) -> list[Run]:
        """Start every run that there is room for, in order, where each device has room for `at_once` or more.

        One that waits for another device holds nobody up; for one that waits for a second device the first is kept free.
        """
        if not self.waiting() and not slurm.jobs(self._runs):
            return []
        with arranging(self._runs):
            slurm.refresh(self._runs)
            busy = self._busy()
            return [run for run in self.waiting() if self._started(run, data, busy, at_once)]

    def _busy(self) -> "Counter[str]":
        """How many runs each device of this machine trains."""
        here = [run for run in Run.all(self._runs) if run.is_locked() and not job_of(run.path)]
        return Counter(name for run in here for name in devices.single(run.status().device))

    def _started(self, run: Run, data: Path, busy: "Counter[str]", at_once: int) -> bool:
        """Whether `run` could be started; one that cannot be, being damaged or trained already, waits no longer."""
        try:
            if options := options_of(run.path):
                slurm.submit(run, data, options)
                return True
            fitting = devices.suitable(run.experiment)
            free = [name for name in fitting if busy[name] < max(at_once, self._room(name))]
            if len(free) < min(run.experiment.devices, len(fitting)):
                busy.update(free)
                return False
            device = devices.chosen(run.experiment, free)
            engine_process.start(run, data, device)
        except Refused:
            run.leave_queue()
            return False
        busy.update(devices.single(device))
        return True

    def _position(self, run: Run) -> int:
        found = [i for i, waiting in enumerate(self.waiting()) if waiting.id == run.id]
        if not found:
            raise Refused(Problem("queue", f"{run.id} does not wait in the queue", "See `rwp-studio queue`"))
        return found[0]

    def _write(self, order: list[Run]) -> None:
        for place, run in enumerate(order):
            if run.place != place:
                write_atomically(run.path / Run.WAITS, str(place).encode())

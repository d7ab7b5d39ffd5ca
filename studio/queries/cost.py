"""Estimate what a training will cost before it is started."""

import json
import logging
import math
import subprocess
from dataclasses import dataclass
from subprocess import PIPE

from engine.catalogue import MODELS
from engine.experiment.dataset_info import input_shape, training_images
from engine.experiment.probes import PROBES
from engine.experiment.schema import Experiment
from engine.fields import flat
from engine.processes import python

log = logging.getLogger(__name__)

HEAVY_FLOPS = 5e12
"""Operations of an epoch from which on a training is timed without being asked: about a minute of a processor."""
PATIENCE_SECONDS = 90
REFUSED = 2
"""How the process ends if this machine cannot take such a step."""
PREFIXES = ("", "k", "M", "G", "T", "P", "E", "Z")
BACKWARD = 3
"""A forward and a backward pass take three times the operations of the forward pass."""


_running: "set[subprocess.Popen[str]]" = set()


def end() -> None:
    """End whatever is being timed, for which the studio would wait otherwise."""
    for process in list(_running):
        process.kill()


class Estimator:
    """Times steps in a process of its own, and remembers what it has timed."""

    def __init__(self) -> None:
        self._known: dict[str, TimedStep] = {}

    def told(self, experiment: Experiment) -> str:
        """The work of a training, and its duration if that is known."""
        timed = self._known.get(_key(experiment))
        return _work(experiment) + (timed.told(experiment) if timed else "")

    def is_wanted(self, experiment: Experiment) -> bool:
        """Whether a training is so heavy that it should be timed before it is started, and has not been."""
        return flops_of_epoch(experiment) > HEAVY_FLOPS and _key(experiment) not in self._known

    def time(self, experiment: Experiment) -> str:
        """`told` after timing two steps, which takes seconds."""
        self._known[_key(experiment)] = _timed(experiment)
        return self.told(experiment)


@dataclass(frozen=True)
class TimedStep:
    """Seconds of one step on `device`, or why there is no such figure."""

    seconds: float | None
    device: str = ""
    reason: str = ""

    def told(self, experiment: Experiment) -> str:
        if self.seconds is None:
            return f" It could not be timed: {self.reason}"
        epoch = self.seconds * steps_per_epoch(experiment)
        whole = epoch * experiment.schedule.epochs * experiment.seeds
        return f" About {_duration(epoch)} an epoch and {_duration(whole)} in all on {self.device}, from two steps timed here."


def flops_of_epoch(experiment: Experiment) -> float:
    """Operations of all gradients of an epoch, from the figures of the catalogue scaled to the size of the images."""
    per_image = BACKWARD * MODELS[experiment.model.name].operations(input_shape(experiment))
    return per_image * steps_per_epoch(experiment) * experiment.schedule.batch_size * experiment.method.gradients


def steps_per_epoch(experiment: Experiment) -> int:
    return training_images(experiment.data) // experiment.schedule.batch_size


def _work(experiment: Experiment) -> str:
    epochs = experiment.schedule.epochs * experiment.seeds
    weights = MODELS[experiment.model.name].weights(input_shape(experiment))
    work = _short(flops_of_epoch(experiment) * epochs)
    return f"{_short(weights)} weights; {steps_per_epoch(experiment)} steps an epoch; about {work}FLOP in all."


def _key(experiment: Experiment) -> str:
    """Everything on which the time of a step depends: no fraction does, nor anything that happens between steps."""
    chosen = flat(experiment.model_dump(exclude={"seed", "seeds", "averaging", *PROBES}))
    between = ("schedule.epochs", "schedule.lr", "runtime.evaluate_every", "runtime.checkpoint_every", "data.train_size")
    return json.dumps({path: value for path, value in chosen.items() if path not in between and not isinstance(value, float)})


def _timed(experiment: Experiment) -> TimedStep:
    process = subprocess.Popen(python("engine.training.estimate"), stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)
    _running.add(process)
    try:
        found, said = process.communicate(experiment.model_dump_json(), PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return TimedStep(None, reason=f"it took more than {PATIENCE_SECONDS} s.")
    finally:
        _running.discard(process)
    if process.returncode < 0:
        return TimedStep(None, reason="it was ended.")
    if process.returncode == REFUSED:
        return TimedStep(None, reason=said.strip())
    if process.returncode:
        log.error("timing a step failed:\n%s", said)
        return TimedStep(None, reason="the studio's log says why.")
    told = json.loads(found)
    return TimedStep(told["seconds_per_update"], told["device"])


def _short(value: float) -> str:
    """A number with a prefix of the metric system, to three digits."""
    power = min(max(int(math.log10(max(value, 1))) // 3, 0), len(PREFIXES) - 1)
    return f"{value / 1000**power:.3g} {PREFIXES[power]}".rstrip()


def _duration(seconds: float) -> str:
    for name, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}"
    return f"{seconds:.2g} s"

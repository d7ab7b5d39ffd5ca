"""Step inputs: what differs from one step to the next: mini-batches, scheduled numbers, and random numbers."""

from collections.abc import Callable

from torch import Tensor, nn

from engine.training.data import Batch, TrainingSource
from engine.training.rng import fill_normal
from engine.training.weights.backward import restart


class StepInputs:
    """Everything is made when it is asked for, from the batches of `data`, a seed, and the step at which the training is."""

    def __init__(self, data: TrainingSource, seed: int, step: Callable[[], int]) -> None:
        self._data, self._seed, self._step = data, seed, step
        self.numbers: dict[str, float] = {}
        """The scheduled numbers of the present step, by TensorBoard tag."""

    def batch(self, stream: int, ahead: int = 0) -> Batch:
        """The mini-batch of the present step, or of one so many steps `ahead`, in the order of `stream`."""
        return self._data.batch(stream, self._step() + ahead)

    def number(self, tag: str, now: Callable[[], float]) -> float | Tensor:
        """What `now` gives for the present step."""
        self.numbers[tag] = value = now()
        return value

    def normal(self, draw: int) -> Callable[[Tensor], Tensor]:
        """What fills vectors (d,) with N(0, 1): with the numbers of draw `draw` of the present step, each time the same."""
        step = self._step()
        return lambda out: fill_normal(out, self._seed, "noise", step, draw)

    def restart(self, module: nn.Module, batch: Batch, share: tuple[int, int]) -> None:
        """Let the dropout masks of `module` begin as `batch` wants them."""
        restart(module, batch, share)

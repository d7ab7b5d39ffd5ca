"""Step context: what a training method may ask for during one step.

Methods are written against these protocols alone and know nothing of how a training keeps, computes or runs anything.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from torch import Tensor

Batch = Any
"""A mini-batch, which a method hands on and does not look into."""
GradientTask = Any
"""A gradient that is still to be computed: what `at` gives and `gradients` takes."""


class Perturbation(Protocol):
    """A displacement ε of the weights."""

    def write(self, out: "Tensor", w: "Tensor") -> "Tensor":
        """Put w + ε into `out` (both of shape (d,), not the same memory) and return ‖ε‖₂ (0-d)."""
        ...


class RandomNoise(Perturbation, Protocol):
    """A random ε, which is the same wherever it is asked for in one step."""

    def __neg__(self) -> "RandomNoise": ...


class NoiseSettings(Protocol):
    """What shapes a random ε; see the fields of these names in `RandomPerturbation`."""

    @property
    def distribution(self) -> Literal["filter", "filter-rms", "isotropic"]: ...
    @property
    def one_dimensional(self) -> Literal["vector", "element", "skip"]: ...
    @property
    def position_embeddings(self) -> Literal["tokens", "authors"]: ...


@dataclass(frozen=True)
class Weights:
    """The weights w, or with a perturbation added to them w + ε, or those to which a step would lead from w."""

    displacement: Perturbation | None = None
    is_perturbed: bool = False

    def __add__(self, perturbation: Perturbation) -> "Weights":
        return Weights(perturbation, is_perturbed=True)

    def __sub__(self, noise: RandomNoise) -> "Weights":
        return self + -noise


class StepContext(Protocol):
    """One step of a training, from its mini-batches to the direction in which the base optimizer goes."""

    weights: Weights

    @property
    def progress(self) -> float:
        """Fraction of all epochs that is done."""
        ...

    def batch(self, stream: int = 0) -> Batch:
        """The mini-batch of this step in one of the independent orders of the training set."""
        ...

    def next_batch(self) -> Batch:
        """What `batch` will give in the step that follows."""
        ...

    def shards(self, batch: Batch, size: int | None) -> list[Batch]:
        """`batch` in pieces of `size` images, or whole."""
        ...

    def parts(self, batch: Batch, count: int) -> list[Batch]:
        """`batch` in `count` pieces of as equal a size as can be."""
        ...

    def at(self, weights: Weights, batch: Batch) -> GradientTask:
        """The gradient of the mean loss on `batch` at `weights`, to be handed to `gradients`."""
        ...

    def gradients(self, *tasks: GradientTask) -> "tuple[Tensor, ...]":
        """The gradients of tasks that do not depend on each other, each of shape (d,).

        Where several could move BatchNorm's running statistics, the first one does.
        """
        ...

    def average(self, directions: "Iterable[Tensor]", pieces: list[Batch]) -> "Tensor":
        """The mean over all images of `pieces`, each of which has one of the directions, taken one at a time."""
        ...

    def noise(self, settings: NoiseSettings, damping: "Callable[[], Tensor] | None" = None, draw: int = 0) -> RandomNoise:
        """A fresh random ε with σ as scheduled. It depends on seed, step and the number of the draw alone."""
        ...

    def damping(self, eta: float, exponent: float) -> "Callable[[], Tensor]":
        """The factors 1/(1 + ηv)^p with which past gradients damp ε."""
        ...

    def remember(self, gradient: "Tensor", beta: float) -> None:
        """v ← βv + g²."""
        ...

    def ascent(self, gradient: "Tensor", rho: "float | Tensor", scaled: float | None = None, only: str = "") -> Perturbation:
        """ε = ρ g/‖g‖₂, or with T = |w| + `scaled`: ρ T²g/‖Tg‖₂; T = 1 for parameters without `only` in their name."""
        ...

    @property
    def momentum(self) -> "Tensor":
        """The mean of past directions (d,) that the base optimizer keeps, 0 at first."""
        ...

    def weights_after(self, direction: "Tensor") -> Weights:
        """Where a step of the base optimizer along `direction` would lead; these weights count as unperturbed."""
        ...

    def falling_rho(self) -> "float | Tensor":
        """The ρ of a method in which it falls with the learning rate."""
        ...

    def memory(self, name: str) -> "Tensor | None":
        """A vector (d,) that lasts from step to step; None until it follows something."""
        ...

    def follow(self, name: str, vector: "Tensor", beta: float) -> None:
        """m ← βm + (1 − β) `vector` for the memory m; at first m is the vector itself, in experiments of format 1 zero."""
        ...

    def mix(self, g: "Tensor", g_perturbed: "Tensor", weight: float) -> "Tensor":
        """(1 − λ) g + λ g_perturbed, in place of g."""
        ...

    def update(self, direction: "Tensor") -> None:
        """Let the step of the base optimizer go along `direction`, which is the last that a method says."""
        ...

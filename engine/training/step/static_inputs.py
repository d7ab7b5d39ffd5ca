"""Static inputs: the inputs of a step at fixed addresses, for work that is captured once and then repeated."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from engine.experiment.seeds import SeedNow, seed_for
from engine.training.data import Batch, TrainingSource
from engine.training.models.seeded_dropout import Dropout, dropouts
from engine.training.rng import Normal, start
from engine.training.step.inputs import StepInputs


class StaticInputs(StepInputs):
    """Everything has a fixed address on the device, to which `bring` copies what belongs to the present step.

    So the work of a step can be repeated without being told again: it finds all that differs where it was before. The
    numbers are those of `StepInputs`.
    """

    def __init__(self, data: TrainingSource, seed: int, step: Callable[[], int], weights: Tensor) -> None:
        super().__init__(data, seed, step)
        self._weights, self._device = weights, weights.device
        self._batches: dict[tuple[int, int], Batch] = {}
        self._batch_seeds: dict[tuple[int, int], int] = {}
        self._places: dict[str, tuple[Tensor, Callable[[], float]]] = {}
        self._normals: dict[tuple[int, int], Normal] = {}
        self._fills: Counter[int] = Counter()
        self._masks: list[tuple[SeedNow, list[Dropout], list[torch.Generator]]] = []
        self._restarts = 0

    @property
    def sources(self) -> list[torch.Generator]:
        """Every generator that the work of a step draws from."""
        masks = [one for _, _, generators in self._masks for one in generators]
        return [one for normal in self._normals.values() for one in normal.generators] + masks

    def bring(self) -> bool:
        """Put what belongs to the present step where it is looked for; False if a mini-batch does not fit its place."""
        fresh = {which: super(StaticInputs, self).batch(*which) for which in self._batches}
        if any(not _fits(fresh[which], place) for which, place in self._batches.items()):
            return False
        for which, batch in fresh.items():
            _put(batch, self._batches[which])
            self._batch_seeds[which] = batch.seed()
        for tag, (place, now) in self._places.items():
            place.fill_(super().number(tag, now))
        for (draw, _), normal in self._normals.items():
            normal.start(self._seed, "noise", self._step(), draw)
        for seed, _, generators in self._masks:
            for index, one in enumerate(generators):
                start(one, seed_for(seed(), "layer", index))
        return True

    def forget(self) -> None:
        """Make new places for what is to come."""
        for _, layers, _ in self._masks:
            for layer in layers:
                layer.follow(None)
        for places in (self._batches, self._batch_seeds, self._places, self._normals):
            places.clear()
        self._masks.clear()

    def rewind(self) -> None:
        """The work of the step begins anew."""
        self._restarts = 0
        self._fills.clear()

    def batch(self, stream: int, ahead: int = 0) -> Batch:
        which = stream, ahead
        if which not in self._batches:
            fresh = super().batch(stream, ahead)
            self._batch_seeds[which] = fresh.seed()
            self._batches[which] = _place_for(fresh, lambda: self._batch_seeds[which])
            _put(fresh, self._batches[which])
        return self._batches[which]

    def number(self, tag: str, now: Callable[[], float]) -> Tensor:
        if tag not in self._places:
            self._places[tag] = torch.tensor(super().number(tag, now), dtype=torch.float64).to(self._weights), now
        return self._places[tag][0]

    def normal(self, draw: int) -> Callable[[Tensor], Tensor]:
        def fill(out: Tensor) -> Tensor:
            """Each time by a generator of its own, for a captured one cannot go back to its start."""
            which = draw, self._fills[draw]
            self._fills[draw] += 1
            if which not in self._normals:
                normal = self._normals[which] = Normal(self._device, len(self._weights))
                normal.start(self._seed, "noise", self._step(), draw)
            return self._normals[which].fill(out)

        return fill

    def restart(self, module: nn.Module, batch: Batch, share: tuple[int, int]) -> None:
        layers = dropouts(module)
        if self._restarts == len(self._masks):
            seeds = [seed_for(batch.seed(), "layer", index) for index in range(len(layers))]
            self._masks.append((batch.seed, layers, [start(torch.Generator(self._device), one) for one in seeds]))
        for layer, one in zip(layers, self._masks[self._restarts][2], strict=True):
            layer.follow(one, share)
        self._restarts += 1


def _place_for(batch: Batch, seed: SeedNow) -> Batch:
    """Room for batches of the kind of `batch`."""
    images, labels = torch.empty_like(batch.images), torch.empty_like(batch.labels)
    if batch.partners is None:
        return replace(batch, images=images, labels=labels, seed=seed)
    share, rest = (torch.empty((), dtype=images.dtype, device=images.device) for _ in range(2))
    partners = torch.empty_like(batch.partners)
    return Batch(images, labels, partners, share, rest, seed)


def _fits(batch: Batch, place: Batch) -> bool:
    return batch.images.shape == place.images.shape and (batch.partners is None) == (place.partners is None)


def _put(batch: Batch, place: Batch) -> None:
    place.images.copy_(batch.images)
    place.labels.copy_(batch.labels)
    if place.partners is not None and batch.partners is not None:
        place.partners.copy_(batch.partners)
        assert isinstance(place.share, Tensor)
        assert isinstance(place.rest, Tensor)
        place.share.fill_(batch.share)
        place.rest.fill_(batch.rest)

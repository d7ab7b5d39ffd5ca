"""Random crops, mirror images and Cutout for a whole batch at once, and normalisation.

Equal to the per-image transforms, at many times their speed: the crops are windows of the padded set, taken in one indexing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from engine.experiment.schema import Experiment


@dataclass(frozen=True)
class Augmentation:
    """Which variations the training images get; 0 and False leave them as they are."""

    flip: bool
    padding: int
    cutout: int

    @classmethod
    def of(cls, experiment: Experiment) -> "Augmentation":
        """What `experiment` asks for, and what is usual for its dataset where it does not say."""
        data, usual = experiment.data, experiment.dataset
        return cls(
            usual.flip if data.flip is None else data.flip,
            usual.crop_padding if data.crop_padding is None else data.crop_padding,
            (0 if data.augmentation == "randaugment" else usual.cutout) if data.cutout is None else data.cutout,
        )

    def padded(self, images: Tensor) -> Tensor:
        """`images` (N, C, H, W) in a black frame, from which the crops are taken."""
        return pad(images.contiguous(), [self.padding] * 4) if self.padding else images

    def unpadded(self, padded: Tensor) -> Tensor:
        """The images inside their frames, a view."""
        frame = slice(self.padding, -self.padding or None)
        return padded[:, :, frame, frame]

    def draw(self, count: int, height: int, width: int, source: torch.Generator) -> Tensor:
        """Random integers (6, count) on the CPU: crop top and left, mirrored, blanked, centre row and column of the blank."""
        offsets = 2 * self.padding + 1
        ends = (offsets, offsets, 2, 2, height, width)
        return torch.stack([torch.randint(end, (count,), generator=source) for end in ends])

    def views(self, padded: Tensor, index: Tensor, draws: Tensor) -> Tensor:
        """The images `index` (B,) of the padded set, cropped and mirrored as drawn: (B, C, H, W)."""
        images = self._crops(padded, index, *draws[:2].to(index.device)) if self.padding else padded[index]
        if self.flip:
            which = draws[2].nonzero()[:, 0].to(index.device)
            images.index_copy_(0, which, images.index_select(0, which).flip(-1))
        return images

    def _crops(self, padded: Tensor, index: Tensor, top: Tensor, left: Tensor) -> Tensor:
        """Every row of a crop is a window of the set as it lies in memory, so all rows are copied by one indexing."""
        channels, tall, wide = padded.shape[1:]
        height, width = tall - 2 * self.padding, wide - 2 * self.padding
        first = (index * channels * tall + top) * wide + left
        planes, rows = (torch.arange(count, device=index.device) for count in (channels, height))
        starts = first[:, None, None] + (planes[:, None] * tall + rows) * wide
        windows = padded.view(-1).unfold(0, width, 1)
        return windows.index_select(0, starts.view(-1)).view(-1, channels, height, width)

    def blank(self, images: Tensor, draws: Tensor) -> Tensor:
        """Cutout: a square of normalised `images` set to 0 as drawn, cut off at the border. In place."""
        if not self.cutout:
            return images
        blanked, row, column = draws[3:].to(images.device)
        rows = self._covered(row, images.shape[2]) * blanked[:, None]
        columns = self._covered(column, images.shape[3])
        covered = rows[:, :, None].to(images) * columns[:, None, :].to(images)
        return images.mul_(covered.neg_().add_(1)[:, None])

    def _covered(self, centre: Tensor, side: int) -> Tensor:
        """Which of `side` positions lie in the square around each `centre` (B,): (B, side)."""
        start = (centre - self.cutout // 2)[:, None]
        position = torch.arange(side, device=centre.device)
        return (position >= start) & (position < start + self.cutout)


class Normalisation:
    """From uint8 to floats of mean 0 and variance 1, with the figures of the experiment's dataset."""

    def __init__(self, experiment: Experiment, device: torch.device) -> None:
        self._mean = torch.tensor(experiment.dataset.mean, device=device)[:, None, None]
        self._std = torch.tensor(experiment.dataset.std, device=device)[:, None, None]

    def __call__(self, images: Tensor) -> Tensor:
        return images.float().div_(255).sub_(self._mean).div_(self._std)

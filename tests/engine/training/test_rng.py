"""Random numbers that depend on their purpose alone."""

import itertools
from collections import Counter

import numpy as np
import pytest
import torch

from engine.experiment.seeds import WIDE, derived, root, seed_for
from engine.training.rng import BLOCK, TWISTER, fill_normal, generator, start


def test_purposes_get_seeds_of_their_own() -> None:
    purposes = list(itertools.product((0, 1), ("order", "augment"), (0, 1), (0, 1, 11)))
    seeds = [seed_for(*purpose) for purpose in purposes]
    assert len(set(seeds)) == len(purposes)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_parts_are_kept_apart() -> None:
    alike = [(0, "a", "b"), (0, "ab"), (0, "a", 1), (0, "a", "1"), (0, 1, 11), (0, 11, 1)]
    assert all(seed_for(*one) != seed_for(*other) for one, other in itertools.combinations(alike, 2))


def test_seeds_stay_the_same_between_processes_and_versions() -> None:
    assert seed_for(0, "order", 1, 2) == 9212999772791970778


def test_a_generator_starts_anew_every_time() -> None:
    first, again = (torch.rand(5, generator=generator("cpu", 3, "noise", 7)) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, torch.rand(5, generator=generator("cpu", 3, "noise", 8)))


def test_normal_numbers_are_the_same_on_any_number_of_threads() -> None:
    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found.append(fill_normal(torch.empty(4 * BLOCK + 77), 5, "noise", 9))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    first, second, *_ = found[0].split(BLOCK)
    assert abs(float(torch.corrcoef(torch.stack([first, second]))[0, 1])) < 5 / BLOCK**0.5
    assert torch.equal(first, torch.empty(BLOCK).normal_(generator=generator("cpu", 5, "noise", 9, 0)))


WIDE_ROOT = root(0, is_wide=True)
UPDATES, BLOCKS = 200 * (50_000 // 256), 43
"""Those of ResNet-18 on CIFAR-10 as in the paper."""


def test_a_training_of_the_papers_length_never_draws_the_same_noise_twice() -> None:
    """Where torch takes 32 bits of a seed, as in runs of format 1, it does."""
    narrow = Counter(seed_for(0, "noise", step, 0, block) & 0xFFFF_FFFF for step in range(UPDATES) for block in range(BLOCKS))
    assert sum(count * (count - 1) // 2 for count in narrow.values()) == 305
    wide = {seed_for(WIDE_ROOT, "noise", step, 0, block) for step in range(UPDATES) for block in range(BLOCKS)}
    assert len(wide) == UPDATES * BLOCKS


@pytest.mark.parametrize("bit", [0, 31, 32, 63, 64, 127])
def test_every_bit_of_a_wide_seed_counts(bit: int) -> None:
    one, other = (torch.empty(64).normal_(generator=start(torch.Generator(), seed)) for seed in (WIDE, WIDE | 1 << bit))
    assert not (one == other).any()


def test_the_known_repetition_is_none_in_wide_streams() -> None:
    def block(base: int, step: int, number: int) -> torch.Tensor:
        return torch.empty(1000).normal_(generator=generator("cpu", base, "noise", step, 0, number))

    assert torch.equal(block(0, 7761, 34), block(0, 8455, 21))
    assert not torch.equal(block(WIDE_ROOT, 7761, 34), block(WIDE_ROOT, 8455, 21))


def test_a_wide_start_is_the_twister_with_these_words() -> None:
    """numpy's Mersenne twister from the same words gives the same numbers."""
    ours = start(torch.Generator(), WIDE | 5)
    words = ours.get_state().numpy()[TWISTER].view(np.uint64).astype(np.uint32)
    numpys = np.random.MT19937()
    numpys.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": 624}}
    drawn = torch.empty(1000, dtype=torch.int64).random_(0, 2**31, generator=ours)
    assert drawn.tolist() == (numpys.random_raw(2000)[1::2] % 2**31).tolist()  # the lower half of each pair


def test_wide_numbers_are_normal() -> None:
    found = fill_normal(torch.empty(4 * BLOCK), WIDE_ROOT, "noise", 1)
    assert abs(float(found.mean())) < 5 / len(found) ** 0.5
    assert abs(float(found.std()) - 1) < 5 / len(found) ** 0.5
    assert abs(float(torch.corrcoef(found.view(4, -1))[0, 1])) < 5 / BLOCK**0.5


def test_what_follows_from_a_wide_seed_is_wide() -> None:
    seed = seed_for(seed_for(WIDE_ROOT, "dropout", 0, 1), "layer", 3)
    assert WIDE <= seed < 2 * WIDE
    assert derived(lambda: WIDE_ROOT, "piece", 1)() >= WIDE

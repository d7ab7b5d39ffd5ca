"""Random numbers that depend on their purpose alone."""

import itertools

import torch

from engine.randomness import BLOCK, fill_normal, generator, seed_for


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

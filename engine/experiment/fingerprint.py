"""Fingerprint of a folder of images, by which a run knows them again."""

import hashlib
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, ValidationError

from engine.errors import Problem, Refused
from engine.fields import Section

FILE = "data.json"
SHOWN = 3
"""How many differences are told."""


class ClassFiles(Section):
    """The images of a class in train/ or val/."""

    images: int = Field(ge=0)
    """Their number."""
    digest: str = Field(pattern=r"^[0-9a-f]{16}$")
    """The first half of a SHA-256 of their names and sizes."""


Classes = dict[Annotated[str, Field(min_length=1, max_length=1024)], ClassFiles]


class Fingerprint(Section):
    """The images of a folder, class by class."""

    train: Classes
    """To learn from."""
    val: Classes
    """To test on."""

    @property
    def digest(self) -> str:
        """One digest of everything."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read_fingerprint(content: bytes) -> Fingerprint:
    """What stands in a run's data.json. Raises `Refused` if it is something else."""
    try:
        return Fingerprint.model_validate_json(content)
    except ValidationError as error:
        what = f"is no list of images: {error.errors()[0]['msg']}"
        raise Refused(Problem(FILE, what, "Remove it to train with the images that are there")) from None


def told(kept: Fingerprint, now: Fingerprint) -> str:
    """In what two fingerprints differ."""
    found = list(_differences(kept, now))
    more = f", and {len(found) - SHOWN} more differences" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more


def _differences(kept: Fingerprint, now: Fingerprint) -> Iterator[str]:
    if gone := sorted(kept.train.keys() - now.train.keys()):
        yield f"{_classes(gone)} gone"
    if new := sorted(now.train.keys() - kept.train.keys()):
        yield f"{_classes(new)} new"
    for part in ("train", "val"):
        before, after = getattr(kept, part), getattr(now, part)
        for name in sorted(before.keys() & after.keys()):
            if before[name].images != after[name].images:
                yield f"{part}/{name} has {after[name].images} images and had {before[name].images}"
            elif before[name] != after[name]:
                yield f"{part}/{name} has other images than before, as many as there were"


def _classes(names: list[str]) -> str:
    return f"class {names[0]!r} is" if len(names) == 1 else f"{len(names)} classes, {', '.join(map(repr, names[:SHOWN]))}, are"

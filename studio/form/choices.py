"""Choices: the sections of an experiment, and the alternatives that some of them offer."""

from functools import cache

from engine.catalogue import DATASETS, MODELS, Model
from engine.experiment.schema import UNIONS, Experiment, members
from engine.fields import Section


@cache
def sections() -> tuple[str, ...]:
    return tuple(name for name, field in Experiment.model_fields.items() if isinstance(field.default, Section))


def alternatives(section: str) -> dict[str, type[Section]]:
    """The kinds of a section by the name that chooses them; one nameless kind where there is no choice."""
    annotation = Experiment.model_fields[section].annotation
    if isinstance(annotation, type) and "name" not in annotation.model_fields:
        return {"": annotation}
    return members(section)


def has_choice(section: str) -> bool:
    return "" not in alternatives(section)


def about(section: str, member: str) -> str:
    """One sentence on an alternative, for the tooltip of the choice."""
    match section:
        case "data":
            return DATASETS[member].summary
        case "model":
            return _model(MODELS[member])
        case _:
            return (alternatives(section)[member].__doc__ or "").partition("\n")[0]


def _model(row: Model) -> str:
    cost = f"{row.parameters:,} weights and {row.flops / 1e9:.2g} GFLOP an image of {row.shape[1]}×{row.shape[2]}"
    return f"{row.summary}. {cost}; takes images of {row.sides}."


def is_union(section: str) -> bool:
    """Whether the choice decides which knobs there are."""
    return section in UNIONS

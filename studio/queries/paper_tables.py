"""The paper's tables, and beside each of its figures what the runs of this folder reached."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from statistics import mean, stdev
from typing import Any

from engine.experiment.probes import PROBES
from engine.experiment.recipes import Recipe, all_recipes
from engine.experiment.schema import Experiment
from engine.fields import flat
from engine.runs.run import Run
from studio.queries.change_history import History
from studio.queries.listing import Entry
from studio.queries.seed_groups import Group

PLACES = ("runtime.", "data.path", "data.workers", "data.download", *(f"{name}." for name in PROBES))
"""Beginnings of fields that say where and how a training runs, not what it trains; a number format does."""

Settings = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One figure of the paper: its recipe, and the settings behind it."""

    recipe: Recipe
    experiment: Experiment
    settings: Settings

    @classmethod
    def of(cls, recipe: Recipe) -> "Cell":
        experiment = recipe.experiment(*(f"{field}=?" for field in recipe.needs))
        return cls(recipe, experiment, settings(experiment))

    @property
    def subject(self) -> tuple[str, ...]:
        """What a run has to have in common with the figure to be shown beside it."""
        return subject(self.experiment)


@dataclass(frozen=True)
class Reached:
    """What a group of runs reached: mean test accuracy in per cent and its deviation over `seeds` runs."""

    accuracy: float
    sd: float | None
    seeds: int
    repeats: int
    """Runs left out because their seed counts already."""
    unfinished: int
    """Runs left out because they have not been trained to their end."""
    epochs: int
    run: str
    """One of the runs, to be looked at."""
    differs: list[str]
    """Each setting that is not the paper's."""
    flops: float | None
    """Mean operations of a run."""
    seconds: float
    """Mean seconds of steps of a run."""


def tables(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The paper's tables as plain data, with what the finished runs among `entries` reached."""
    groups = _groups(entries)
    found = _assigned(groups)
    return [_table(number, cells, found) for number, cells in paper().items()]


def beside(run: Run) -> dict[str, Any]:
    """The figure of the paper that is nearest to a run, and what differs; empty if there is none of its kind."""
    experiment = run.present
    fitting = [cell for cells in paper().values() for cell in cells if cell.subject == subject(experiment)]
    if not fitting:
        return {}
    here = settings(experiment)
    nearest = min(fitting, key=lambda cell: len(differing(here, cell.settings)))
    differs = differing(here, nearest.settings) + changed(History.of(run.experiment, run.records.changes(), run.status().step))
    return nearest.recipe.model_dump(include={"name", "title", "paper"}) | {"differs": differs}


@cache
def paper() -> dict[str, list[Cell]]:
    """The figures of each table, in the order of the recipes."""
    found: dict[str, list[Cell]] = {}
    for recipe in all_recipes().values():
        if recipe.paper:
            found.setdefault(recipe.paper.table, []).append(Cell.of(recipe))
    return found


def subject(experiment: Experiment) -> tuple[str, ...]:
    return experiment.data.name, experiment.model.name, experiment.method.name


def settings(experiment: Experiment) -> Settings:
    """By dotted path, the fields that decide what is trained; not the seeds."""
    found = flat(experiment.model_dump(exclude={"seed", "seeds"}))
    return {path: value for path, value in found.items() if path == "runtime.precision" or not path.startswith(PLACES)}


def differing(here: Settings, there: Settings) -> list[str]:
    """Each field that is not the same, with its value in the paper behind it."""
    fields = sorted(path for path in here.keys() | there.keys() if here.get(path) != there.get(path))
    return [f"{path} {_shown(here.get(path))} (paper: {_shown(there.get(path))})" for path in fields]


def _shown(value: Any) -> str:
    return "–" if value is None else str(value)


def changed(history: History) -> list[str]:
    """Each value that was set while a run trained."""
    return [f"{path} {_shown(new)} from step {step} on" for step, path, new in history.changes]


def _groups(entries: Iterable[Entry]) -> list[Group]:
    """The groups of which a run is finished."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.group, []).append(entry)
    return [group for members in found.values() if (group := Group.of(members)).counted]


def _assigned(groups: list[Group]) -> dict[str, list[Reached]]:
    """By recipe, what was reached with settings nearest to it; in each table a group stands once, the nearest first."""
    found: dict[str, list[Reached]] = {}
    for cells in paper().values():
        for group in groups:
            fitting = [cell for cell in cells if cell.subject == subject(group.counted[0].experiment)]
            if fitting:
                reached = {cell.recipe.name: _reached(group, cell) for cell in fitting}
                nearest = min(reached, key=lambda name: len(reached[name].differs))
                found.setdefault(nearest, []).append(reached[nearest])
    return {name: sorted(groups, key=lambda one: (len(one.differs), -one.seeds)) for name, groups in found.items()}


def _reached(group: Group, cell: Cell) -> Reached:
    first = group.counted[0]
    accuracies = [100 * entry.accuracy for entry in group.counted if entry.accuracy is not None]
    flops = [entry.status.flops for entry in group.counted if entry.status.flops is not None]
    return Reached(
        mean(accuracies),
        stdev(accuracies) if len(accuracies) > 1 else None,
        len(accuracies),
        group.repeats,
        group.unfinished,
        first.experiment.schedule.epochs,
        first.run.id,
        differing(settings(first.experiment), cell.settings) + changed(first.history),
        mean(flops) if flops else None,
        mean(entry.status.seconds for entry in group.counted),
    )


def _table(number: str, cells: list[Cell], found: dict[str, list[Reached]]) -> dict[str, Any]:
    """A table with a row for each model and method, and a figure for each dataset."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in cells:
        dataset, model, _ = cell.subject
        label = cell.recipe.name.rpartition("/")[2]
        row = rows.setdefault((model, label), {"model": model, "method": label, "figures": {}})
        row["figures"][dataset] = _figure(cell, _reference(cell, cells), found)
    datasets = list(dict.fromkeys(cell.experiment.data.name for cell in cells))
    return {"number": number, "datasets": datasets, "rows": list(rows.values())}


def _reference(cell: Cell, cells: list[Cell]) -> Cell | None:
    """The figure of plain training that the costs of `cell` are multiples of."""
    plain = (*cell.subject[:2], "sgd")
    return next((other for other in cells if other.subject == plain), None)


def _figure(cell: Cell, reference: Cell | None, found: dict[str, list[Reached]]) -> dict[str, Any]:
    plain = found.get(reference.recipe.name, []) if reference else []
    here = [asdict(one) | _costs(one, plain) for one in found.get(cell.recipe.name, [])]
    paper = cell.recipe.paper.model_dump() if cell.recipe.paper else None
    return {"recipe": cell.recipe.name, "title": cell.recipe.title, "paper": paper, "here": here}


def _costs(one: Reached, plain: list[Reached]) -> dict[str, float | None]:
    """Operations and time as multiples of plain training with the same settings, if that has been run."""
    same = next((other for other in plain if _apart_from_method(other) == _apart_from_method(one)), None)
    if same is None:
        return {"flops": None, "time": None}
    return {
        "flops": one.flops / same.flops if one.flops and same.flops else None,
        "time": one.seconds / same.seconds if same.seconds else None,
    }


def _apart_from_method(one: Reached) -> list[str]:
    return [difference for difference in one.differs if not difference.startswith("method.")]

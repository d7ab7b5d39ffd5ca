"""Importance: how much of the spread of accuracies each field explains, by functional analysis of variance (fANOVA).

Hutter, Hoos and Leyton-Brown, ICML 2014, as Optuna has it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from studio.queries.listing import Entry
from studio.queries.run_table import OF_EACH_RUN

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST = 4
"""Of how many different accuracies something can be told."""
WIDE = 20
"""From this ratio of its ends on a field counts by its logarithm."""
SEED = 0
Point = tuple[dict[str, Any], float]


def importance_of_runs(entries: Iterable[Entry]) -> dict[str, float]:
    """The same for finished runs of the method that most of them have, so that all have the same fields."""
    finished = [entry for entry in entries if entry.status.state == "finished" and entry.accuracy is not None]
    if not finished:
        return {}
    ((most, _),) = Counter(entry.experiment.method.name for entry in finished).most_common(1)
    alike = [entry for entry in finished if entry.experiment.method.name == most]
    return importance([(_plain(entry.settings), entry.accuracy or 0.0) for entry in alike])


def importance(points: Sequence[Point]) -> dict[str, float]:
    """Shares that add up to 1, the largest first, of the fields that differ in `points`; empty where that cannot be told."""
    values = {path: [settings.get(path) for settings, _ in points] for path in (points[0][0] if points else ())}
    searched = {path: found for path, found in values.items() if len(set(found)) > 1}
    if len({accuracy for _, accuracy in points}) < FEWEST or not searched:
        return {}
    import optuna  # takes a second

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    distributions = {path: _distribution(found) for path, found in searched.items()}
    given = [({path: settings.get(path) for path in sorted(searched)}, accuracy) for settings, accuracy in points]
    for params, accuracy in sorted(given, key=repr):  # whatever their order, one answer
        study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=accuracy))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=SEED)
    return dict(optuna.importance.get_param_importances(study, evaluator=evaluator))


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """The fields that say what was trained, and have one value."""
    return {
        path: value for path, value in settings.items() if path not in OF_EACH_RUN and isinstance(value, str | int | float | None)
    }


def _distribution(values: Sequence[Any]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        return FloatDistribution(low, high, log=low > 0 and high / low >= WIDE)
    return CategoricalDistribution(list(dict.fromkeys(values)))

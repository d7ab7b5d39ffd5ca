"""Names of groups of runs, by what is set in each and not in all."""

from collections.abc import Sequence

from studio.queries.listing import Entry
from studio.queries.run_table import OF_EACH_RUN


def group_names(entries: Sequence[Entry]) -> dict[str, str]:
    """What each group is called: its method, and what is set in it and not in all, or in which others of its method differ."""
    common = set.intersection(*({path for path, _ in _set(entry)} for entry in entries)) if entries else set()
    alike = {path for path in common if len({str(entry.changed[path]) for entry in entries}) == 1}
    varied = {name: _varied([one for one in entries if one.experiment.method.name == name]) for name in _methods(entries)}
    return {entry.group: _name(entry, alike, varied[entry.experiment.method.name]) for entry in entries}


def _methods(entries: Sequence[Entry]) -> set[str]:
    return {entry.experiment.method.name for entry in entries}


def _varied(entries: Sequence[Entry]) -> set[str]:
    """The fields that somebody has set in some of these groups, and that are not the same in all."""
    paths = {path for entry in entries for path, _ in _set(entry)}
    return {path for path in paths if len({str(entry.settings.get(path)) for entry in entries}) > 1}


def _set(entry: Entry) -> list[tuple[str, object]]:
    return [(path, value) for path, value in entry.changed.items() if path not in OF_EACH_RUN]


def _name(entry: Entry, alike: set[str], varied: set[str]) -> str:
    ours = {path for path, _ in _set(entry) if path not in alike} | varied
    told = [f"{path.rpartition('.')[2]}={value}" for path, value in entry.settings.items() if path in ours - {"method.name"}]
    return " ".join([entry.experiment.method.name, *told, *(["(changed while it trained)"] if entry.history.changes else [])])

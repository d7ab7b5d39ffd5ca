"""Names of groups of runs, by what is set in each and not in all."""

from collections.abc import Sequence

from studio.queries.listing import Entry
from studio.queries.run_table import OF_EACH_RUN


def group_names(entries: Sequence[Entry]) -> dict[str, str]:
    """What each group is called: its method, and the fields that somebody has set in it and not to the same value in all."""
    common = set.intersection(*({path for path, _ in _set(entry)} for entry in entries)) if entries else set()
    alike = {path for path in common if len({str(entry.changed[path]) for entry in entries}) == 1}
    return {entry.group: _name(entry, alike) for entry in entries}


def _set(entry: Entry) -> list[tuple[str, object]]:
    return [(path, value) for path, value in entry.changed.items() if path not in OF_EACH_RUN]


def _name(entry: Entry, alike: set[str]) -> str:
    told = [f"{path.rpartition('.')[2]}={value}" for path, value in _set(entry) if path not in alike | {"method.name"}]
    return " ".join([entry.experiment.method.name, *told, *(["(changed while it trained)"] if entry.history.changes else [])])

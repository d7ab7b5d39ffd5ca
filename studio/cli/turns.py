"""Turns: trainings that share a device go on one after the other, so that none is far ahead and each has it to itself."""

from collections import Counter
from collections.abc import Iterable

from engine.machine import cores
from engine.runs.run import Run
from engine.runs.status import ACTIVE, PENDING, Status


class Turns:
    """Lets runs take so many turns each; whoever has had the fewest is next. Between its turns a run is paused."""

    def __init__(self, runs: Iterable[Run], turns: int) -> None:
        self._runs, self._turns = list(runs), turns
        self._begun: dict[str, int] = {}
        """Which turn each run has begun; 0 while it is told to wait for its first."""
        self._goals: dict[str, int] = {}

    def look(self) -> int:
        """Let begin what can. Returns how many turns every run has had that has not ended otherwise; all of them at the end."""
        found = [(run, run.status()) for run in self._runs]
        for run, status in found:
            if status.state in ACTIVE and run.id not in self._begun:
                self._begun[run.id] = self._goals[run.id] = 0
                run.commands.send("step", until=0)
        busy = Counter(status.device for run, status in found if self._works(run, status))
        for run, status in sorted(found, key=lambda one: self._begun.get(one[0].id, 0)):
            if self._waits(run, status) and busy[status.device] < _room(status.device):
                busy[status.device] += 1
                self._begin(run, status)
        return min(self._had(run, status) for run, status in found)

    def _begin(self, run: Run, status: Status) -> None:
        turn = self._begun[run.id] = self._begun[run.id] + 1
        if turn < self._turns:
            self._goals[run.id] = status.steps * turn // self._turns
            run.commands.send("step", until=self._goals[run.id])
        else:
            run.commands.send("resume")

    def _waits(self, run: Run, status: Status) -> bool:
        """Whether a run is ready for its next turn."""
        has_stopped = status.state == "paused" and status.steps > 0 and run.id in self._begun
        return has_stopped and self._begun[run.id] < self._turns and status.step >= self._goals[run.id]

    def _works(self, run: Run, status: Status) -> bool:
        return status.state in ACTIVE and self._begun.get(run.id, 0) > 0 and not self._waits(run, status)

    def _had(self, run: Run, status: Status) -> int:
        begun = self._begun.get(run.id, 0)
        if status.state not in PENDING:
            return self._turns
        return begun if self._waits(run, status) else max(0, begun - 1)


def _room(device: str) -> int:
    """How many trainings a device does at a time without keeping each other up."""
    return cores() if device == "cpu" else 1

"""What the network of a run says of a drawing, as a process of the engine's tells."""

import json
import subprocess
from threading import Lock, Timer
from typing import Any

from engine.errors import Problem, Refused
from engine.processes import python
from engine.runs.run import Run

IDLE_SECONDS = 300.0
UNREAD = Problem("drawing", "the engine could not read it", "Try again; the output of the studio says why")


class DrawingReader:
    """One process at a time, for the run that was drawn for last; it ends when nobody has drawn for a while."""

    def __init__(self) -> None:
        self._lock, self._run = Lock(), ""
        self._process: subprocess.Popen[str] | None = None
        self._idle: Timer | None = None

    def read(self, run: Run, ink: list[list[float]]) -> dict[str, Any]:
        """What `engine.training.classify` answers. Raises `Refused` if the run has no weights yet, or the process fails."""
        with self._lock:
            answer = self._ask(self._of(run), json.dumps({"ink": ink}))
            self._wait()
        if "problem" in answer:
            raise Refused(Problem("drawing", answer["problem"]))
        return answer

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _of(self, run: Run) -> "subprocess.Popen[str]":
        if self._process is None or self._process.poll() is not None or self._run != run.id:
            self._end()
            command = [*python("engine.training.classify"), str(run.path)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._run = run.id
        return self._process

    def _ask(self, process: "subprocess.Popen[str]", question: str) -> dict[str, Any]:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
            found: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError):
            self._end()
            raise Refused(UNREAD) from None
        return found

    def _wait(self) -> None:
        if self._idle:
            self._idle.cancel()
        self._idle = Timer(IDLE_SECONDS, self.close)
        self._idle.daemon = True
        self._idle.start()

    def _end(self) -> None:
        if self._idle:
            self._idle.cancel()
        if self._process:
            with self._process as process:
                process.kill()
            self._process = None

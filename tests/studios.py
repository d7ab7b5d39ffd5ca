"""Studios as processes of their own."""

import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from engine.runs.lock import arranging
from engine.runs.run import Run


class Studio:
    """`python -m studio` over a folder of its own. It can be killed and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.runs = folder / "runs"
        self.data = folder / "data"
        self._options = options
        self._log = folder / "studio.log"
        self.url = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self, *within: str) -> None:
        """Returns when the page can be opened; a second start takes the same port. `within` is a command to run it by."""
        port = self.url.rpartition(":")[2] or "0"
        folders = ["--runs", str(self.runs), "--data", str(self.data), *self._options]
        with self._log.open("a") as log:
            command = [*within, sys.executable, "-m", "studio", "--port", port, *folders]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        found = re.search(r"http://[\d.]+:\d+", line)
        assert found, f"the studio said {line!r}; {self._log.read_text()}"
        self.url = found.group()

    def end(self, number: signal.Signals) -> None:
        assert self.process
        assert self.process.stdout
        self.process.send_signal(number)
        self.process.wait(60)
        self.process.stdout.close()
        self.process = None

    def clear(self) -> None:
        """Remove all runs, once none waits any longer and no engine trains, not even one that is only beginning.

        Nothing is started meanwhile, as by a click at the end of a test: its folder would be taken from under it.
        """
        if self.runs.exists():
            with arranging(self.runs):
                self._clear()

    def _clear(self) -> None:
        for run in Run.all(self.runs):
            run.leave_queue()
        while engines := [one for one in psutil.process_iter(["cwd"]) if self._is_engine(one)]:
            for engine in engines:
                with suppress(psutil.NoSuchProcess):
                    engine.kill()
            time.sleep(0.05)
        with TemporaryDirectory(dir=self.folder) as removed:  # out of the way of a page that still reads
            for entry in self.runs.iterdir():
                entry.rename(Path(removed, entry.name))

    def _is_engine(self, process: psutil.Process) -> bool:
        """Whether a process works in the folder of one of the runs: it may not have told its pid yet."""
        return (process.info["cwd"] or "").startswith(f"{self.runs}/")

    @property
    def said(self) -> str:
        """What the studio wrote to standard error."""
        return self._log.read_text()

    @property
    def newest(self) -> Run:
        return Run.all(self.runs)[0]

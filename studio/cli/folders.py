"""The flags `--runs` and `--data`, which may stand before the subcommand or behind it."""

import argparse
from pathlib import Path
from typing import NamedTuple

from engine.experiment.paths import expanded, no_folder, twin_of


class Folders(NamedTuple):
    """Parent parsers with a flag each."""

    runs: argparse.ArgumentParser
    data: argparse.ArgumentParser

    @classmethod
    def with_defaults(cls) -> "Folders":
        return cls(_flag("runs", "the runs", Path("runs")), _flag("data", "the datasets", Path("data")))

    @classmethod
    def of_a_subcommand(cls) -> "Folders":
        """Flags that leave what stood before the subcommand unless they are given."""
        return cls(_flag("runs", "the runs", argparse.SUPPRESS), _flag("data", "the datasets", argparse.SUPPRESS))


def _flag(name: str, what: str, default: object) -> argparse.ArgumentParser:
    parent = argparse.ArgumentParser(add_help=False)
    parent.add_argument(f"--{name}", type=_folder, default=default, metavar="DIR", help=f"folder of {what} (default: {name})")
    return parent


def _folder(text: str) -> Path:
    """A folder that may be made yet, as somebody types it."""
    path = expanded(text)
    if twin_of(path) or (text.startswith("~") and str(path).startswith("~")):
        raise argparse.ArgumentTypeError(". ".join(no_folder(path)))
    return path

"""The `rwp-studio` command."""

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from engine.errors import Problem, Refused
from engine.experiment.paths import expanded
from engine.experiment.schema import Experiment
from studio.cli import figure, plane, queue, race, recipes, report, runs, sweep, train
from studio.cli.folders import Folders
from studio.output import prepare, print_json, tell


def parser() -> argparse.ArgumentParser:
    """The command line; without a subcommand it opens the studio."""
    top = argparse.ArgumentParser(
        prog="rwp-studio",
        description="Train with random weight perturbation and watch the minimum become flat; by itself it opens the studio.",
        parents=Folders.with_defaults(),
    )
    _add_studio(top)
    top.set_defaults(do=_serve)
    commands = top.add_subparsers(dest="command")
    for group in (train, race, sweep, report, figure, plane, queue, recipes, runs):
        group.add(commands, Folders.of_a_subcommand())
    commands.add_parser("schema", help="print the JSON schema of an experiment").set_defaults(do=_print_schema)
    commands.metavar = " | ".join(commands.choices)
    return top


def _add_studio(top: argparse.ArgumentParser) -> None:
    top.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    top.add_argument(
        "--no-authentication", action="store_true", help="listen where other machines reach it too, and let anybody do anything"
    )
    top.add_argument(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME[:PORT]",
        help="answer to this name too, by which a proxy or a name server leads here; may be given again",
    )
    top.add_argument("--root-path", default="", metavar="PATH", help="below which path of its site a proxy shows the studio")
    top.add_argument("--port", type=_port, default=7860, help="port, or the next free one (default: %(default)s)")
    top.add_argument("--inbrowser", action="store_true", help="open the page in the browser")
    top.add_argument("--auto-resume", action="store_true", help="let interrupted runs go on by themselves")
    top.add_argument(
        "--warm-engine",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep PyTorch loaded, so that a training begins at once; Linux only (default: %(default)s)",
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 done, 1 failed, 2 bad input, 130 stopped."""
    prepare()
    given = _with_place(parser().parse_args(arguments))
    try:
        _check(given.runs, given.data)
        code = given.do(given) or 0
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:  # whoever reads the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Refused as error:
        for problem in error.problems:
            tell(problem)
    except OSError as error:
        tell(f"{error.filename}: {error.strerror}" if error.filename else error)
    except sqlite3.Error as error:
        tell(f"{given.runs}: the records of a run cannot be opened: {error}")
    except RecursionError:
        tell("what was given is nested too deeply. Give a simpler one")
    return 2


def _with_place(given: argparse.Namespace) -> argparse.Namespace:
    """A run may be given by its folder too, as `train` prints it."""
    name = getattr(given, "run", None)
    if name and os.sep in name:
        path = expanded(name)
        given.runs, given.run = path.parent, path.name
    return given


def _check(*folders: Path) -> None:
    """Refuse what cannot become a folder, because there is a file at its place or on the way to it."""
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if os.path.lexists(path) or path == path.parent)
        if os.path.lexists(there) and not there.is_dir():
            raise Refused(Problem(str(folder), f"{there} is a file, and should be a folder", "Give another place"))


def _serve(given: argparse.Namespace) -> None:
    from studio.web.server import serve

    folders = {"runs": given.runs, "data": given.data}
    manners = {"inbrowser": given.inbrowser, "auto_resume": given.auto_resume, "warm_engine": given.warm_engine}
    names = {"no_authentication": given.no_authentication, "allowed_hosts": given.allowed_host, "root": given.root_path}
    serve(host=given.host, port=given.port, **names, **folders, **manners)


def _print_schema(_: argparse.Namespace) -> None:
    print_json(Experiment.model_json_schema(), indent=2)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0, for any free one, to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

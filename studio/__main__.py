"""The `rwp-studio` command."""

import argparse
import os
import sqlite3
import sys
from pathlib import Path

from engine.errors import Problem, Refused
from engine.experiment.overrides import override, read_file
from engine.experiment.paths import expanded, no_folder, settled, twin_of
from engine.experiment.recipes import find
from engine.experiment.schema import Experiment, read
from engine.runs.export import export
from engine.runs.run import Run
from studio.output import prepare, print_json, tell

NAMES = "train | replay | fork | queue | recipe | list | label | export | import | delete | trash | schema"


def parser() -> argparse.ArgumentParser:
    """The command line; without a subcommand it opens the studio. Folders may stand before the subcommand or behind it."""
    folders, data = _folder_of("runs", "the runs", argparse.SUPPRESS), _folder_of("data", "the datasets", argparse.SUPPRESS)
    top = argparse.ArgumentParser(
        prog="rwp-studio",
        description="Train with random weight perturbation and watch the minimum become flat; by itself it opens the studio.",
        parents=[_folder_of("runs", "the runs", Path("runs")), _folder_of("data", "the datasets", Path("data"))],
    )
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
        help="keep an engine loaded, so that a training begins at once (default: %(default)s)",
    )
    commands = top.add_subparsers(dest="command", metavar=NAMES)
    train = commands.add_parser("train", parents=[folders, data], help="train without a browser")
    train.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG.json", help="an experiment; what it leaves out has its default"
    )
    train.add_argument(
        "--recipe",
        metavar="NAME",
        help="a ready-made experiment instead of CONFIG.json, to be changed with --set; see `rwp-studio recipe list`",
    )
    train.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="change one field, e.g. method.sigma=0.015"
    )
    replay = commands.add_parser("replay", parents=[folders, data], help="make a training again, live changes included")
    replay.add_argument("run", help="the run's name")
    fork = commands.add_parser("fork", parents=[folders, data], help="train on from a checkpoint, with one or several methods")
    fork.add_argument("run", help="the run's name")
    fork.add_argument("--step", type=int, required=True, metavar="N", help="which of its checkpoints")
    fork.add_argument("--method", action="append", default=[], metavar="NAME", help="may be given again; else the run's own")
    queue = commands.add_parser("queue", parents=[folders, data], help="show or rearrange the runs that wait")
    queue.add_argument("run", nargs="?", help="a run that waits; without one the queue is shown")
    queue.add_argument("--to", type=int, metavar="N", help="put it at this position, counted from 0")
    queue.add_argument("--now", action="store_true", help="start it now, beside what its device trains already")
    queue.add_argument("--remove", action="store_true", help="take it out")
    queue.add_argument("--at-once", metavar="DEVICE=N", help="let each device of a kind (cpu, cuda, mps) train N runs at once")
    recipes = commands.add_parser("recipe", help="list the ready-made experiments, or show one")
    kinds = recipes.add_subparsers(dest="recipe_command", metavar="list | show", required=True)
    kinds.add_parser("list", help="list all recipes").add_argument("--json", action="store_true", help="print JSON")
    show = kinds.add_parser("show", help="print what a recipe is for and what it sets")
    show.add_argument("name", metavar="NAME", help="for instance table2/cifar100/resnet18/m-arwp")
    show.add_argument("--json", action="store_true", help="print JSON")
    listing = commands.add_parser("list", parents=[folders], help="list the runs")
    listing.add_argument("--json", action="store_true", help="print JSON")
    _add_keeping(commands, folders)
    commands.add_parser("schema", help="print the JSON schema of an experiment")
    return top


def _folder_of(name: str, what: str, default: object) -> argparse.ArgumentParser:
    """A flag for a folder; one whose default is to be suppressed leaves what stood before the subcommand."""
    parent = argparse.ArgumentParser(add_help=False)
    told = f"folder of {what} (default: {name})"
    parent.add_argument(f"--{name}", type=_folder, default=default, metavar="DIR", help=told)
    return parent


def _add_keeping(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", folders: argparse.ArgumentParser) -> None:
    """The commands that keep runs in order."""
    label = commands.add_parser("label", parents=[folders], help="name, star, tag a run, or note something about it")
    label.add_argument("run", help="the run's name")
    label.add_argument("--name", help="what to call it; empty removes that")
    label.add_argument("--note", help="anything worth remembering")
    label.add_argument("--tags", metavar="TAG,TAG", help="instead of those that it has")
    label.add_argument("--star", action=argparse.BooleanOptionalAction, help="whether it is one of those that matter")
    export = commands.add_parser("export", parents=[folders], help="print everything a run recorded, or pack the run into a file")
    export.add_argument("run", help="the run's name")
    export.add_argument("file", nargs="?", type=Path, metavar="FILE.zip", help="a new archive, for `rwp-studio import` elsewhere")
    export.add_argument(
        "--checkpoints", default="newest", metavar="newest | all | none", help="which go into it (default: %(default)s)"
    )
    export.add_argument("--json", action="store_true", help="print as JSON (the default without a file)")
    take_in = commands.add_parser("import", parents=[folders], help="take in a run from an archive")
    take_in.add_argument("archive", type=Path, metavar="FILE.zip", help="made by `rwp-studio export`, or by the page")
    take_in.add_argument(
        "--images", default="", metavar="DIR", help="for a run that learns from a folder of images: where these are here"
    )
    delete = commands.add_parser("delete", parents=[folders], help="put a run into the trash")
    delete.add_argument("run", help="the run's name")
    trash = commands.add_parser("trash", parents=[folders], help="show the deleted runs and their sizes")
    trash.add_argument("--restore", metavar="RUN", help="have one back")
    trash.add_argument("--empty", action="store_true", help="remove all of them for good")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 done, 1 failed, 2 bad input, 130 stopped."""
    prepare()
    given = _with_place(parser().parse_args(arguments))
    try:
        _check(given.runs, given.data)
        code = _do(given)
        sys.stdout.flush()
        return code
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


def _do(given: argparse.Namespace) -> int:
    match given.command:
        case "train":
            from studio.cli.train import train

            return train(settled(_experiment(given)), given.runs, given.data)
        case "replay":
            from engine.runs.lineage import replay
            from studio.cli.train import follow

            return follow([replay(Run.open(given.runs, given.run))], given.runs, given.data)
        case "fork":
            from engine.runs.lineage import fork
            from studio.cli.train import follow

            return follow(fork(Run.open(given.runs, given.run), given.step, given.method), given.runs, given.data)
        case "queue":
            from studio.cli import queue

            queue.run(given)
        case "recipe":
            from studio.cli import recipes

            if given.recipe_command == "list":
                recipes.show_all(given.json)
            else:
                recipes.show_one(given.name, given.json)
        case "list" | "label" | "export" | "import" | "delete" | "trash":
            _keep(given)
        case "schema":
            print_json(Experiment.model_json_schema(), indent=2)
        case _:
            from studio.web.server import serve

            folders = {"runs": given.runs, "data": given.data}
            manners = {"inbrowser": given.inbrowser, "auto_resume": given.auto_resume, "warm_engine": given.warm_engine}
            names = {"no_authentication": given.no_authentication, "allowed_hosts": given.allowed_host, "root": given.root_path}
            serve(host=given.host, port=given.port, **names, **folders, **manners)
    return 0


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 0, for any free one, to 65535")
    return int(text)


def _folder(text: str) -> Path:
    """A folder that may be made yet, as somebody types it."""
    path = expanded(text)
    if twin_of(path) or (text.startswith("~") and str(path).startswith("~")):
        raise argparse.ArgumentTypeError(". ".join(no_folder(path)))
    return path


def _experiment(given: argparse.Namespace) -> Experiment:
    if given.config and given.recipe:
        raise Refused(Problem("--recipe", "there is a CONFIG.json as well", "Give one of them, and change it with --set"))
    if given.recipe:
        return find(given.recipe).experiment(*given.set)
    config = read_file(given.config) if given.config else {}
    for assignment in given.set:
        config = override(config, assignment)
    return read(config)


def _keep(given: argparse.Namespace) -> None:
    from studio.cli import runs

    match given.command:
        case "list":
            runs.show(given.runs, given.json)
        case "export" if given.file is None:
            print_json(export(Run.open(given.runs, given.run)))
        case "export":
            runs.export(Run.open(given.runs, given.run), given.file, given.checkpoints)
        case "label":
            runs.label(given)
        case "import":
            runs.take_in(given)
        case "delete":
            runs.delete(given)
        case "trash":
            runs.trash(given)


if __name__ == "__main__":
    sys.exit(main())

"""How every process of ours begins: `python -P …/rwp_studio.py MODULE ARGUMENTS` is `python -m MODULE ARGUMENTS` in good order.

Whatever the working folder, PYTHONPATH or a sitecustomize put in front of the standard library comes last, so that only our own
`engine` and `studio` can be meant by these names, and no `random.py` or `torch.py` of somebody's is in the way.
"""

import os
import sys

OURS = ("engine", "studio")
ROOT = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib would be looked for before there is order


def put_in_order() -> None:
    """Order `sys.path`: the standard library, ours, what is installed, the rest. Forget modules that have taken our names."""
    library = sys.path.index(os.path.dirname(os.__file__))  # noqa: PTH120
    ahead, installed = sys.path[:library], sys.path[library:]
    if not (ROOT in installed and ROOT.endswith("-packages")):
        installed = [path for path in installed if path != ROOT]
        installed.insert(next((i for i, path in enumerate(installed) if path.endswith("-packages")), len(installed)), ROOT)
    sys.path[:] = [*installed, *(path for path in ahead if path not in installed)]
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS and not _is_ours(name)]:
        del sys.modules[name]


def _is_ours(name: str) -> bool:
    return str(getattr(sys.modules[name], "__file__", None)).startswith(ROOT + os.sep)


def main() -> int:
    """The `rwp-studio` command."""
    put_in_order()
    from studio.__main__ import main as command

    return command()


def _start() -> None:
    """Run a module. The processes that it starts, such as those that read pictures, find everything in the same order."""
    put_in_order()
    os.environ["PYTHONPATH"], os.environ["PYTHONSAFEPATH"] = os.pathsep.join(sys.path), "1"
    del sys.argv[0]
    from runpy import run_module

    run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _start()

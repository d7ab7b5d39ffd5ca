"""`python -m tests.mutants [NAME …]`: plant each bug in a copy of the tree; the tests that its patch names have to find it.

It is not part of the daily run, whose tests these are. Exits with 1 if a bug was not found.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHES = {".git", ".venv", "node_modules", "__pycache__"}
SECONDS = 900


def left_out(folder: str, names: list[str]) -> set[str]:
    """What is no part of the tree."""
    return {name for name in names if name in CACHES or (Path(folder) == ROOT and name in ("runs", "data"))}


def is_found(patch: Path, tree: Path) -> bool:
    """Whether the tests fail in `tree` with the bug of `patch`."""
    named, _, change = patch.read_text("utf-8").partition("\n")
    subprocess.run(["patch", "--quiet", "-p1"], cwd=tree, input=change, text=True, check=True)
    tests = named.removeprefix("tests: ").split()
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, capture_output=True, check=False, timeout=SECONDS)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout.decode())
    return done.returncode == 1


def main(names: list[str]) -> int:
    """Try the patches of these names, or all."""
    survivors = []
    for patch in sorted(HERE.glob("*.patch")):
        if names and patch.stem not in names:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as place:
            tree = Path(place) / "tree"
            shutil.copytree(ROOT, tree, ignore=left_out)
            found = is_found(patch, tree)
        print(f"{'found' if found else 'NOT FOUND':<10} {patch.stem:<40} {time.monotonic() - began:6.1f} s", flush=True)
        survivors += [] if found else [patch.stem]
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

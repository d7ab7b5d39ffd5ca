"""A trained run, and the files of its archive for tests to tamper with."""

import hashlib
import io
import json
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from engine.runs.archive import pack
from engine.runs.labels import relabel
from engine.runs.run import Run
from tests.engine.runs.test_lineage import trained

Files = dict[str, bytes]


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that has ended, with labels, a change made while it trained, and a landscape."""
    run = trained(tmp_path_factory.mktemp("original"), landscape={"at_end": True, "resolution": 5, "images": 32})
    relabel(run, {"name": "σ <b>", "tags": ["one"], "star": True})
    return run


@pytest.fixture
def files(original: Run) -> Files:
    """What is in its archive, by name."""
    return contents(b"".join(pack(original, "all")))


def contents(archive: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        return {name: found.read(name) for name in found.namelist()}


def agreed(files: Files, digests: bool = True) -> Files:
    """`files` with a list that tells of just these, and with the digests that stand beside some of them: an enemy keeps the
    books in order."""
    files = dict(files)
    manifest = json.loads(files.pop("manifest.json"))
    for name, content in list(files.items()) if digests else []:
        if name == "config.json" or name.endswith(".pt"):
            files[str(PurePosixPath(name).with_suffix(".sha256"))] = sha256(content).encode()
    manifest["files"] = {name: sha256(content) for name, content in files.items()}
    return {**files, "manifest.json": json.dumps(manifest).encode()}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(path: Path, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path

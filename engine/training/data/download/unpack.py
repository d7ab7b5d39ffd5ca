"""Unpack a checked archive: each file appears in full or not at all."""

import gzip
import shutil
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.training.data.download.fetch import Archive
from engine.training.data.progress import Progress


def unpack(archive: Archive, data_dir: Path, progress: Progress) -> None:
    """Put the files that `archive` holds in their places below `data_dir`; one that holds itself is in its place already."""
    if archive.holds == (archive.path,):
        return
    with TemporaryDirectory(prefix=".unpacking-", dir=data_dir) as draft:
        if archive.path.name.endswith(".tar.gz"):
            _untar(archive, data_dir, Path(draft), progress)
        else:
            _gunzip(archive, Path(draft), progress)


def _untar(archive: Archive, data_dir: Path, draft: Path, progress: Progress) -> None:
    wanted = {str(path.relative_to(data_dir)): path for path in archive.holds}
    with tarfile.open(archive.path) as tar:
        for count, member in enumerate(member for member in tar if member.name in wanted):
            progress(f"Unpacking {archive.path.name}", count / len(wanted))
            tar.extract(member, draft, filter="data")
            _place(draft / member.name, wanted[member.name])


def _gunzip(archive: Archive, draft: Path, progress: Progress) -> None:
    progress(f"Unpacking {archive.path.name}", None)
    (target,) = archive.holds
    with gzip.open(archive.path) as packed, (draft / target.name).open("wb") as file:
        shutil.copyfileobj(packed, file)
    _place(draft / target.name, target)


def _place(draft: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft.replace(target)

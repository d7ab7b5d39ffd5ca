"""What a program asked of the file system, recorded by strace."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

TRACED = "openat,close,write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,unlink,mkdir"
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)$", re.DOTALL)
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True)
class Call:
    """One call that succeeded: the first and the last number among its arguments, paths below the root, bytes written."""

    name: str
    number: int
    last: int
    paths: tuple[str, ...]
    content: bytes
    flags: str
    result: int


def record(command: list[str | Path], root: Path, logs: Path) -> list[Call]:
    """Run `command`; returns what its busiest thread did to the files below `root`."""
    if not shutil.which("strace"):
        pytest.skip("there is no strace to record with")
    logs.mkdir()
    strace = ["strace", "-ff", "--seccomp-bpf", "-xx", "-s", "16777216", "-e", f"trace={TRACED}", "-o", logs / "of"]
    subprocess.run([*strace, *command], check=True)
    log = max(logs.iterdir(), key=lambda path: path.stat().st_size)
    return [_call(found, root) for line in log.read_text().splitlines() if (found := _CALL.match(line))]


def _call(found: "re.Match[str]", root: Path) -> Call:
    name, arguments, result = found.groups()
    texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
    writes, number, last = name in ("write", "pwrite64"), arguments.partition(",")[0], arguments.rpartition(", ")[2]
    return Call(
        name=name,
        number=int(number) if number.isdecimal() else -1,
        last=int(last) if last.isdecimal() else -1,
        paths=() if writes else tuple(_below(root, text.decode()) for text in texts if text.startswith(bytes(root))),
        content=texts[0] if writes else b"",
        flags="" if writes else arguments.rpartition('"')[2],
        result=int(result),
    )


def _below(root: Path, path: str) -> str:
    relative = Path(path).relative_to(root)
    return "" if relative == Path() else str(relative)

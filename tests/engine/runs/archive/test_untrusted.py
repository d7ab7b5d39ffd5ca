"""Archives that an enemy has made: each is refused by name, and leaves nothing."""

import hashlib
import io
import json
import os
import pickle
import re
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import Refused
from engine.experiment.overrides import merge
from engine.launch.queue import SETTINGS
from engine.runs.archive import unpack
from engine.runs.archive.check_arrays import as_json
from engine.runs.run import SLUG
from tests.engine.runs.archive.conftest import Files, agreed, zipped

Tamper = Callable[[Files, Path], None]
WEIGHTS = "checkpoints/step-00000016.pt"
TRACE = "evil-was-here"
ARRAY = "arrays/landscape-00000016.npz"


class Evil:
    """Makes a file in a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.folder}/{TRACE}'",)


def saved(state: object) -> bytes:
    torch.save(state, buffer := io.BytesIO())
    return buffer.getvalue()


def loaded(files: Files) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(io.BytesIO(files[WEIGHTS]), weights_only=True)
    return state


def arrays(**named: Any) -> bytes:
    np.savez(buffer := io.BytesIO(), **named)
    return buffer.getvalue()


def huge_array() -> bytes:
    """An array that says it has 10¹² numbers."""
    np.lib.format.write_array_header_1_0(head := io.BytesIO(), {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as members:
        members.writestr("x.npy", head.getvalue())
    return buffer.getvalue()


def odd_array(shape: object, kind: object, content: bytes, version: tuple[int, int] = (1, 0), order: object = False) -> bytes:
    """An array whose head says whatever an enemy likes."""
    head = f"{{'descr': {kind!r}, 'fortran_order': {order!r}, 'shape': {shape!r}, }}".encode().ljust(117) + b"\n"
    length = struct.pack("<H" if version == (1, 0) else "<I", len(head))
    return b"\x93NUMPY" + bytes(version) + length + head + content


def members(**named: bytes) -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        for name, content in named.items():
            archive.writestr(name, content)
    return buffer.getvalue()


NUMBERS = bytes(16)
PLAIN = odd_array((2,), "<f8", NUMBERS)
NONE, NAMED = "16.npz: holds an array that is none", "16.npz: holds an array whose name no engine gives"
ODD_ARRAYS: dict[str, tuple[bytes, str]] = {
    "a negative shape": (members(**{"loss.npy": odd_array((-1, -2), "<f8", NUMBERS)}), NONE),
    "one that is to be guessed": (members(**{"loss.npy": odd_array((-1,), "<f8", NUMBERS)}), NONE),
    "a shape of truths": (members(**{"loss.npy": odd_array((True, 2), "<f8", NUMBERS)}), NONE),
    "long doubles": (members(**{"loss.npy": odd_array((1,), "<f16", NUMBERS)}), NONE),
    "complex numbers": (members(**{"loss.npy": odd_array((1,), "<c16", NUMBERS)}), NONE),
    "records": (members(**{"loss.npy": odd_array((2,), [("a", "<f8")], NUMBERS)}), NONE),
    "dates": (members(**{"loss.npy": odd_array((2,), "<M8[s]", NUMBERS)}), NONE),
    "a version to come": (members(**{"loss.npy": odd_array((2,), "<f8", NUMBERS, (9, 0))}), "16.npz: "),
    "a version with other letters": (members(**{"loss.npy": odd_array((2,), "<f8", NUMBERS, (3, 0))}), NONE),
    "a huge shape without numbers": (members(**{"loss.npy": odd_array((10**12, 0), "<f8", b"")}), NONE),
    "an order that is none": (members(**{"loss.npy": odd_array((2,), "<f8", NUMBERS, order=1)}), "16.npz: is damaged"),
    "a shape that is too deep": (members(**{"loss.npy": odd_array("(" * 60, "<f8", b"")}), "16.npz: is damaged"),
    "two of one name": (members(**{"loss": PLAIN, "loss.npy": PLAIN}), NAMED),
    "a name that is a path": (members(**{"../../x.npy": PLAIN}), NAMED),
    "a name that is long": (members(**{"x" * 65 + ".npy": PLAIN}), NAMED),
}


@pytest.mark.parametrize("odd", ODD_ARRAYS)
def test_an_array_that_could_not_be_shown_is_refused(files: Files, tmp_path: Path, odd: str) -> None:
    files[ARRAY], told = ODD_ARRAYS[odd]
    assert told in refused(zipped(tmp_path / "x.zip", agreed(files)), tmp_path / "runs")


@pytest.mark.parametrize("kind", ["<f2", "<f4", ">f8", "|b1", "<i8", "<u8"])
@pytest.mark.parametrize("order", [False, True])
def test_what_is_taken_in_can_be_shown(files: Files, tmp_path: Path, kind: str, order: bool) -> None:
    content = b"\x01" * 6 * np.dtype(kind).itemsize
    files[ARRAY] = members(**{"loss.npy": odd_array((2, 3), kind, content, order=order)})
    made = unpack(zipped(tmp_path / "x.zip", agreed(files)), tmp_path / "runs")
    loss = json.loads(as_json(made.path / ARRAY))["loss"]
    assert np.array_equal(loss, np.frombuffer(content, kind).reshape((2, 3), order="F" if order else "C"))


def packed_weights(files: Files) -> bytes:
    """A checkpoint whose parts are compressed, as torch never writes them, and would fill the memory."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("step-00000016/data.pkl", b"")
        packed.writestr("step-00000016/data/0", bytes(50_000_000))
    return buffer.getvalue()


def with_sql(files: Files, folder: Path, *statements: str) -> bytes:
    path = folder / "tampered.db"
    path.write_bytes(files["run.db"])
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path.read_bytes()


def status(**changes: Any) -> str:
    """The statement that changes fields of the status."""
    pairs = ", ".join(f"'$.{field}', {value}" for field, value in changes.items())
    return f"UPDATE status SET data = json_set(data, {pairs})"


def event(kind: str, data: str) -> str:
    return f"INSERT INTO event (step, time, kind, data) VALUES (1, 1.0, '{kind}', '{data}')"


def metric(name: str) -> str:
    return f"INSERT INTO metric (step, name, value, seconds) VALUES (1, {name}, 0.5, 0.5)"


def config(files: Files, **changes: Any) -> bytes:
    return json.dumps(merge(json.loads(files["config.json"]), changes)).encode()


def elsewhere(files: Files, path: str) -> bytes:
    """The configuration, learning from a folder of images on another machine."""
    return json.dumps({**json.loads(files["config.json"]), "data": {"name": "folder", "path": path}}).encode()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


REPLACED: dict[str, tuple[str, Callable[[Files, Path], bytes], str]] = {
    "config of another program": ("config.json", lambda f, _: b'{"magic": 1}', "magic: is not a field here"),
    "config that is no JSON": ("config.json", lambda f, _: b"{", "config.json: holds no JSON object"),
    "config that is too deep": ("config.json", lambda f, _: b"[" * 100_000, "config.json: holds no JSON object"),
    "config out of range": ("config.json", lambda f, _: config(f, seed=-1), "seed: should be greater than or equal to 0"),
    "config with a path": (
        "config.json",
        lambda f, _: elsewhere(f, "/etc"),
        r"data.path: .* another machine, '/etc'",
    ),
    "config with a path as a parent": (
        "config.json",
        lambda f, _: config(f, parent={"run": "../x", "step": 1}),
        "parent.run: ",
    ),
    "labels that are none": ("labels.json", lambda f, _: b'{"name": "a\\u001bb"}', "name: holds the control character U"),
    "surroundings that are none": ("env.json", lambda f, _: b'{"git": ["x"]}', "env.json: does not tell"),
    "unpickled weights": (WEIGHTS, lambda f, at: saved(Evil(at)), r"16\.pt: is no checkpoint \(UnpicklingError"),
    "a plain pickle": (WEIGHTS, lambda f, at: pickle.dumps(Evil(at)), r"16\.pt: is no checkpoint"),
    "weights of nothing": (WEIGHTS, lambda f, _: b"", r"16\.pt: is no checkpoint"),
    "weights of another step": (WEIGHTS, lambda f, _: saved(merge(loaded(f), {"loop": {"step": 3}})), "not of the step"),
    "weights that are no state": (WEIGHTS, lambda f, _: saved({"loop": 3}), r"16\.pt: is no checkpoint"),
    "packed weights": (WEIGHTS, lambda f, _: packed_weights(f), r"16\.pt: is no checkpoint"),
    "truncated weights": (WEIGHTS, lambda f, _: f[WEIGHTS][:-2000], r"16\.pt: is no checkpoint"),
    "an array of objects": (
        ARRAY,
        lambda f, at: arrays(x=np.array([Evil(at)], dtype=object)),
        "16.npz: holds an array that is none",
    ),
    "an array that is huge": (ARRAY, lambda f, _: huge_array(), "16.npz: holds an array that is none"),
    "an array that unpacks": (ARRAY, lambda f, _: arrays(x=np.zeros(2**22)), "16.npz: is larger than"),
    "an array of a million empty rows": (
        ARRAY,
        lambda f, _: arrays(x=np.zeros((10**6, 0))),
        "16.npz: holds an array that is none",
    ),
    "an array of words": (ARRAY, lambda f, _: arrays(x=np.array(["a", "b"])), "16.npz: holds an array that is none"),
    "many numbers in small arrays": (
        ARRAY,
        lambda f, _: arrays(**{f"x{i}": np.random.default_rng(i).integers(0, 255, 2**19, np.uint8) for i in range(3)}),
        "16.npz: holds an array that is none",
    ),
    "no array at all": (ARRAY, lambda f, _: b"PK", "16.npz: is damaged"),
    "a database that is none": ("run.db", lambda f, _: b"SQLite format 3\0" + bytes(4096), "run.db: is damaged"),
    "a truncated database": ("run.db", lambda f, _: f["run.db"][:-4096], "run.db: is damaged"),
    "a database with a trigger": (
        "run.db",
        lambda f, at: with_sql(f, at, "CREATE TRIGGER t AFTER INSERT ON metric BEGIN DELETE FROM event; END"),
        "run.db: holds a trigger 't'",
    ),
    "a database with a view": (
        "run.db",
        lambda f, at: with_sql(f, at, "DROP TABLE event", "CREATE VIEW event AS SELECT * FROM metric"),
        "run.db: holds a view 'event'",
    ),
    "a database with an index": (
        "run.db",
        lambda f, at: with_sql(f, at, "CREATE INDEX i ON metric (name)"),
        "run.db: holds a index 'i'",
    ),
    "a database without events": ("run.db", lambda f, at: with_sql(f, at, "DROP TABLE event"), "run.db: lacks a table"),
    "a metric that is text": ("run.db", lambda f, at: with_sql(f, at, "UPDATE metric SET value = 'x'"), "metric has a row"),
    "a metric of no step": ("run.db", lambda f, at: with_sql(f, at, "UPDATE metric SET step = NULL"), "metric has a row"),
    "an infinite accuracy": (
        "run.db",
        lambda f, at: with_sql(f, at, "UPDATE metric SET value = 9e999 WHERE name = 'test/accuracy'"),
        "metric has a row",
    ),
    "an event that is no object": ("run.db", lambda f, at: with_sql(f, at, event("x", "[]")), "event has a row"),
    "an event that is no JSON": ("run.db", lambda f, at: with_sql(f, at, event("x", "{")), "run.db: is damaged"),
    "an event that is too deep": (
        "run.db",
        lambda f, at: with_sql(f, at, event("x", '{"a":' + "[" * 50_000)),
        "run.db: is damaged",
    ),
    "changes without end": (
        "run.db",
        lambda f, at: with_sql(
            f,
            at,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)"
            " INSERT INTO event (step, time, kind, data)"
            """ SELECT 1, 1.0, 'changed', '{"path": "method.sigma", "new": 0.05}' FROM n""",
        ),
        "run.db: tells of more events",
    ),
    "curves without end": (
        "run.db",
        lambda f, at: with_sql(
            f,
            at,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 201)"
            " INSERT INTO metric (step, name, value, seconds) SELECT 1, 'train/x' || i, 0.5, 0.5 FROM n",
        ),
        "holds curves that no engine writes",
    ),
    "a curve that is called as none": ("run.db", lambda f, at: with_sql(f, at, metric("'<b>'")), "holds curves that no engine"),
    "a curve that is no UTF-8": ("run.db", lambda f, at: with_sql(f, at, metric("CAST(X'747261696E2FE9' AS TEXT)")), "run.db: "),
    "events without end in all": (
        "run.db",
        lambda f, at: with_sql(
            f,
            at,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)"
            " INSERT INTO event (step, time, kind, data)"
            " SELECT 1, 1.0, 'x', json_object('a', hex(zeroblob(30000))) FROM n",
        ),
        "tells more of its events than any run does",
    ),
    "an event whose id is a list": ("run.db", lambda f, at: with_sql(f, at, event("command", '{"id": [1]}')), "event has a row"),
    "an event whose id is an object": ("run.db", lambda f, at: with_sql(f, at, event("x", '{"id": {}}')), "event has a row"),
    "a kind that is no UTF-8": (
        "run.db",
        lambda f, at: with_sql(f, at, event("x", "{}").replace("'x'", "CAST(X'E9' AS TEXT)")),
        "run.db: ",
    ),
    "a change that is none": ("run.db", lambda f, at: with_sql(f, at, event("changed", "{}")), "run.db: is damaged"),
    "a change of no field at all": (
        "run.db",
        lambda f, at: with_sql(f, at, event("changed", '{"path": 3, "new": 1}')),
        "run.db: is damaged",
    ),
    "a change of what cannot change": (
        "run.db",
        lambda f, at: with_sql(f, at, event("changed", '{"path": "seed", "new": 1}')),
        "seed: cannot change",
    ),
    "a status that is none": ("run.db", lambda f, at: with_sql(f, at, "UPDATE status SET data = '{'"), "run.db: is damaged"),
    "a status of nowhere": ("run.db", lambda f, at: with_sql(f, at, status(state="'magic'")), "run.db: is damaged"),
    "a status of numbers without end": ("run.db", lambda f, at: with_sql(f, at, status(step="1" + "0" * 30)), "run.db: "),
    "an event of endless numbers": (
        "run.db",
        lambda f, at: with_sql(f, at, event("x", '{"a": 1' + "0" * 30 + "}")),
        "run.db: ",
    ),
    "an event that is deeper than a page can be told": (
        "run.db",
        lambda f, at: with_sql(f, at, event("x", '{"a":' + "[" * 300 + "]" * 300 + "}")),
        "run.db: ",
    ),
    "a status that waits": ("run.db", lambda f, at: with_sql(f, at, status(state="'queued'")), "waits in a queue"),
    "an infinite status": (
        "run.db",
        lambda f, at: with_sql(f, at, "UPDATE status SET data = '{\"seconds\": Infinity}'"),
        "run.db: is damaged",
    ),
}
NO_FILES = (
    "../config.json",
    "/etc/cron.d/x",
    "arrays/../../x.npz",
    "checkpoints/../../../step-00000001.pt",
    "arrays\\..\\x.npz",
    "C:/x",
    "notes.txt",
    "commands/1.json",
    "engine.log",
    "lock",
    "queued",
    ".labels.lock",
    "arrays/.hidden.npz",
    "arrays/x.npz/y.npz",
    "checkpoints/",
    "checkpoints/step-1.pt",
    "CONFIG.JSON",
    "a\x1b[31m",
    "x" * 5000,
)
"""Names that no file of a run has."""


def refused(archive: Path, runs: Path) -> str:
    """Why an archive is refused, once it is sure that it has left nothing."""
    with pytest.raises(Refused) as error:
        unpack(archive, runs)
    assert [path.name for path in runs.iterdir()] == [".transfer.lock"]
    assert not (archive.parent / TRACE).exists()
    (problem, *_) = error.value.problems
    assert problem.cure or problem.field == "seed" or problem.field == "parent.run"
    assert str(error.value).isprintable()
    return str(error.value)


@pytest.mark.parametrize("case", REPLACED)
def test_a_file_that_is_not_what_it_should_be(files: Files, tmp_path: Path, case: str) -> None:
    name, made, words = REPLACED[case]
    content = made(files, tmp_path)
    hashes = {"config.sha256": hashlib.sha256(content).hexdigest().encode()} if name == "config.json" else {}
    archive = zipped(tmp_path / "x.zip", agreed({**files, name: content, **hashes}))
    told = refused(archive, tmp_path / "runs")
    assert re.search(words, told), told


@pytest.mark.parametrize("name", NO_FILES, ids=lambda name: ascii(name)[:30])
def test_a_file_that_no_run_has(files: Files, tmp_path: Path, name: str) -> None:
    assert "is no file of a run" in refused(zipped(tmp_path / "x.zip", agreed({**files, name: b"x"})), tmp_path / "runs")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["runs", "x.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK, stat.S_IFDIR], ids=hex)
def test_what_is_no_plain_file(files: Files, tmp_path: Path, kind: int) -> None:
    archive = zipped(tmp_path / "x.zip", {name: content for name, content in files.items() if name != ARRAY})
    entry = zipfile.ZipInfo(ARRAY)
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(entry, "/etc/passwd")
    assert "is a link, a folder or a device" in refused(archive, tmp_path / "runs")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["arrays/a.npz", "arrays/A.npz"])
def test_the_same_name_twice(files: Files, tmp_path: Path, second: str) -> None:
    archive = zipped(tmp_path / "x.zip", agreed({**files, "arrays/a.npz": files[ARRAY]}))
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(second, files[ARRAY])
    assert "is there twice" in refused(archive, tmp_path / "runs")


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_an_archive_without_what_every_run_has(files: Files, tmp_path: Path, name: str) -> None:
    assert f"{name}: is missing" in refused(zipped(tmp_path / "x.zip", _without(files, name)), tmp_path / "runs")


def _without(files: Files, name: str) -> Files:
    return {other: content for other, content in files.items() if other != name}


@pytest.mark.parametrize("name", ["run.db", WEIGHTS, ARRAY, "labels.json"])
def test_a_file_that_was_changed_after_it_was_packed(files: Files, tmp_path: Path, name: str) -> None:
    archive = zipped(tmp_path / "x.zip", {**files, name: flipped(files[name], len(files[name]) // 2)})
    assert f"{name}: is not the file that was packed" in refused(archive, tmp_path / "runs")


@pytest.mark.parametrize("name", ["config.json", WEIGHTS])
def test_a_file_that_is_not_what_the_digest_beside_it_says(files: Files, tmp_path: Path, name: str) -> None:
    digest = str(Path(name).with_suffix(".sha256"))
    archive = zipped(tmp_path / "x.zip", agreed({**files, digest: b"0" * 64}, digests=False))
    assert f"{name}: is not what its .sha256 says" in refused(archive, tmp_path / "runs")


def test_a_list_that_is_not_of_these_files(files: Files, tmp_path: Path) -> None:
    for tampered in (_without(files, "env.json"), {**files, "arrays/more.npz": b""}):
        assert "its list" in refused(zipped(tmp_path / "x.zip", tampered), tmp_path / "runs")
    for manifest in (b"", b"[]", b'{"run": "../x", "files": {}}', b'{"format": 0, "run": "x", "files": {}}'):
        tampered = {**files, "manifest.json": manifest}
        assert "is no list" in refused(zipped(tmp_path / "x.zip", tampered), tmp_path / "runs")


def test_every_truncation_and_many_flipped_bits(files: Files, tmp_path: Path) -> None:
    """None brings anything in but what was packed."""
    small = agreed({name: files[name] for name in ("config.json", "labels.json", "manifest.json")})
    whole = zipped(tmp_path / "x.zip", small).read_bytes()
    cases = [whole[:length] for length in range(0, len(whole), 7)]
    cases += [flipped(whole, at) for at in range(0, len(whole), 3)]
    came_in = 0
    for case in cases:
        (tmp_path / "y.zip").write_bytes(case)
        try:
            run = unpack(tmp_path / "y.zip", tmp_path / "runs")
        except Refused:
            assert [path.name for path in (tmp_path / "runs").iterdir()] == [".transfer.lock"]
        else:
            came_in += 1
            assert (run.path / "config.json").read_bytes() == small["config.json"]
            assert (run.path / "labels.json").read_bytes() == small["labels.json"]
            shutil.rmtree(run.path)
    assert came_in < len(cases) / 4


def test_a_bomb_is_given_up_before_it_fills_the_disk(files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    fsync = os.fsync

    def count(file: int) -> None:
        nonlocal written
        written += os.fstat(file).st_size
        fsync(file)

    monkeypatch.setattr(os, "fsync", count)
    archive = zipped(tmp_path / "x.zip", agreed({**files, "checkpoints/step-00000099.pt": bytes(400_000_000)}))
    assert archive.stat().st_size < 3_000_000
    assert "99.pt: is larger than" in refused(archive, tmp_path / "runs")
    assert written < 120 * archive.stat().st_size


@pytest.mark.parametrize("said", [10, 2**31 - 1], ids=["too small", "too large"])
def test_a_size_that_is_a_lie(files: Files, tmp_path: Path, said: int) -> None:
    """The table of contents and the head of the file both say so."""
    archive = zipped(tmp_path / "x.zip", files)
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as opened:
        entry = opened.getinfo("run.db")
    content[entry.header_offset + 22 : entry.header_offset + 26] = struct.pack("<I", said)
    at = content.rindex(b"run.db", 0, content.rindex(b"PK\x05\x06")) - 46
    content[at + 24 : at + 28] = struct.pack("<I", said)
    archive.write_bytes(content)
    refused(archive, tmp_path / "runs")


def test_an_encrypted_file(files: Files, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "x.zip", files)
    content = bytearray(archive.read_bytes())
    at = content.rindex(b"env.json", 0, content.rindex(b"PK\x05\x06")) - 46
    content[at + 8] |= 1
    archive.write_bytes(content)
    assert "env.json: is encrypted" in refused(archive, tmp_path / "runs")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_an_unusual_compression(files: Files, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert "compressed in an unusual way" in refused(tmp_path / "x.zip", tmp_path / "runs")


def test_more_files_than_a_run_has(files: Files, tmp_path: Path) -> None:
    many = {f"arrays/x{i}.npz": b"" for i in range(10_001)}
    assert "has 100" in refused(zipped(tmp_path / "x.zip", {**files, **many}), tmp_path / "runs")
    many = {f"arrays/{i:063d}.npz": b"" for i in range(40_000)}
    assert "table of contents is too long" in refused(zipped(tmp_path / "x.zip", many), tmp_path / "runs")


def test_what_is_no_archive(tmp_path: Path) -> None:
    for content in (b"", b"PK", b"x" * 100_000, b"PK\x05\x06" + bytes(18)):
        (tmp_path / "x.zip").write_bytes(content)
        refused(tmp_path / "x.zip", tmp_path / "runs")
    assert "Give the path" in refused(tmp_path / "none.zip", tmp_path / "runs")


def test_a_full_disk_is_named_and_left_as_it_was(files: Files, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        told = refused(zipped(tmp_path / "x.zip", agreed(files)), disk)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
    assert told.startswith("disk: the disk is full")
    assert "Make room for" in told


def test_an_import_that_was_killed_leaves_nothing_of_a_run_and_is_cleared_away(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, runs = zipped(tmp_path / "x.zip", agreed(files)), tmp_path / "runs"
    code = f"""
import os
from pathlib import Path
from engine.runs.archive import check_checkpoints, unpack
check_checkpoints.check = lambda _: os.kill(os.getpid(), 9)
unpack(Path({str(archive)!r}), Path({str(runs)!r}))
"""
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=surroundings).returncode == -9
    left = [path for path in runs.iterdir() if path.is_dir()]
    assert len(left) == 1
    assert left[0].name.startswith(".transfer-")
    made = unpack(archive, runs)
    assert [path.name for path in runs.iterdir() if path.is_dir()] == [made.id]


def test_images_of_another_machine_are_those_of_this_one_or_the_run_is_refused(files: Files, tmp_path: Path) -> None:
    files["config.json"] = elsewhere(files, "/theirs")
    del files["config.sha256"]
    archive = zipped(tmp_path / "x.zip", agreed(files))
    with pytest.raises(Refused, match=r"data\.path: .* is not a folder"):
        unpack(archive, tmp_path / "runs", str(tmp_path / "nowhere"))
    for part in ("train", "val"):
        for name in "ab":
            (tmp_path / "mine" / part / name).mkdir(parents=True)
    made = unpack(archive, tmp_path / "runs", str(tmp_path / "mine"))
    assert made.experiment.data.model_dump()["path"] == str(tmp_path / "mine")


def test_no_run_is_called_as_a_file_of_the_studio(files: Files, tmp_path: Path) -> None:
    assert not SLUG.fullmatch(SETTINGS)
    manifest = json.loads(agreed(files)["manifest.json"])
    for name in (SETTINGS, ".trash"):
        content = json.dumps({**manifest, "run": name}).encode()
        assert "run" in refused(zipped(tmp_path / "x.zip", {**files, "manifest.json": content}), tmp_path / "runs")

"""Small fakes of the downloadable sets, a loopback server that has them, and a stand-in for the page."""

import gzip
import hashlib
import io
import pickle
import struct
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torchvision.datasets
from scipy.io import savemat

IMAGES = 40


@dataclass
class Server:
    """What a loopback server answers with: `files` by path, cut off after `cut` bytes where that is set."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    cut: int | None = None
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server on the loopback interface, asked without any proxy."""
    monkeypatch.setenv("no_proxy", "*")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            content = told.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: told.cut])

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Server(f"http://127.0.0.1:{http.server_address[1]}/")
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield told
    http.shutdown()
    http.server_close()


@dataclass
class Messages:
    """Collects what a loader says; raises `Stop` once `stop_at` is part of it."""

    class Stop(Exception):
        """A person asked to stop."""

    said: list[tuple[str, float | None]] = field(default_factory=list)
    stop_at: str | None = None

    def __call__(self, message: str, fraction: float | None) -> None:
        self.said.append((message, fraction))
        if self.stop_at is not None and self.stop_at in message:
            raise self.Stop


@pytest.fixture
def messages() -> Messages:
    return Messages()


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


@dataclass
class Fake:
    """A small set in the format of a downloadable one: what is in it, and its archives by file name."""

    images: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]
    archives: dict[str, bytes]


@pytest.fixture
def fake_mnist(monkeypatch: pytest.MonkeyPatch, server: Server) -> Fake:
    """40 + 40 random images in the four files of MNIST, known to torchvision and to the server."""
    fake, draws = Fake({}, {}, {}), np.random.default_rng(0)
    for part in ("train", "t10k"):
        images = fake.images[part] = draws.integers(0, 256, (IMAGES, 28, 28), np.uint8)
        labels = fake.labels[part] = np.arange(IMAGES, dtype=np.uint8) % 10
        fake.archives[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(images))
        fake.archives[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", [(name, md5(c)) for name, c in fake.archives.items()])
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.address])
    server.files = dict(fake.archives)
    return fake


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def fake_cifar(monkeypatch: pytest.MonkeyPatch, server: Server) -> Fake:
    """5 × 40 + 40 random images in the archive of CIFAR-10, known to torchvision and to the server."""
    source, fake, draws = torchvision.datasets.CIFAR10, Fake({}, {}, {}), np.random.default_rng(0)
    files: dict[str, bytes] = {}
    for name, _ in source.train_list + source.test_list:
        images = fake.images[name] = draws.integers(0, 256, (IMAGES, 3, 32, 32), np.uint8)
        labels = fake.labels[name] = np.arange(IMAGES) % 10
        files[name] = pickle.dumps({"data": images.reshape(IMAGES, -1), "labels": labels.tolist()})
    files["batches.meta"] = pickle.dumps({"label_names": [f"kind {digit}" for digit in range(10)]})
    archive = fake.archives[source.filename] = tar(source.base_folder, files)
    for attribute in ("train_list", "test_list"):
        monkeypatch.setattr(source, attribute, [[name, md5(files[name])] for name, _ in getattr(source, attribute)])
    monkeypatch.setattr(source, "meta", {**source.meta, "md5": md5(files["batches.meta"])})
    monkeypatch.setattr(source, "tgz_md5", md5(archive))
    monkeypatch.setattr(source, "url", f"{server.address}{source.filename}")
    server.files = dict(fake.archives)
    return fake


@pytest.fixture
def fake_svhn(monkeypatch: pytest.MonkeyPatch, server: Server) -> Fake:
    """40 + 40 random images in the two MATLAB files of SVHN, known to torchvision and to the server."""
    fake, draws = Fake({}, {}, {}), np.random.default_rng(0)
    split_list = {}
    for part in ("train", "test"):
        images = fake.images[part] = draws.integers(0, 256, (32, 32, 3, IMAGES), np.uint8)
        labels = fake.labels[part] = np.arange(IMAGES, dtype=np.uint8)[:, None] % 10 + 1
        savemat(packed := io.BytesIO(), {"X": images, "y": labels})
        name = f"{part}_32x32.mat"
        fake.archives[name] = packed.getvalue()
        split_list[part] = [f"{server.address}{name}", name, md5(packed.getvalue())]
    monkeypatch.setattr(torchvision.datasets.SVHN, "split_list", split_list)
    server.files = dict(fake.archives)
    return fake


def tar(folder: str, files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()

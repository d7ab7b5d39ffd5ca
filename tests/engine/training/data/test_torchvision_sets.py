"""MNIST and CIFAR: read, unpacked, fetched from a loopback server, and refused in words."""

import errno
import gzip
import shutil
import socket
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.datasets

from engine.errors import Problem, Refused
from engine.experiment.schema import read
from engine.training.data import Splits, load


def loaded(name: str, folder: Path, messages: Any, **options: Any) -> Splits:
    return load(read({"data": {"name": name, **options}, "schedule": {"batch_size": 8}}), folder, messages)


def refusal(name: str, folder: Path, messages: Any, **options: Any) -> Problem:
    with pytest.raises(Refused) as refused:
        loaded(name, folder, messages, **options)
    (problem,) = refused.value.problems
    assert problem.field == "data.name"
    assert problem.cure
    return problem


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob(".*"))


def put(archives: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in archives.items():
        (folder / name).write_bytes(content)


def test_mnist_is_fetched_unpacked_and_read(tmp_path: Path, fake_mnist: Any, messages: Any, server: Any) -> None:
    splits = loaded("mnist", tmp_path, messages)
    assert torch.equal(splits.train.images[:, 0], torch.from_numpy(fake_mnist.images["train"]))
    assert torch.equal(splits.test.images[:, 0], torch.from_numpy(fake_mnist.images["t10k"]))
    assert splits.train.labels.tolist() == fake_mnist.labels["train"].tolist()
    assert splits.train.images.dtype == torch.uint8
    assert splits.train.labels.dtype == torch.int64
    assert splits.classes == tuple("0123456789")
    assert sorted(path.lstrip("/") for path in server.asked) == sorted(fake_mnist.archives)
    assert leftovers(tmp_path) == []


def test_torchvision_finds_what_was_fetched(tmp_path: Path, fake_mnist: Any, messages: Any) -> None:
    loaded("mnist", tmp_path, messages)
    theirs = torchvision.datasets.MNIST(tmp_path, train=False)
    assert torch.equal(theirs.data, torch.from_numpy(fake_mnist.images["t10k"]))


def test_what_is_there_is_not_fetched_again(tmp_path: Path, fake_mnist: Any, messages: Any, server: Any) -> None:
    loaded("mnist", tmp_path, messages)
    (tmp_path / "MNIST/raw/t10k-labels-idx1-ubyte").unlink()
    server.asked.clear()
    loaded("mnist", tmp_path, messages, download=False)
    assert server.asked == []


def test_fashion_mnist_has_a_folder_and_names_of_its_own(
    tmp_path: Path, fake_mnist: Any, messages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = torchvision.datasets.FashionMNIST
    monkeypatch.setattr(source, "resources", torchvision.datasets.MNIST.resources)
    put(fake_mnist.archives, tmp_path / "FashionMNIST/raw")
    splits = loaded("fashion-mnist", tmp_path, messages, download=False)
    assert splits.classes[0] == "T-shirt/top"
    assert torch.equal(splits.train.images[:, 0], torch.from_numpy(fake_mnist.images["train"]))


def test_cifar_is_fetched_unpacked_and_read(tmp_path: Path, fake_cifar: Any, messages: Any) -> None:
    splits = loaded("cifar10", tmp_path, messages)
    assert splits.train.images.shape == (200, 3, 32, 32)
    assert torch.equal(splits.train.images[40:80], torch.from_numpy(fake_cifar.images["data_batch_2"]))
    assert torch.equal(splits.test.images, torch.from_numpy(fake_cifar.images["test_batch"]))
    assert splits.test.labels.tolist() == fake_cifar.labels["test_batch"].tolist()
    assert splits.classes[3] == "kind 3"
    assert any("Downloading cifar-10-python.tar.gz" in message and " MB" in message for message, _ in messages.said)
    assert leftovers(tmp_path) == []


def test_an_archive_in_the_data_folder_needs_no_network(tmp_path: Path, fake_cifar: Any, messages: Any, server: Any) -> None:
    put(fake_cifar.archives, tmp_path)
    assert len(loaded("cifar10", tmp_path, messages, download=False).train.labels) == 200
    assert server.asked == []


def test_svhn_is_fetched_and_read(tmp_path: Path, fake_svhn: Any, messages: Any, server: Any) -> None:
    splits = loaded("svhn", tmp_path, messages)
    assert torch.equal(splits.train.images, torch.from_numpy(fake_svhn.images["train"]).permute(3, 2, 0, 1))
    assert torch.equal(splits.test.images, torch.from_numpy(fake_svhn.images["test"]).permute(3, 2, 0, 1))
    assert splits.train.labels.tolist()[:11] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert splits.train.images.is_contiguous()
    assert splits.train.labels.dtype == torch.int64
    assert splits.classes == tuple("0123456789")
    assert leftovers(tmp_path) == []
    server.asked.clear()
    theirs = torchvision.datasets.SVHN(tmp_path, "test")
    assert loaded("svhn", tmp_path, messages, download=False).test.labels.tolist() == theirs.labels.tolist()
    assert server.asked == []


def test_a_damaged_file_of_svhn_is_named(tmp_path: Path, fake_svhn: Any, messages: Any) -> None:
    put({name: content[:-1] for name, content in fake_svhn.archives.items()}, tmp_path)
    problem = refusal("svhn", tmp_path, messages)
    assert f"{tmp_path}/train_32x32.mat is damaged" in problem.what


def test_nothing_but_the_wanted_files_leaves_the_archive(
    tmp_path: Path, fake_cifar: Any, messages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded("cifar10", tmp_path / "good", messages)
    packed = tmp_path / "cifar-10-python.tar.gz"
    shutil.copytree(tmp_path / "good/cifar-10-batches-py", tmp_path / "cifar-10-batches-py")
    (tmp_path / "extra").write_text("not asked for")
    subprocess.run(["tar", "-czf", packed, "-C", tmp_path, "cifar-10-batches-py", "extra"], check=True)
    (tmp_path / "extra").unlink()
    shutil.rmtree(tmp_path / "cifar-10-batches-py")
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "tgz_md5", subprocess.check_output(["md5sum", packed], text=True)[:32])
    assert len(loaded("cifar10", tmp_path, messages, download=False).train.labels) == 200
    assert not (tmp_path / "extra").exists()


def test_a_second_mirror_is_asked_when_the_first_has_it_not(
    tmp_path: Path, fake_mnist: Any, messages: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [f"{server.address}gone/", server.address])
    assert len(loaded("mnist", tmp_path, messages).train.labels) == 40
    assert len(server.asked) == 8


def test_a_cut_connection_is_refused_and_leaves_nothing(tmp_path: Path, fake_cifar: Any, messages: Any, server: Any) -> None:
    server.cut = 500_000
    problem = refusal("cifar10", tmp_path, messages)
    assert "cifar10 could not be downloaded (127.0.0.1: the connection broke after 0.5 of" in problem.what
    assert "cifar-10-python.tar.gz" in problem.cure
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_sum_is_refused_and_leaves_nothing(tmp_path: Path, fake_cifar: Any, messages: Any, server: Any) -> None:
    server.files = {name: content[:-1] + b"x" for name, content in server.files.items()}
    assert "wrong MD5 sum" in refusal("cifar10", tmp_path, messages).what
    assert list(tmp_path.iterdir()) == []


def test_an_answer_of_the_server_is_passed_on(tmp_path: Path, fake_cifar: Any, messages: Any, server: Any) -> None:
    server.files = {}
    assert "HTTP 404 Not Found" in refusal("cifar10", tmp_path, messages).what


def test_no_network_is_refused(tmp_path: Path, fake_cifar: Any, messages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/cifar-10-python.tar.gz"
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", address)
    problem = refusal("cifar10", tmp_path, messages)
    assert "could not be downloaded (127.0.0.1: [Errno 111] Connection refused)" in problem.what
    assert f"into {tmp_path}" in problem.cure


def test_downloading_switched_off_is_respected(tmp_path: Path, fake_cifar: Any, messages: Any, server: Any) -> None:
    problem = refusal("cifar10", tmp_path, messages, download=False)
    assert "cifar-10-python.tar.gz is missing" in problem.what
    assert server.asked == []


@pytest.mark.parametrize("moment", ["Downloading", "Unpacking"])
def test_a_stop_leaves_no_temporary_file(tmp_path: Path, fake_cifar: Any, messages: Any, moment: str) -> None:
    messages.stop_at = moment
    if moment == "Unpacking":
        put(fake_cifar.archives, tmp_path)
    with pytest.raises(messages.Stop):
        loaded("cifar10", tmp_path, messages)
    assert leftovers(tmp_path) == []
    assert not list(tmp_path.glob("cifar-10-batches-py/*"))


def test_a_damaged_archive_is_named(tmp_path: Path, fake_cifar: Any, messages: Any) -> None:
    put({name: content[:1000] for name, content in fake_cifar.archives.items()}, tmp_path)
    problem = refusal("cifar10", tmp_path, messages)
    assert str(tmp_path / "cifar-10-python.tar.gz") in problem.what
    assert "Delete it" in problem.cure


def test_a_truncated_file_is_named_and_never_unpickled(tmp_path: Path, fake_cifar: Any, messages: Any) -> None:
    loaded("cifar10", tmp_path, messages)
    path = tmp_path / "cifar-10-batches-py/data_batch_3"
    path.write_bytes(path.read_bytes()[:-100])
    assert f"{path} is damaged or incomplete" in refusal("cifar10", tmp_path, messages).what
    path.unlink()
    assert len(loaded("cifar10", tmp_path, messages, download=False).train.labels) == 200


@pytest.mark.parametrize("length", [0, 3, 10, 1000])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
def test_a_truncated_idx_file_is_named(tmp_path: Path, fake_mnist: Any, messages: Any, name: str, length: int) -> None:
    loaded("mnist", tmp_path, messages)
    path = tmp_path / "MNIST/raw" / name
    path.write_bytes(path.read_bytes()[: min(length, path.stat().st_size - 1)])
    assert f"{path} is damaged" in refusal("mnist", tmp_path, messages).what


def test_labels_that_name_no_class_are_refused(tmp_path: Path, fake_mnist: Any, messages: Any) -> None:
    loaded("mnist", tmp_path, messages)
    path = tmp_path / "MNIST/raw/train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
    assert f"{path} is damaged" in refusal("mnist", tmp_path, messages).what


def test_a_full_disk_is_named(tmp_path: Path, fake_cifar: Any, messages: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(fake_cifar.archives, tmp_path)

    def full(_tar: object, member: Any, folder: Path, **_: object) -> None:
        (folder / member.name).parent.mkdir()
        (folder / member.name).write_bytes(b"as much as there was room for")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tarfile.TarFile.extract", full)
    problem = refusal("cifar10", tmp_path, messages)
    assert problem.what == f"{tmp_path} cannot be written to: the disk is full"
    assert "Free some space" in problem.cure
    assert [path.name for path in tmp_path.iterdir()] == ["cifar-10-python.tar.gz"]


def test_a_full_disk_while_downloading_is_not_blamed_on_the_network(
    tmp_path: Path, fake_cifar: Any, messages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert "the disk is full" in refusal("cifar10", tmp_path, messages).what
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_is_a_file_is_named(tmp_path: Path, fake_cifar: Any, messages: Any) -> None:
    (tmp_path / "data").write_text("")
    problem = refusal("cifar10", tmp_path / "data", messages)
    assert problem.what == f"{tmp_path / 'data'} cannot be written to: File exists"


@pytest.mark.slow
def test_the_real_cifar10_is_read_as_torchvision_reads_it(shared: Path, tmp_path: Path, messages: Any) -> None:
    subprocess.run([sys.executable, shared / "data/unpack.py", tmp_path, "cifar10"], check=True, capture_output=True)
    splits = load(read({"data": {"name": "cifar10", "download": False}}), tmp_path, messages)
    row = read({"data": {"name": "cifar10"}}).dataset
    assert splits.train.images.shape == (50000, 3, 32, 32)
    assert splits.classes[:3] == ("airplane", "automobile", "bird")
    assert splits.train.labels.bincount().tolist() == [5000] * 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torchvision.datasets.CIFAR10(tmp_path, train=False)
    assert torch.equal(splits.test.images, torch.from_numpy(theirs.data).permute(0, 3, 1, 2))
    assert splits.test.labels.tolist() == theirs.targets
    pixels = splits.train.images.transpose(0, 1).flatten(1)
    assert (pixels.double().mean(1) / 255).tolist() == pytest.approx(row.mean, abs=1e-4)
    assert (pixels.double().std(1) / 255).tolist() == pytest.approx(row.std, abs=1e-4)


def test_archives_of_one_file_unpack_to_what_was_packed(tmp_path: Path, fake_mnist: Any, messages: Any) -> None:
    loaded("mnist", tmp_path, messages)
    for name, content in fake_mnist.archives.items():
        assert (tmp_path / "MNIST/raw" / name.removesuffix(".gz")).read_bytes() == gzip.decompress(content)

"""Who can reach a studio, and by which names."""

import socket
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Refused
from studio.web import address
from tests.studio.cli.test_command import command

NAMES = {
    "workstation.lab": ["10.0.0.7"],
    "home": ["127.0.0.1", "::1"],
    "both": ["127.0.0.1", "10.0.0.7"],
    "my-loopback": ["127.8.8.8"],
}


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few names that stand for addresses; whatever else is asked is answered as it is everywhere."""
    ask = socket.getaddrinfo

    def answer(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [found for one in NAMES.get(host, [host]) for found in ask(one, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "127.1", "localhost", "LOCALHOST", "::1", "0:0::1", "::ffff:127.0.0.1"]
)
def test_loopback_is_welcome_however_it_is_written(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert address.address(host, 7860, may_be_open=False)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("host", "listens"), [("home", "127.0.0.1"), ("my-loopback", "127.8.8.8")])
def test_names_of_loopback_are_welcome(host: str, listens: str) -> None:
    assert address.address(host, 7860, may_be_open=False) == listens
    assert {host, listens, "localhost"} <= address.names(host, listens)
    assert "*" not in address.names(host, listens)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "0", "0x0", "::", "", "::ffff:0.0.0.0", "192.0.2.1", "2001:db8::1", "workstation.lab", "both"]
)
def test_what_others_can_reach_is_refused_with_the_line_that_works(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused) as refused:
        address.address(host, 7861, may_be_open=False)
    (problem,) = refused.value.problems
    assert problem.field == "--host"
    assert f"ssh -L 7861:127.0.0.1:7861 {socket.gethostname()}" in problem.cure
    assert "--no-authentication" in problem.cure
    assert address.address(host, 7861, may_be_open=True)
    assert "may train, delete and import" in capsys.readouterr().err


def test_what_is_no_address_is_refused() -> None:
    for host in ("nobody.invalid", "a b", "x" * 300):
        with pytest.raises(Refused, match="--host"):
            address.address(host, 7860, may_be_open=True)


def test_an_open_studio_has_every_address_of_its_machine() -> None:
    assert {"*", socket.gethostname().lower()} <= address.names("0", "0.0.0.0")
    assert "" not in address.names("", "0.0.0.0")
    assert "*" not in address.names("workstation.lab", "10.0.0.7")


def test_the_command_says_so_in_one_line_and_makes_nothing(tmp_path: Path) -> None:
    done = command("--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("rwp-studio: --host: other machines can reach '0.0.0.0'")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []

"""Address: on which the studio listens, who can get there, and by which names."""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from engine.errors import Problem, Refused
from studio.output import tell

_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]+")


def address(host: str, port: int, may_be_open: bool) -> str:
    """The IP address of `host`. Raises `Refused` if other machines can get there, unless that `may_be_open`."""
    found = _resolved(host)
    if all(_is_loopback(one) for one in found):
        return str(found[0])
    place = repr(host) if host else "every address of this one"
    if not may_be_open:
        what = f"other machines can reach {place}, and whoever does may train, delete and import"
        tunnel = f"ssh -L {port}:127.0.0.1:{port} {socket.gethostname()}"
        cure = f"Leave it out, and type on the other machine: {tunnel}. Or add --no-authentication if all of them may"
        raise Refused(Problem("--host", what, cure))
    told = f"whoever can reach {place} may train, delete and import here, and read every run, without a password"
    tell(f"--no-authentication: {told}")
    return str(found[0])


def names(host: str, listens: str) -> set[str]:
    """Names under which a studio on the address `listens` may be addressed; "*" stands for any bare IP address."""
    everywhere = {"*", socket.gethostname().lower()} if ip_address(listens).is_unspecified else set()
    return ({"localhost", "127.0.0.1", "::1", listens, host.lower()} - {""}) | everywhere


def outer(name: str) -> str:
    """A name, with its port if it has one, under which people open the studio. Raises `Refused` if it is none."""
    try:
        split = urlsplit(f"//{name}")
        is_one = split.netloc == name and split.hostname and (split.port is None or split.port) and _NAME.fullmatch(name)
    except ValueError:
        is_one = False
    if not is_one:
        cure = "Give what stands in the browser's address line, for instance lab.example:8080"
        raise Refused(Problem("--allowed-host", f"{name!r} is no name of a host", cure))
    return name.lower()


def _resolved(host: str) -> list[IPv4Address | IPv6Address]:
    """The addresses of `host`, those of IPv4 first; every address of this machine if it is empty."""
    try:
        found = socket.getaddrinfo(host or "0.0.0.0", None, type=socket.SOCK_STREAM)  # noqa: S104 - which is refused
    except (OSError, UnicodeError) as error:
        raise Refused(Problem("--host", f"{host!r} is no address of this machine: {error}", "Leave it out")) from None
    return sorted({ip_address(one[4][0]) for one in found}, key=lambda one: (one.version, str(one)))


def _is_loopback(one: IPv4Address | IPv6Address) -> bool:
    return (getattr(one, "ipv4_mapped", None) or one).is_loopback

"""Bundle: a script of ours and all that it imports, for a page that has no server behind it."""

import base64
import posixpath
import re

from studio.ui_files import UI

PREFIX = "rwp/"
_IMPORT = re.compile(r'^(import [^"]*)"(\.[^"]+)"', re.MULTILINE)


def import_map(entry: str) -> dict[str, str]:
    """By its name below `PREFIX`, the address of each script that `entry`, a path in the folder of scripts, needs.

    An address holds the script itself, and scripts import each other by those names.
    """
    found: dict[str, str] = {}
    open_ones = [entry]
    while open_ones:
        name = open_ones.pop()
        if PREFIX + name in found:
            continue
        source = (UI / name).read_text("utf-8")
        imported = [_resolved(name, match[2]) for match in _IMPORT.finditer(source)]
        open_ones += imported
        named = _IMPORT.sub(lambda match, name=name: f'{match[1]}"{PREFIX}{_resolved(name, match[2])}"', source)  # type: ignore[misc]
        found[PREFIX + name] = f"data:text/javascript;base64,{base64.b64encode(named.encode()).decode()}"
    return found


def _resolved(name: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), relative))

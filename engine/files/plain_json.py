"""Plain JSON: text from anywhere that can be stored, sent and shown."""

import math
from typing import Any


def printable(text: str) -> str:
    """`text` in UTF-8: a name on the disk may hold bytes that are none, which are escaped with a backslash."""
    return text.encode("utf-8", "backslashreplace").decode()


def escaped(value: Any) -> Any:
    """A JSON value in which all text is `printable`."""
    match value:
        case str():
            return printable(value)
        case dict():
            return {printable(str(key)): escaped(one) for key, one in value.items()}
        case list() | tuple():
            return type(value)(escaped(one) for one in value)
    return value


def finite(value: Any) -> Any:
    """A JSON value without infinities and NaN, which JSON does not have: there null stands for them."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: finite(one) for key, one in value.items()}
        case list() | tuple():
            return [finite(one) for one in value]
    return value

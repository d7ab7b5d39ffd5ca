"""The types that the browser scripts are checked against are those of the routes."""

from tests.typescript import FILE, document


def test_the_types_are_current() -> None:
    assert FILE.read_text("utf-8") == document(), "python -m tests.typescript writes them anew"

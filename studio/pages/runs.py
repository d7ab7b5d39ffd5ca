"""Runs: all there are, to be named, found again, copied, packed, taken in, deleted and had back."""

import gradio as gr

from studio.pages.header import title
from studio.pages.script import mounted
from studio.ui_files import UI

MARKUP = UI / "library" / "page.html"


def build(root: str) -> None:
    """Lay out the page inside the block that is open."""
    title("All runs of this folder.")
    gr.HTML(html_template=MARKUP.read_text("utf-8"), js_on_load=mounted("library/main", root), apply_default_css=False)

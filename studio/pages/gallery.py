"""Gallery: the paper's tables, with what the runs of this folder reached beside its figures."""

import gradio as gr

from studio.pages.header import title
from studio.pages.script import mounted
from studio.ui_files import UI

MARKUP = UI / "gallery" / "page.html"


def build(root: str) -> None:
    """Lay out the page inside the block that is open."""
    title("The paper's tables, and what was reached here.")
    gr.HTML(html_template=MARKUP.read_text("utf-8"), js_on_load=mounted("gallery/main", root), apply_default_css=False)

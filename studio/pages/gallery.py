"""Gallery: the paper's tables, with what the runs of this folder reached beside its figures."""

from pathlib import Path

import gradio as gr

from studio.pages.title import title

MARKUP = Path(__file__).parent.parent.parent / "assets" / "gallery.html"
MOUNT = "import('/ui/gallery.js').then(gallery => gallery.mount(element))"


def build() -> None:
    """Lay out the page inside the block that is open."""
    title("The paper's tables, and what was reached here.")
    gr.HTML(html_template=MARKUP.read_text("utf-8"), js_on_load=MOUNT, apply_default_css=False)

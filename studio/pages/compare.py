"""Compare: groups of runs side by side, ranked at equal costs, with what chance may have made."""

import gradio as gr

from studio.charts import METHOD_COLOURS, OVERLAYS
from studio.figures import FIGURES
from studio.pages.header import title
from studio.pages.script import mounted
from studio.ui_files import UI

MARKUP, RESULT = UI / "compare" / "page.html", UI / "compare" / "result.html"


def build(root: str) -> None:
    """Lay out the page inside the block that is open."""
    title("Which method is better here, at what cost, and how sure is that?")
    gr.HTML(
        html_template=MARKUP.read_text("utf-8").replace("<!-- result -->", RESULT.read_text("utf-8")),
        js_on_load=mounted("compare/main", root, "element, props"),
        apply_default_css=False,
        figures=OVERLAYS,
        colours=METHOD_COLOURS,
        papers={number: what for number, (what, _) in FIGURES.items()},
    )

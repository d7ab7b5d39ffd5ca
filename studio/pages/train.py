"""Train: set up a training, start it, and watch it."""

from pathlib import Path

import gradio as gr

from engine.catalogue import DATASETS
from engine.experiment.probes import PROBES
from engine.experiment.schema import UNIONS
from studio.charts import FIGURES
from studio.pages.header import title
from studio.pages.script import mounted
from studio.pages.setup import Setup
from studio.ui_files import UI

MONITOR = UI / "monitor" / "page.html"
PAPER = ("sgd", "sam", "rwp", "arwp", "m-rwp", "m-arwp")
"""The methods that the paper compares."""


def build(runs: Path, data: Path, root: str) -> None:
    """Lay out the page inside the block that is open."""
    title("Train with random weight perturbation and watch the minimum become flat.")
    with gr.Row(elem_id="rwp-page"):
        with gr.Column(elem_id="rwp-form", min_width=280):
            Setup(runs, data, root)
        with gr.Column(elem_id="rwp-monitor", min_width=280):
            gr.HTML(
                html_template=MONITOR.read_text("utf-8"),
                js_on_load=mounted("monitor/main", root, "element, props"),
                apply_default_css=False,
                figures=FIGURES,
                methods=UNIONS["method"],
                paper=PAPER,
                probes=tuple(PROBES),
                drawings=tuple(name for name, row in DATASETS.items() if row.drawn_margin is not None),
            )

"""Train: set up a training, start it, and watch it."""

import html
from pathlib import Path
from typing import Any

import gradio as gr

from engine.errors import Refused
from engine.experiment import Experiment
from engine.queue import Queue
from engine.run import Run
from studio.charts import FIGURES
from studio.form import view
from studio.form.values import Values, command, examine, paths, to_values

MONITOR = Path(__file__).parent.parent.parent / "assets" / "monitor.html"
TITLE = "<h1>RWP Studio</h1><p>Train with random weight perturbation and watch the minimum become flat.</p>"
MOUNT = "import('/ui/main.js').then(main => main.mount(element, props.figures))"
FOLD = '<button type="button" aria-expanded="false" aria-controls="rwp-knobs">Settings</button>'
FOLDING = "import('/ui/fold.js').then(fold => fold.mount(element))"
SHOWN_RUN = "() => [new URLSearchParams(location.search).get('run') ?? '']"
STARTING = "(...values) => { document.dispatchEvent(new CustomEvent('rwp:starting')); return values }"
STARTED = "run => { document.dispatchEvent(new CustomEvent('rwp:started', {detail: run})) }"


def build(runs: Path, data: Path) -> None:
    """Lay out the page inside the block that is open."""
    gr.HTML(TITLE, elem_id="rwp-title")
    with gr.Row(elem_id="rwp-page"):
        with gr.Column(elem_id="rwp-form", min_width=280):
            _setup(runs, data)
        with gr.Column(elem_id="rwp-monitor", min_width=280):
            gr.HTML(html_template=MONITOR.read_text("utf-8"), js_on_load=MOUNT, figures=FIGURES, apply_default_css=False)


def _setup(runs: Path, data: Path) -> None:
    """The form, the button that starts a training, and the command that would do the same."""
    with gr.Row(elem_id="rwp-start-row"):
        start = gr.Button("Start training", variant="primary", elem_id="rwp-start")
        clone = gr.Button("Copy shown run", elem_id="rwp-clone")
    gr.HTML(html_template=FOLD, js_on_load=FOLDING, elem_id="rwp-fold")
    problems = gr.HTML(elem_id="rwp-problems")
    with gr.Column(elem_id="rwp-knobs"):
        form = view.build()
    shell = gr.Textbox(
        command(Experiment(), runs, data), label="Same on the command line", lines=2, buttons=["copy"], elem_id="rwp-command"
    )
    run_id, started = gr.Textbox(visible=False), gr.Textbox(visible=False)

    def describe(*given: Any) -> tuple[Any, str]:
        experiment, refused = examine(_named(given), data)
        return (command(experiment, runs, data) if experiment else gr.skip()), told(refused)

    def begin(*given: Any) -> tuple[str, str]:
        return start_run(_named(given), runs, data)

    def copy(shown: str) -> list[Any]:
        try:
            return [*form.filled(to_values(Run.open(runs, shown).experiment)), ""]
        except Refused as refused:
            return [*(gr.skip() for _ in form.outputs), told(refused)]

    changes = [control.change for control in form.inputs]
    gr.on(changes, describe, form.inputs, [shell, problems], trigger_mode="always_last", **view.QUICK)
    start.click(begin, form.inputs, [problems, started], js=STARTING, **view.QUICK).then(None, started, js=STARTED)
    clone.click(copy, run_id, [*form.outputs, problems], js=SHOWN_RUN, **view.QUICK)


def start_run(values: Values, runs: Path, data: Path) -> tuple[str, str]:
    """Start what the form describes: the problems to show, and the id of the (first) run if there are none."""
    experiment, refused = examine(values, data)
    if experiment is None or refused:
        return told(refused), ""
    group = [Run.create(runs, one) for one in experiment.runs()]
    queue = Queue(runs)
    queue.add(*group)
    queue.advance(data)
    return "", group[0].id


def told(refused: Refused | None) -> str:
    """Every problem with its field and its cure, as HTML that is read out."""
    if refused is None:
        return ""
    escaped = ((html.escape(problem.field), html.escape(problem.what), html.escape(problem.cure)) for problem in refused.problems)
    items = (f"<li><code>{field}</code> {what}<span>{cure}</span></li>" for field, what, cure in escaped)
    return f'<div role="alert"><strong>This cannot be trained yet</strong><ul>{"".join(items)}</ul></div>'


def _named(given: tuple[Any, ...]) -> Values:
    return dict(zip(paths(), given, strict=True))

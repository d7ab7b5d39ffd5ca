"""Setup: the form, the button that starts a training, and what is known of it before it is started."""

import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from engine.errors import Problem, Refused
from engine.experiment import validate
from engine.experiment.recipes import find
from engine.experiment.schema import Experiment
from engine.launch.queue import Queue
from engine.runs.run import Run
from engine.runs.slurm import write_options
from studio.form import layout
from studio.form.values import FIRST, Values, command, examine, initial, paths, restored, to_values
from studio.pages import launcher_choice, recipe_picker
from studio.pages.launcher_choice import LauncherChoice
from studio.pages.script import mounted
from studio.pages.scripts import place
from studio.queries.cost import Estimator
from studio.ui_files import UI

FILLING = "document.dispatchEvent(new CustomEvent('rwp:filling'))"
FILLED = "() => { document.dispatchEvent(new CustomEvent('rwp:filled')) }"
PICKER = UI / "setup" / "recipe-picker.html"
CHOSEN_RECIPE = (
    f"() => {{ {FILLING}; const {{chosen, form}} = document.querySelector('#rwp-recipe-find').dataset; return [chosen, form] }}"
)
SHOWN_RUN = f"() => {{ {FILLING}; return [new URLSearchParams(location.search).get('run') ?? ''] }}"
STARTING = "(...values) => { document.dispatchEvent(new CustomEvent('rwp:starting')); return values }"
STARTED = "runs => { document.dispatchEvent(new CustomEvent('rwp:started', {detail: runs})) }"
TIMING = "Timing two steps …"


class Setup:
    """The left side of the page, laid out inside the block that is open."""

    def __init__(self, runs: Path, data: Path, root: str) -> None:
        self._runs, self._data, self._estimator = runs, data, Estimator()
        first = find(FIRST)
        with gr.Row(elem_id="rwp-start-row"):
            self._start = gr.Button("Start training", variant="primary", elem_id="rwp-start")
            self._clone = gr.Button("Copy shown run", elem_id="rwp-clone")
            self._undo = gr.Button("Undo", elem_id="rwp-undo-filling")
        self._problems = gr.HTML(elem_id="rwp-problems")
        with gr.Column(elem_id="rwp-knobs"):
            self._recipe = gr.HTML(
                html_template=PICKER.read_text("utf-8"),
                js_on_load=mounted("setup/recipe-picker", root, "element, props, () => trigger('submit', null)"),
                apply_default_css=False,
                elem_id="rwp-recipe",
                recipes=recipe_picker.choices(),
                initial=initial(),
            )
            self._about = gr.HTML(recipe_picker.about(first), elem_id="rwp-about")
            with gr.Column(elem_id="rwp-fields"):
                self._form = layout.build()
            self._where = LauncherChoice()
        with gr.Row(elem_id="rwp-cost-row"):
            self._cost = gr.HTML(self._told(first.experiment()), elem_id="rwp-cost")
            self._time = gr.Button("How long?", size="sm", elem_id="rwp-time")
        self._shell = gr.Textbox(
            command(first.experiment(), runs, data),
            label="Same on the command line",
            lines=2,
            buttons=["copy"],
            placeholder="Here stands the command once the form is complete",
            elem_id="rwp-command",
        )
        self._wire(f"import('{place(root)}/setup/form-memory.js')")

    def _wire(self, memory: str) -> None:
        form, where = self._form, self._where.inputs
        named, cloned, kept, started = (gr.Textbox(visible=False) for _ in range(4))
        changes = [control.change for control in form.inputs]
        asked, altered = [*form.inputs, *where], [*changes, *(control.change for control in where)]
        told = [self._shell, self._problems, self._cost]
        gr.on(altered, self._describe, asked, told, trigger_mode="always_last", **layout.QUICK)
        gr.on(changes, self._time_if_heavy, form.inputs, self._cost, trigger_mode="always_last", **layout.SLOW)
        self._time.click(lambda: TIMING, None, self._cost, **layout.QUICK).then(
            self._timed, form.inputs, self._cost, **layout.SLOW
        )
        begun = self._start.click(self._begin, asked, [self._problems, started], js=STARTING, **layout.QUICK)
        begun.then(None, started, js=STARTED)
        filled = [self._about, self._problems, *form.outputs]
        chosen = self._recipe.submit(self._follow, [named, kept], filled, js=CHOSEN_RECIPE, **layout.QUICK)
        copied = self._clone.click(self._copy, named, filled, js=SHOWN_RUN, **layout.QUICK)
        undo = f"() => {memory}.then(memory => memory.undone())"
        undone = self._undo.click(self._put_back, kept, filled, js=undo, **layout.QUICK)
        for answered in (chosen, copied, undone):
            answered.then(None, js=FILLED)
        opened = gr.on(
            None,  # when the page is opened
            self._open,
            [named, cloned, kept],
            [*filled, *where],
            js=f"() => {memory}.then(memory => memory.asked())",
            **layout.QUICK,
        )
        opened.then(None, js=f"() => {memory}.then(memory => {{ memory.begin() }})")
        names = json.dumps([*paths(), *launcher_choice.NAMES])
        gr.on(altered, None, asked, js=f"(...values) => {{ {memory}.then(memory => memory.keep({names}, values)) }}")

    def _describe(self, *given: Any) -> tuple[str, str, str]:
        """The command, the problems and the cost of what is in the form."""
        *fields, launcher, slurm = given
        experiment, refused = examine(_named(fields), self._data)
        where = launcher_choice.flags(launcher, slurm)
        shell = command(experiment, self._runs, self._data) + where if experiment else ""
        return shell, problems(refused), self._told(experiment) if experiment and not refused else ""

    def _told(self, experiment: Experiment) -> str:
        waiting = f" {TIMING}" if self._estimator.is_wanted(experiment) else ""
        return html.escape(self._estimator.told(experiment) + waiting) + passed_over(experiment)

    def _time_if_heavy(self, *given: Any) -> Any:
        experiment, refused = examine(_named(given), self._data)
        if experiment is None or refused or not self._estimator.is_wanted(experiment):
            return gr.skip()
        return self._timed(*given)

    def _timed(self, *given: Any) -> str:
        experiment, refused = examine(_named(given), self._data)
        if experiment is None or refused:
            return ""
        self._estimator.time(experiment)
        return self._told(experiment)

    def _begin(self, *given: Any) -> tuple[str, str]:
        *fields, launcher, slurm = given
        return start_run(_named(fields), self._runs, self._data, launcher, slurm)

    def _copy(self, shown: str) -> list[Any]:
        if not shown:
            return self._left_alone(Refused(Problem("run", "none is shown that could be copied", "Start or choose one")))
        try:
            return ["", "", *self._form.filled(to_values(Run.open(self._runs, shown).experiment))]
        except Refused as refused:
            return self._left_alone(refused)

    def _put_back(self, before: str) -> list[Any]:
        """What stood in the form before it was filled last."""
        return ["", "", *self._form.filled(restored(before))] if before else self._untouched()

    def _open(self, recipe_name: str, run: str, kept: str) -> list[Any]:
        """What the address asks for, or else what stood in the form before the page was loaded again."""
        return [*self._asked(recipe_name, run, kept), *launcher_choice.restored(kept)]

    def _asked(self, recipe_name: str, run: str, kept: str) -> list[Any]:
        if recipe_name:
            return self._follow_recipe(recipe_name)
        if run:
            return self._copy(run)
        return ["", gr.skip(), *self._form.filled(restored(kept))] if kept else self._untouched()

    def _untouched(self) -> list[Any]:
        return [gr.skip(), gr.skip(), *(gr.skip() for _ in self._form.outputs)]

    def _follow(self, name: object, form: str) -> list[Any]:
        """The recipe of that name, or a form as it was saved."""
        return ["", "", *self._form.filled(restored(form))] if form else self._follow_recipe(name)

    def _follow_recipe(self, name: object) -> list[Any]:
        if not name:
            return self._untouched()
        try:
            values, text = recipe_picker.filled(str(name))
        except Refused as refused:
            return self._left_alone(refused)
        return [text, "", *self._form.filled(values)]

    def _left_alone(self, refused: Refused) -> list[Any]:
        """The form as it is, with the reason why it was not filled."""
        return [gr.skip(), problems(refused), *(gr.skip() for _ in self._form.outputs)]


def start_run(values: Values, runs: Path, data: Path, launcher: object, slurm: object) -> tuple[str, str]:
    """Start what the form describes: the problems to show, and the ids of the runs, with commas between, if there are none."""
    experiment, refused = examine(values, data)
    if experiment is None or refused:
        return problems(refused), ""
    try:
        options = launcher_choice.options(launcher, slurm)
    except Refused as refused_there:
        return problems(refused_there), ""
    group = [Run.create(runs, one) for one in experiment.runs()]
    for run in group:
        write_options(run.path, options)
    queue = Queue(runs)
    queue.add(*group)
    queue.advance(data)
    return "", ",".join(run.id for run in group)


def passed_over(experiment: Experiment) -> str:
    """The files in the folder of images that will not be used, as HTML."""
    found = "".join(f"<li>{html.escape(str(one))}</li>" for one in validate.passed_over(experiment))
    return f'<div class="rwp-passed-over">Passed over in the folder:<ul>{found}</ul></div>' if found else ""


def problems(refused: Refused | None) -> str:
    """Every problem with its field and its cure, as HTML that is read out."""
    if refused is None:
        return ""
    escaped = ((html.escape(problem.field), html.escape(problem.what), html.escape(problem.cure)) for problem in refused.problems)
    items = (f"<li><code>{field}</code> {what}<span>{cure}</span></li>" for field, what, cure in escaped)
    return f'<div role="alert"><strong>This cannot be trained yet</strong><ul>{"".join(items)}</ul></div>'


def _named(given: Sequence[Any]) -> Values:
    return dict(zip(paths(), given, strict=True))

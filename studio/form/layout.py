"""Lay the form out, section by section, with the wiring that keeps it showing what applies."""

from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from studio.form.choices import alternatives, has_choice, is_union, sections
from studio.form.controls import changed, choice, control, explained, turned
from studio.form.fields import knobs, top_knobs
from studio.form.values import Values, initial, paths, switched

FIRST = ("method", "data", "model")
"""Sections shown open; the others wait behind a fold of their own, in the order of the schema."""
PLAIN: dict[str, Any] = {"preprocess": False, "show_progress": "hidden", "api_visibility": "private"}
"""What is typed comes as it is: the schema refuses it by its field, where Gradio would round it, or fail."""
QUICK: dict[str, Any] = {"queue": False, **PLAIN}
"""Events that only rearrange the form."""
SLOW: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "slow", **PLAIN}
"""Events that take seconds of the processor: one at a time, for all pages together."""


@dataclass
class Form:
    """The controls by path, and per section the alternative they are showing."""

    controls: dict[str, Any] = field(default_factory=dict)
    showing: dict[str, Any] = field(default_factory=dict)

    @property
    def inputs(self) -> list[Any]:
        """The controls in the order of `paths()`."""
        return [self.controls[path] for path in paths()]

    @property
    def outputs(self) -> list[Any]:
        return [*self.inputs, *self.showing.values()]

    def filled(self, values: Values) -> list[Any]:
        """Updates of `outputs` that make the form show these values."""
        members = {section: values[f"{section}.name"] for section in self.showing}
        found: dict[str, Any] = {knob.path: values[knob.path] for knob in top_knobs()}
        for section in sections():
            member = values.get(f"{section}.name", "")
            if has_choice(section):
                found[f"{section}.name"] = gr.update(value=member, info=explained(section, member))
            for knob in knobs(section):
                found[knob.path] = changed(knob, member, values[knob.path])
        return [*(found[path] for path in paths()), *members.values()]


def build() -> Form:
    """Lay the form out inside the block that is open."""
    form, values = Form(), initial()
    for section in FIRST:
        with gr.Group(elem_classes="rwp-section"):
            _section(form, section, values)
    for section in (name for name in sections() if name not in FIRST):
        with gr.Accordion(section.capitalize(), open=False, elem_classes="rwp-fold"):
            _section(form, section, values)
    with gr.Accordion("Seed", open=False, elem_classes="rwp-fold"):
        _place(form, top_knobs(), "", values)
    for section in form.showing:
        _wire(form, section)
    return form


def _section(form: Form, section: str, values: Values) -> None:
    member = values.get(f"{section}.name", "")
    if has_choice(section):
        form.controls[f"{section}.name"] = choice(section, member)
    if is_union(section):
        form.showing[section] = gr.Textbox(member, visible=False)
    plain = [knob for knob in knobs(section) if not knob.is_advanced]
    advanced = [knob for knob in knobs(section) if knob.is_advanced]
    _place(form, plain, member, values)
    if advanced:
        with gr.Accordion("Advanced", open=False, elem_classes="rwp-advanced"):
            _place(form, advanced, member, values)


def _place(form: Form, shown: Any, member: str, values: Values) -> None:
    for knob in shown:
        form.controls[knob.path] = control(knob, member, values[knob.path])


def _wire(form: Form, section: str) -> None:
    """Show the knobs of the alternative that somebody chooses, and only those."""
    own = knobs(section)
    chooser = form.controls[f"{section}.name"]

    def switch(before: str, after: str, *current: Any) -> list[Any]:
        if not {before, after} <= alternatives(section).keys():
            return [gr.skip() for _ in range(2 + len(own))]
        values = switched(section, before, after, dict(zip((knob.path for knob in own), current, strict=True)))
        updates = (turned(knob, (before, shown), (after, values[knob.path])) for knob, shown in zip(own, current, strict=True))
        return [gr.update(info=explained(section, after)), after, *updates]

    controls = [form.controls[knob.path] for knob in own]
    chooser.input(switch, [form.showing[section], chooser, *controls], [chooser, form.showing[section], *controls], **QUICK)

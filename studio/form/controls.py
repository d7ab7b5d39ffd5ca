"""Controls: a form field as a Gradio component. Nothing else knows components."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.components import Component

from engine.experiment.schema import Experiment
from studio.form.choices import about, alternatives
from studio.form.fields import FormField, Kind
from studio.form.values import MAYBE


def control(knob: FormField, member: str, value: Any) -> Component:
    """The control of a knob, hidden where the chosen alternative does not have it."""
    common: dict[str, Any] = {
        "value": value,
        "label": knob.label,
        "info": knob.field(member).description,
        "visible": member in knob.fields,
        "elem_id": f"knob-{knob.path.replace('.', '-')}",
        "elem_classes": ["rwp-knob", f"rwp-{knob.kind}"],
    }
    return _MAKERS[knob.kind](knob, member, common)


def changed(knob: FormField, member: str, value: Any) -> dict[str, Any]:
    """The update of a knob's control for another alternative."""
    update = {"value": value, "visible": member in knob.fields, "info": knob.field(member).description}
    if knob.kind == "slider":
        update["minimum"], update["maximum"] = knob.limits(member)
    return gr.update(**update)


def turned(knob: FormField, before: tuple[str, Any], after: tuple[str, Any]) -> dict[str, Any]:
    """The update that takes a control from one alternative and value to others: none where it looks the same, so that it keeps
    what somebody has typed in the meantime."""
    update = changed(knob, *after)
    return gr.skip() if update == changed(knob, *before) else update


def choice(section: str, member: str) -> gr.Dropdown:
    """The choice between the alternatives of a section."""
    names = list(alternatives(section))
    return gr.Dropdown(
        names,
        value=member,
        label=section.capitalize(),
        info=explained(section, member),
        filterable=False,
        elem_id=f"knob-{section}-name",
        elem_classes=["rwp-knob", "rwp-choice", "rwp-main"],
    )


def explained(section: str, member: str) -> str:
    """What the section is, and what this alternative is."""
    return f"{Experiment.model_fields[section].description} {about(section, member)}"


def _slider(knob: FormField, member: str, common: dict[str, Any]) -> Component:
    low, high = knob.limits(member)
    return gr.Slider(low, high, step=knob.step, buttons=[], **common)


_MAKERS: dict[Kind, Callable[[FormField, str, dict[str, Any]], Component]] = {
    "choice": lambda knob, _, common: gr.Dropdown(list(knob.choices), **common),
    "maybe": lambda _knob, _, common: gr.Dropdown(list(MAYBE), **common),
    "switch": lambda _knob, _, common: gr.Checkbox(**common),
    "slider": _slider,
    "whole": lambda _knob, _, common: gr.Number(precision=0, **common),
    "number": lambda _knob, _, common: gr.Number(step=0.001, **common),
    "blank": lambda _knob, _, common: gr.Textbox(placeholder="empty", **common),  # a number box cannot be empty at first
    "text": lambda _knob, _, common: gr.Textbox(**common),
}

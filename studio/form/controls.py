"""Controls: a knob as a Gradio component. Nothing else knows components."""

from typing import Any

import gradio as gr
from gradio.components import Component

from engine.experiment import Experiment
from studio.form.knobs import Knob, about, alternatives
from studio.form.values import MAYBE


def control(knob: Knob, member: str, value: Any) -> Component:
    """The control of a knob, hidden where the chosen alternative does not have it."""
    common: dict[str, Any] = {
        "value": value,
        "label": knob.label,
        "info": knob.field(member).description,
        "visible": member in knob.fields,
        "elem_id": f"knob-{knob.path.replace('.', '-')}",
        "elem_classes": ["rwp-knob", f"rwp-{knob.kind}"],
    }
    match knob.kind:
        case "choice":
            return gr.Dropdown(list(knob.choices), **common)
        case "maybe":
            return gr.Dropdown(list(MAYBE), **common)
        case "switch":
            return gr.Checkbox(**common)
        case "slider":
            low, high = knob.limits(member)
            return gr.Slider(low, high, step=knob.step, buttons=[], **common)
        case "whole" | "number":
            return gr.Number(precision=0 if knob.kind == "whole" else None, step=_step(knob), **common)
        case "text":
            return gr.Textbox(**common)


def changed(knob: Knob, member: str, value: Any) -> dict[str, Any]:
    """The update of a knob's control for another alternative."""
    update = {"value": value, "visible": member in knob.fields, "info": knob.field(member).description}
    if knob.kind == "slider":
        update["minimum"], update["maximum"] = knob.limits(member)
    return gr.update(**update)


def choice(section: str, member: str) -> gr.Dropdown:
    """The choice between the alternatives of a section."""
    names = list(alternatives(section))
    return gr.Dropdown(
        names,
        value=member,
        label=section,
        info=explained(section, member),
        filterable=False,
        elem_id=f"knob-{section}-name",
        elem_classes=["rwp-knob", "rwp-choice", "rwp-main"],
    )


def explained(section: str, member: str) -> str:
    """What the section is, and what this alternative is."""
    return f"{Experiment.model_fields[section].description} {about(section, member)}"


def _step(knob: Knob) -> float:
    return 1 if knob.kind == "whole" else 0.001

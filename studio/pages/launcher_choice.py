"""Where a training takes place: on this machine, or in a job of Slurm where there is one."""

import json
import shlex
from typing import Any

import gradio as gr

from engine.launch import slurm
from engine.runs.slurm import EXAMPLE, SlurmOptions, parse

HERE, SLURM = "This machine", "Slurm"
NAMES = ("launcher", "slurm")


class LauncherChoice:
    """Laid out inside the block that is open; hidden where jobs cannot be submitted."""

    def __init__(self) -> None:
        with gr.Group(visible=slurm.is_there(), elem_classes="rwp-section", elem_id="rwp-where"):
            self._launcher = gr.Radio([HERE, SLURM], value=HERE, label="Train on", elem_id="rwp-launcher")
            self._options = gr.Textbox(
                label="What a job asks Slurm for",
                info=f"Names are those of sbatch: {', '.join(SlurmOptions.model_fields)}. An hour, if no time is given.",
                placeholder=EXAMPLE,
                elem_id="rwp-slurm",
            )

    @property
    def inputs(self) -> list[Any]:
        return [self._launcher, self._options]


def options(launcher: object, text: object) -> SlurmOptions | None:
    """What the jobs ask for; None for this machine. Raises `Refused` if Slurm would not take them."""
    if launcher != SLURM:
        return None
    found = parse(str(text))
    slurm.check(found)
    return found


def flags(launcher: object, text: object) -> str:
    """What a command needs to train there as well."""
    return f" --launcher slurm --slurm {shlex.quote(str(text))}" if launcher == SLURM else ""


def restored(kept: str) -> list[str]:
    """The choice as a page kept it, in JSON, or else this machine."""
    try:
        given = json.loads(kept)
        return [str(given[name]) for name in NAMES]
    except (ValueError, RecursionError, TypeError, KeyError):
        return [HERE, ""]

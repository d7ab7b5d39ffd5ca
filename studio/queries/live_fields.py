"""Fields that may change on a running run: their limits and their present values."""

from typing import Any

from engine.experiment.live_changes import live_paths
from engine.runs.run import Run
from studio.form.fields import knobs, plain_type


def live_knobs(run: Run) -> list[dict[str, Any]]:
    """One row for each live field, in the order of the form; it gets a slider where `step` or `log_from` is not null."""
    experiment = run.present
    config, allowed = experiment.model_dump(), live_paths(experiment)
    rows = []
    for section in dict.fromkeys(path.partition(".")[0] for path in allowed):
        member = config[section].get("name", "")
        for knob in (knob for knob in knobs(section) if knob.path in allowed):
            low, high = knob.limits(member)
            scale = {"min": low, "max": high, "step": knob.step, "log_from": knob.log_from(member)}
            shown = {"label": knob.label, "short": knob.short, "help": knob.field(member).description}
            more = {"advanced": knob.is_advanced, "optional": plain_type(knob.field(member))[1]}
            rows.append({"path": knob.path, "value": config[section][knob.key], **scale, **shown, **more})
    return rows

"""What the sliders on a running run need to know: the fields that may change, their limits, and their present values."""

from typing import Any

from engine.live import live_paths
from engine.run import Run
from studio.form.knobs import knobs


def live_knobs(run: Run) -> list[dict[str, Any]]:
    """One row for each live field, in the order of the form; `step` is null where a slider makes no sense."""
    experiment = run.present
    config, allowed = experiment.model_dump(), live_paths(experiment)
    rows = []
    for section in dict.fromkeys(path.partition(".")[0] for path in allowed):
        member = config[section].get("name", "")
        for knob in (knob for knob in knobs(section) if knob.path in allowed):
            low, high = knob.limits(member)
            shown = {"label": knob.label, "help": knob.field(member).description, "step": knob.step}
            rows.append({"path": knob.path, "value": config[section][knob.key], "min": low, "max": high, **shown})
    return rows

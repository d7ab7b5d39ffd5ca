"""What a run says about its images."""

from pathlib import Path

import pytest

from engine.experiment.schema import read
from engine.runs.run import Run
from tests.engine.runs.test_lineage import training

SHORT = {"model": {"name": "mlp"}, "schedule": {"epochs": 1}, "landscape": {"at_end": False}}


def test_a_run_that_is_measured_on_held_out_images_says_so(tmp_path: Path) -> None:
    run = Run.create(tmp_path, read({**SHORT, "data": {"validation_split": 0.01}}))
    with training(run) as made:
        made.run_to_end()
    (told,) = [event.data for event in run.records.events() if event.kind == "held out"]
    assert told["images"] == 14
    correct = 14 * (run.records.last("test/accuracy") or 0)
    assert correct == pytest.approx(round(correct))

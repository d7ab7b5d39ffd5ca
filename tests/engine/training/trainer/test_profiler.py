"""A trace of ten steps, asked of a running engine."""

import gzip
import json

import pytest

from engine.experiment.overrides import merge
from tests.processes import LONG, Launch, ended, is_running, wait


@pytest.mark.slow
def test_a_trace_shows_ten_updates_and_both_streams(launch: Launch) -> None:
    run = launch(merge(LONG, {"method": {"name": "m-arwp"}, "runtime": {"streams": "parallel"}}))
    wait(run, is_running)
    run.commands.send("trace")
    wait(run, lambda _: any(event.kind == "trace" for event in run.records.events()), 60)
    run.commands.send("stop")
    wait(run, ended)
    told = next(event for event in run.records.events() if event.kind == "trace")
    with gzip.open(run.path / "traces" / told.data["file"]) as file:
        happened = json.load(file)["traceEvents"]
    assert [event["name"] for event in happened if event.get("cat") == "user_annotation"] == ["update"] * 10
    drawn = {event["tid"] for event in happened if event["name"] == "aten::normal_"}
    backward = [event["tid"] for event in happened if "NllLossBackward0" in event["name"]]
    assert len(drawn) == 1
    assert len(set(backward)) == 2

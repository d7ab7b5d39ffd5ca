"""Charts: every method has a colour of its own, and every metric that is drawn can be compared."""

from engine.experiment.schema import UNIONS
from studio.charts import CHARTS, METHOD_COLOURS, OVERLAYS


def test_every_method_has_a_colour_of_its_own() -> None:
    assert set(METHOD_COLOURS) == set(UNIONS["method"])
    assert len(set(METHOD_COLOURS.values())) == len(METHOD_COLOURS)


def test_every_metric_of_a_chart_can_be_compared() -> None:
    compared = [trace["metric"] for chart in OVERLAYS for trace in chart["traces"]]
    assert sorted(compared) == sorted(trace.metric for chart in CHARTS for trace in chart.traces)
    assert compared[0] == "test/accuracy"

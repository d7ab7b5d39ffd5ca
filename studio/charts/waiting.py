"""The share of each update that went into waiting for images; sets that are read from files only."""

from studio.charts.figure import VERMILION, Figure, Trace

FIGURE = Figure(
    "waiting",
    "Waiting for data",
    "of an update (%)",
    (Trace("train/data_wait", "waiting for images", VERMILION, "solid", smooth=True),),
    log=False,
    percent=True,
    from_zero=True,
    highest=1.0,
)

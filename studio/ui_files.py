"""Where the files are that a browser runs and shows."""

from pathlib import Path

import plotly

UI = Path(__file__).parents[1] / "assets" / "ui"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

"""The studio: the page and the commands with which people start, watch, steer and compare trainings."""

import os
from runpy import run_path

run_path(os.path.join(os.path.dirname(os.path.dirname(__file__)), "rwp_studio.py"))["put_in_order"]()  # noqa: PTH118, PTH120

"""A report is one file that asks nobody for anything."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.experiment.schema import read
from engine.runs.arrays import save_arrays
from engine.runs.labels import relabel
from engine.runs.run import Run
from engine.runs.status import Status
from engine.runs.writer import Writer
from studio.queries.listing import Listing
from studio.report.bundle import PREFIX, import_map
from studio.report.page import report
from studio.ui_files import UI


@pytest.fixture
def page(tmp_path: Path) -> str:
    for seed in (0, 1):
        for method in ("sgd", "m-rwp"):
            run = Run.create(tmp_path, read({"seed": seed, "method": {"name": method}, "data": {"label_noise": 0.4}}))
            relabel(run, {"name": "</script><b>"})
            writer = Writer(run.path / "run.db")
            writer.metrics(3, 1.0, {"test/accuracy": 0.5 + seed / 10})
            if method == "m-rwp":
                writer.event(2, "changed", path="method.sigma", old=0.01, new=0.05)
            writer.flush(Status(state="finished", step=3, steps=3))
            writer.close()
            (run.path / "env.json").write_text(json.dumps({"torch": "2.10", "device": "<cpu>"}))
    return report(Listing(tmp_path).entries(), "", tmp_path, Path("data"))


def embedded(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="rwp-report">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_it_holds_what_the_page_compare_shows(page: str) -> None:
    content = embedded(page)
    assert {"found", "lines", "rows", "fields", "figures", "colours", "grids", "tables", "importance"} == content.keys()
    assert len(content["rows"]) == 4
    assert "m-rwp" in content["tables"]["end"]["md"]


def test_it_says_what_was_trained_where_and_how_to_do_it_again(page: str) -> None:
    text = page[page.rindex("</section>\n<section") - 20_000 :]
    assert "<td>data.label_noise</td><td>0.4</td>" in page
    assert "<td>2</td><td>method.sigma</td><td>0.05</td>" in page
    assert "<td>device</td><td>&lt;cpu&gt;</td><td>4</td>" in page
    assert page.count("rwp-studio train --set") == 2
    assert "seeds 0, 1:" in text


def test_nothing_in_it_leads_elsewhere_or_is_taken_for_markup(page: str) -> None:
    assert not re.search(r"<(link|img|iframe|script)[^>]* (src|href)=", page)
    assert "default-src 'none'" in page
    assert "</script><b>" not in page


def test_a_landscape_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    for seed, name in ((0, "sgd"), (0, "rwp")):
        run = Run.create(tmp_path, read({"seed": seed, "method": {"name": name}}))
        writer = Writer(run.path / "run.db")
        writer.event(3, "landscape", array="landscape-00000003", points=1, done=True)
        writer.flush(Status(state="finished", step=3, steps=3))
        writer.close()
        save_arrays(run.path / "arrays" / "landscape-00000003.npz", {key: np.ones((1, 1)) for key in ("x", "y", "loss")})
    (run.path / "arrays" / "landscape-00000003.npz").write_bytes(b"broken")
    (sound,) = (one.id for one in Run.all(tmp_path) if one.id != run.id)
    assert list(embedded(report(Listing(tmp_path).entries(), "", tmp_path, tmp_path))["grids"]) == [f"{sound} landscape-00000003"]


def test_every_script_that_is_needed_is_there() -> None:
    found = import_map("compare/report.js")
    for name, address in found.items():
        source = base64.b64decode(address.partition(",")[2]).decode()
        for imported in re.findall(r'from "([^"]+)"', source):
            assert imported in found, f"{name} imports {imported}"
        assert "import.meta" not in source, f"{name} asks where it is, which a script in a report is not"
        assert "fetch(" not in source
    assert f"{PREFIX}charts/axes.js" in found
    assert all((UI / name.removeprefix(PREFIX)).exists() for name in found)

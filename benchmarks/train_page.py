"""`python -m benchmarks.train_page`: how soon the first curve of a finished run is there, and how smoothly its film is played.

A studio of its own and Debian's chromium, on one run of the demonstration. Medians of several rounds, with their range.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.compare_page import CHROMIUM, opened, studio, tell

ROUNDS = 9
CURVE = "document.querySelector('[data-figure=loss] .main-svg')"
SURFACE = "document.querySelector('[data-surface] canvas')"
SOFTWARE = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""Surfaces are drawn by the processor, as where there is no GPU."""
FRAMES = """async () => {
    document.querySelector('[data-film-play]').click();
    const began = performance.now();
    let frames = 0;
    for (; performance.now() - began < 3000; frames += 1) await new Promise(requestAnimationFrame);
    return frames / 3;
}"""


def _frames(page: Page, address: str) -> float:
    """Frames a second while the film is played from its beginning, and the surface drawn anew for each of its frames."""
    opened(page, address, SURFACE)
    return float(page.evaluate(FRAMES))


def main() -> None:
    """Train, open the page, print the table."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        train = [sys.executable, "-m", "studio", "train", "--recipe", "demo", "--runs", place, "--data", place]
        made = subprocess.run(train, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.split()[-1]
        with studio(Path(place)) as url:
            page = playwright.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE).new_page()
            page.set_viewport_size({"width": 1400, "height": 900})
            address = f"{url}/?run={Path(made).name}"
            print(f"{'first opening after the start of the studio':<58} {opened(page, address, CURVE):8.0f} ms")
            tell("opening a finished run, until its first curve is drawn", [opened(page, address, CURVE) for _ in range(ROUNDS)])
            tell("frames a second while the film is played", [_frames(page, address) for _ in range(ROUNDS)], "/s")


if __name__ == "__main__":
    main()

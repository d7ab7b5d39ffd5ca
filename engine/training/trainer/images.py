"""Report on the images: which are held out, whether one's own are those of the beginning, and what is wrong with them."""

from pathlib import Path

from engine.errors import Refused
from engine.experiment import image_folder
from engine.experiment.data import Folder
from engine.experiment.folder_contents import contents
from engine.runs.own_images import agree
from engine.runs.run import Run
from engine.training.trainer.recorder import Recorder

FIRST = 100


def report_images(run: Run, recorder: Recorder) -> None:
    """Report files that are passed over, and that images are not those with which the run began. Raises `Refused`."""
    data = run.experiment.data
    if not isinstance(data, Folder):
        return
    try:
        found = contents(Path(data.path))
    except OSError as error:
        raise Refused(image_folder.unreadable(error)) from None
    if what := agree(run, found.fingerprint):
        recorder.event("other images", what=what)
    for reason, files, first in found.passed_over:
        recorder.event("passed over", reason=reason, files=files, first=list(first))


def report_unusable(recorder: Recorder, file: str, reason: str, count: int) -> None:
    """Report a file that is no usable picture; of many, the first hundred and then every hundredth."""
    if count <= FIRST or count % FIRST == 0:
        recorder.event("image left out", file=file, reason=reason, count=count)


def report_held_out(recorder: Recorder, count: int) -> None:
    """Report that what is recorded as test/… is measured on training images."""
    recorder.event("held out", images=count, what="training images, on which all that is called test is measured")

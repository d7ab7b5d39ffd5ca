"""Report how far a training is: steps, epochs, samples and operations."""

from concurrent.futures import Future

from engine.experiment.dataset_info import input_shape
from engine.training.probes.flops import loading, per_image
from engine.training.step.learner import Learner
from engine.training.trainer.recorder import Recorder


class Reporter:
    """Keeps the status of a run up to where its learner is."""

    def __init__(self, journal: Recorder, learner: Learner) -> None:
        self._journal, self._learner = journal, learner
        self._shape = input_shape(learner.experiment)
        self._counter: Future[None] | None = None
        self._flops_per_image: float | None = None

    def report_length(self) -> None:
        """Report what is to be done, which only a change of the experiment alters, and the position."""
        epochs = self._learner.experiment.schedule.epochs
        self._journal.say(steps=self._learner.steps, epochs=epochs, course=self._learner.data.timetable.course(epochs))
        self.report_position()

    def report_position(self) -> None:
        """Report what has been done; operations too, once they can be counted."""
        loop = self._learner
        self._journal.say(streams=loop.how, step=loop.step, epoch=loop.data.timetable.at(loop.step).epoch)
        self._journal.say(samples=loop.samples, gradient_evaluations=loop.gradient_evaluations)
        if self._flops_per_image is None and self._counter and self._counter.done():
            self._flops_per_image = per_image(loop.replica.module, self._shape)
        if self._flops_per_image is not None:
            self._journal.say(flops=self._flops_per_image * loop.samples)

    def count_operations(self) -> None:
        """Begin to load what counts operations, which takes seconds."""
        self._counter = self._counter or loading()

    def finish(self) -> None:
        """Wait for the count if it was begun, and report it."""
        if self._counter is not None:
            self._counter.result()
            self.report_position()

"""Report how far a training is: steps, epochs, samples and operations."""

from concurrent.futures import Future

from engine.experiment.dataset_info import input_shape
from engine.training.probes.flops import loading, per_image
from engine.training.step.learner import Learner
from engine.training.trainer.recorder import Recorder


class Reporter:
    """Keeps the status of a run up to where its learner is."""

    def __init__(self, recorder: Recorder, learner: Learner) -> None:
        self._recorder, self._learner = recorder, learner
        self._shape = input_shape(learner.experiment)
        self._counter: Future[None] | None = None
        self._flops_per_image: float | None = None

    def report_length(self) -> None:
        """Report what is to be done, which only a change of the experiment alters, and the position."""
        epochs = self._learner.experiment.schedule.epochs
        self._recorder.update_status(
            steps=self._learner.steps, epochs=epochs, epoch_curve=self._learner.data.batch_schedule.epoch_curve(epochs)
        )
        self.report_position()

    def report_position(self) -> None:
        """Report what has been done; operations too, once they can be counted."""
        learner = self._learner
        self._recorder.update_status(
            streams=learner.how, step=learner.step, epoch=learner.data.batch_schedule.at(learner.step).epoch
        )
        self._recorder.update_status(samples=learner.samples, gradient_evaluations=learner.gradient_evaluations)
        if self._flops_per_image is None and self._counter and self._counter.done():
            self._flops_per_image = per_image(learner.model.module, self._shape)
        if self._flops_per_image is not None:
            self._recorder.update_status(flops=self._flops_per_image * learner.samples)

    def count_operations(self) -> None:
        """Begin to load what counts operations, which takes seconds."""
        self._counter = self._counter or loading()

    def finish(self) -> None:
        """Wait for the count if it was begun, and report it."""
        if self._counter is not None:
            self._counter.result()
            self.report_position()

"""Steps from a graph: the numbers of the steps themselves, and what happens where there can be none."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
import torch

from benchmarks import gpu
from benchmarks.cases import Case
from engine.experiment.live_changes import apply_changes
from engine.experiment.schema import UNIONS
from engine.training.data import Batch
from engine.training.step.cuda_graph import WARM_UP, CudaGraph, why_no_graph
from engine.training.step.learner import Learner
from engine.training.streams.executors import CudaStreams
from tests.engine.conftest import FakeStream, MakeLearner
from tests.engine.training.step import recorded
from tests.engine.training.step.recorded import RecordedGraph

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
SMALL = {"data": {"train_size": 300}, "schedule": {"epochs": 4, "batch_size": 64}}
TINY = {"data": {"train_size": 28}, "schedule": {"epochs": 8, "batch_size": 8}}
MARWP = {"method": {"name": "m-arwp"}}
KINDS: dict[str, dict[str, Any]] = {
    **{name: {**SMALL, "method": {"name": name}} for name in UNIONS["method"]},
    "dropout": {**TINY, **MARWP, "model": {"name": "vit-s"}},
    "dropout twice on one batch": {**TINY, "method": {"name": "sam"}, "model": {"name": "vit-s"}},
    "parts with dropout": {**TINY, **MARWP, "model": {"name": "vit-s"}, "runtime": {"accumulate": 2}},
    "mixup": {**SMALL, **MARWP, "data": {"train_size": 300, "mixup": 0.4}},
    "bf16": {**SMALL, **MARWP, "model": {"name": "mlp"}, "runtime": {"precision": "bf16"}},
    "Adam and clipping": {**SMALL, **MARWP, "optimizer": {"name": "adamw", "lr": 0.001, "clip_norm": 0.5}},
    "m-sharpness": {**SMALL, "method": {"name": "sam", "m_sharpness": 32}},
    "float64": {**SMALL, **MARWP, "double": True},
    "mostly clean": {**SMALL, "method": {"name": "m-rwp", "lambda": 0.1}, "model": {"name": "mlp"}},
    "perturbed statistics": {**SMALL, "method": {"name": "m-rwp", "bn_statistics": "perturbed"}},
}


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing keeps from a graph."""
    monkeypatch.setattr("engine.training.step.learner.why_no_graph", lambda *_: "")


def graphed(learner: Learner, kind: type[RecordedGraph] = RecordedGraph, way: str = "sequential") -> RecordedGraph:
    """The graph of `learner`, whose gradients are run in that `way`."""
    graph = kind(learner._state)
    learner.make_graph = lambda _: graph
    learner.choose_streams(way)
    return graph


def pair(make_learner: MakeLearner, kind: dict[str, Any]) -> tuple[Learner, Learner]:
    """The same training twice, the second one with a graph."""
    runtime = {**kind.get("runtime", {}), "cuda_graph": True}
    return make_learner(**kind), make_learner(**{**kind, "runtime": runtime})


def assert_alike(one: Learner, two: Learner, updates: int) -> None:
    for _ in range(updates):
        assert two.take_step() == one.take_step()
    assert (one.samples, one.gradient_evaluations) == (two.samples, two.gradient_evaluations)
    for name in ("weights", "v", "memory", "buffers", "optimizer"):
        torch.testing.assert_close(two.state_dict()[name], one.state_dict()[name], rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_repeated_updates_are_the_updates_themselves(make_learner: MakeLearner, anywhere: None, kind: str) -> None:
    """Bit for bit."""
    one, two = pair(make_learner, KINDS[kind])
    graph = graphed(two)
    updates = 8 if "vit-s" in str(KINDS[kind]) else 20
    assert_alike(one, two, updates)
    assert two.how == "sequential; in one CUDA graph"
    assert graph.replays == updates - WARM_UP


@pytest.mark.parametrize(("odd", "replays"), [(0, 7), (2, 6), (3, 8), (4, 8), (5, 8), (9, 8)])
def test_a_batch_of_another_size_is_not_for_the_graph(make_learner: MakeLearner, anywhere: None, odd: int, replays: int) -> None:
    """Before the capture it is waited for three of one size anew; after it such a batch is just let through."""
    one, two = pair(make_learner, KINDS["m-arwp"])
    for learner in (one, two):
        cut(learner, odd)
    graph = graphed(two)
    assert_alike(one, two, 12)
    assert two.how == "sequential; in one CUDA graph"
    assert graph.replays == replays


def cut(learner: Learner, step: int) -> None:
    """Let the mini-batches of one step be smaller, as where pictures cannot be read."""
    batch = learner.data.batch

    def smaller(stream: int, at: int) -> Batch:
        whole = batch(stream, at)
        return whole.parts(2)[0] if at == step else whole

    learner.data.batch = smaller  # type: ignore[method-assign]


def test_both_branches_are_repeated(
    make_learner: MakeLearner, anywhere: None, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.training.streams.parallel.executors", lambda here, _: CudaStreams(here))
    one, two = pair(make_learner, KINDS["dropout"])
    graphed(two, way="parallel")
    assert_alike(one, two, 8)
    assert two.how == "parallel; in one CUDA graph"
    assert said.count("side waits for main") == WARM_UP + 2  # to capture, and to compare


@pytest.mark.parametrize(
    ("changes", "captures"),
    [
        ({"method.sigma": 0.05, "optimizer.lr": 0.02, "schedule.epochs": 9, "runtime.evaluate_every": 2}, 1),
        ({"method.lambda": 0.9}, 2),
        ({"runtime.accumulate": 2}, 2),
        ({"data.label_smoothing": 0.1}, 2),
        ({"schedule.batch_size": 32}, 2),
    ],
)
def test_a_live_change_is_captured_anew_where_it_is_part_of_the_work(
    make_learner: MakeLearner, anywhere: None, changes: dict[str, object], captures: int
) -> None:
    one, two = pair(make_learner, KINDS["m-arwp"])
    graph = graphed(two)
    assert_alike(one, two, 7)
    for learner in (one, two):
        learner.change(apply_changes(learner.experiment, changes))
    assert two.how.endswith("no CUDA graph yet" if captures == 2 else "in one CUDA graph")
    assert_alike(one, two, 9)
    assert two.how.endswith("in one CUDA graph")
    assert graph.captures == captures


def test_a_training_goes_on_from_its_state(make_learner: MakeLearner, anywhere: None) -> None:
    one, two = pair(make_learner, KINDS["fsam"])
    graphed(two)
    for _ in range(6):
        two.take_step()
    for learner in (one, two):
        learner.load_state_dict(deepcopy(two.state_dict()))
    assert_alike(one, two, 5)


def test_nothing_is_left_at_the_places_of_a_graph(make_learner: MakeLearner, anywhere: None) -> None:
    """So that what is timed or compiled later sees a batch of its own."""
    one, two = pair(make_learner, KINDS["dropout"])
    graphed(two)
    assert_alike(one, two, 5)
    assert torch.equal(two.batch().images, one.batch().images)
    assert two._metrics.direction.numel() == 0
    one.choose_streams("sequential")
    two.choose_streams("sequential")
    assert_alike(one, two, 2)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (recorded.Waits, "is not permitted when a stream is captured"),
        (recorded.Copies, "copied from the processor"),
        (recorded.Draws, "was not told of"),
        (recorded.Stale, "does not give the numbers"),
        (recorded.FullAtCapture, "CUDA out of memory"),
        (recorded.FullAtReplay, "no memory"),
        (recorded.FullBeside, "no memory"),
    ],
)
@pytest.mark.parametrize("kind", ["m-arwp", "mostly clean"])
def test_what_cannot_be_repeated_goes_on_as_it_is_and_says_why(
    make_learner: MakeLearner, anywhere: None, graph: type[RecordedGraph], reason: str, kind: str
) -> None:
    one, two = pair(make_learner, KINDS[kind])
    made = graphed(two, graph)
    assert_alike(one, two, 12)
    assert two.how.startswith("sequential; no CUDA graph: ")
    assert reason in two.how
    assert "\n" not in two.how
    assert made.captures == 1
    assert not made._calls


@pytest.mark.parametrize(
    ("config", "device", "processes", "reason"),
    [
        ({}, CPU, 1, "cpu has none"),
        ({}, CUDA, 1, ""),
        ({}, CUDA, 2, "several devices"),
        ({"runtime": {"devices": 2}, "method": {"name": "m-rwp"}}, CUDA, 1, "several devices"),
        ({"runtime": {"devices": 2}, "method": {"name": "sgd"}}, CUDA, 1, ""),
        ({"runtime": {"precision": "fp16"}}, CUDA, 1, "fp16"),
    ],
)
def test_what_keeps_from_a_graph_is_told(
    make_learner: MakeLearner, config: dict[str, Any], device: torch.device, processes: int, reason: str
) -> None:
    told = why_no_graph(make_learner(**config).experiment, device, processes)
    assert (reason in told) if reason else not told


def test_a_processor_says_that_it_has_none(make_learner: MakeLearner) -> None:
    learner = make_learner(runtime={"cuda_graph": True, "streams": "sequential"})
    learner.choose_streams()
    assert learner.how == "sequential; no CUDA graph: cpu has none"
    learner.take_step()


class FakeGraph:
    """Writes down what a CUDA graph is asked for."""

    def register_generator_state(self, source: torch.Generator) -> None:
        FakeStream.said.append(f"told of {source.initial_seed()}")

    def replay(self) -> None:
        FakeStream.said.append("again")

    def reset(self) -> None:
        FakeStream.said.append("given back")


@pytest.fixture
def capturing(said: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """torch.cuda.graph, which stays on the stream it captures where it cannot end, and tells of that alone."""

    @contextmanager
    def graph(_: FakeGraph, stream: FakeStream, capture_error_mode: str) -> Iterator[None]:
        said.append(f"captures {stream.name}, {capture_error_mode}")
        try:
            yield
        except ArithmeticError:
            raise RuntimeError("operation failed due to a previous error during capture")  # noqa: B904 - as torch does
        said.append("captured")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", graph)
    monkeypatch.setattr(torch.cuda, "set_stream", lambda stream: said.append(f"back on {stream.name}"))
    return said


def test_a_cuda_graph_is_warmed_up_and_captured_on_one_stream(capturing: list[str]) -> None:
    graph = CudaGraph(CUDA)
    graph.warm(lambda: capturing.append("work"))
    assert capturing == ["side waits for main", "on side", "work", "off side", "main waits for side"]
    capturing.clear()
    graph.capture(lambda: capturing.append("work"), [torch.Generator().manual_seed(seed) for seed in (3, 4)])
    graph.replay()
    graph.forget()
    graph.forget()
    captured = ["captures side, thread_local", "work", "captured"]
    assert capturing == ["told of 3", "told of 4", *captured, "again", "given back"]


def test_a_failed_capture_leaves_nothing_and_tells_what_went_wrong_first(capturing: list[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        CudaGraph(CUDA).capture(lambda: 1 / 0, [])  # type: ignore[arg-type, return-value]
    assert capturing == ["captures side, thread_local", "back on main", "given back"]


def test_the_table_for_gpus_measures_every_way(anywhere: None, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.streams.parallel.executors", lambda here, _: CudaStreams(here))
    monkeypatch.setattr(gpu, "UPDATES", 1)
    monkeypatch.setattr(Learner, "make_graph", lambda learner, _: RecordedGraph(learner._state))
    rows = [row.what for row in gpu.table(Case("mlp", 8, 16), "fp32", CPU, 1)]
    where = "mlp 8×8, batch 16, fp32"
    assert rows == [f"{way} / {other}, {where}" for way in list(gpu.WAYS)[2:] for other in ("SGD", "SAM")]


def test_the_table_for_gpus_does_not_tell_of_a_graph_that_there_is_not() -> None:
    with pytest.raises(RuntimeError, match="no CUDA graph: cpu has none"):
        gpu.some_steps(Case("mlp", 8, 16), CPU, "m-arwp", cuda_graph=True)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("way", ["sequential", "parallel"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_repeats_the_updates_themselves(make_learner: MakeLearner, kind: str, way: str) -> None:
    """With a batch of another size, a change and a restored state in between; within what the order of its sums makes of it."""
    one, two = pair(make_learner, {**KINDS[kind], "place": "cuda"})
    for learner in (one, two):
        cut(learner, 6)
    one.choose_streams("sequential")
    two.choose_streams(way)
    for step in range(20):
        a, b = one.take_step(), two.take_step()
        for tag in ("train/loss", "train/perturbed_loss", "train/gradient_norm"):
            assert b.get(tag) == pytest.approx(a.get(tag), rel=0.02)
        if step == 8:
            two.load_state_dict(deepcopy(one.state_dict()))
        if step in (4, 7, 13, 19):
            assert two.how.endswith("in one CUDA graph")
    for name in ("weights", "v", "buffers"):
        torch.testing.assert_close(two.state_dict()[name], one.state_dict()[name], rtol=0.05, atol=1e-3)

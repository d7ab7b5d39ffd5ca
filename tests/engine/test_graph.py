"""Updates from a graph: the numbers of the updates themselves, and what happens where there can be none."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest
import torch

from benchmarks import gpu
from benchmarks.loops import Case
from engine.datasets import Batch
from engine.experiment import UNIONS
from engine.graph import WARM_UP, CudaGraph, what_keeps_from_graph
from engine.lanes import CudaStreams
from engine.live import laid_over
from engine.loop import Loop
from tests.engine.conftest import FakeStream, MakeLoop
from tests.engine.recorded import RecordedGraph

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
SMALL = {"data": {"train_size": 300}, "schedule": {"epochs": 4, "batch_size": 64}}
TINY = {"data": {"train_size": 28}, "schedule": {"epochs": 5, "batch_size": 8}}
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
    "perturbed statistics": {**SMALL, "method": {"name": "m-rwp", "bn_statistics": "perturbed"}},
}


@pytest.fixture
def anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing keeps from a graph."""
    monkeypatch.setattr("engine.loop.what_keeps_from_graph", lambda *_: "")


def graphed(loop: Loop, kind: type[RecordedGraph] = RecordedGraph) -> list[RecordedGraph]:
    """The graphs that `loop` is going to make."""
    made: list[RecordedGraph] = []

    def make(_: torch.device) -> RecordedGraph:
        made.append(kind(loop._state))
        return made[-1]

    loop.make_graph = make
    return made


def pair(make_loop: MakeLoop, kind: dict[str, Any]) -> tuple[Loop, Loop]:
    """The same training twice, the second one with a graph."""
    runtime = {**kind.get("runtime", {}), "cuda_graph": True}
    return make_loop(**kind), make_loop(**{**kind, "runtime": runtime})


def assert_alike(one: Loop, two: Loop, updates: int) -> None:
    for _ in range(updates):
        assert two.train() == one.train()
    assert (one.samples, one.gradient_evaluations) == (two.samples, two.gradient_evaluations)
    for name in ("weights", "v", "memory", "buffers", "optimizer"):
        torch.testing.assert_close(two.state()[name], one.state()[name], rtol=0, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_repeated_updates_are_the_updates_themselves(make_loop: MakeLoop, anywhere: None, kind: str) -> None:
    """Bit for bit."""
    one, two = pair(make_loop, KINDS[kind])
    made = graphed(two)
    one.choose_streams("sequential")
    two.choose_streams("sequential")
    updates = 8 if "vit-s" in str(KINDS[kind]) else 20
    assert_alike(one, two, updates)
    assert two.how == "sequential; in one CUDA graph"
    assert made[-1].replays == updates - WARM_UP - 1


@pytest.mark.parametrize(("odd", "replays"), [(0, 6), (2, 5), (3, 4), (4, 7), (5, 7), (9, 7)])
def test_a_batch_of_another_size_is_not_for_the_graph(make_loop: MakeLoop, anywhere: None, odd: int, replays: int) -> None:
    """Before the capture it is waited for three of one size anew; after it such a batch is just let through."""
    one, two = pair(make_loop, KINDS["m-arwp"])
    for loop in (one, two):
        cut(loop, odd)
    made = graphed(two)
    one.choose_streams("sequential")
    two.choose_streams("sequential")
    assert_alike(one, two, 12)
    assert two.how.endswith("in one CUDA graph")
    assert made[0].replays == replays


def cut(loop: Loop, step: int) -> None:
    """Let the mini-batches of one step be smaller, as where pictures cannot be read."""
    batch = loop.data.batch

    def smaller(stream: int, at: int) -> Batch:
        whole = batch(stream, at)
        return whole.split(50)[0] if at == step else whole

    loop.data.batch = smaller  # type: ignore[method-assign]


def test_both_branches_are_repeated(
    make_loop: MakeLoop, anywhere: None, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.parallel.lanes", lambda here, _: CudaStreams(here))
    one, two = pair(make_loop, KINDS["dropout"])
    graphed(two)
    one.choose_streams("sequential")
    two.choose_streams("parallel")
    assert_alike(one, two, 8)
    assert two.how == "parallel; in one CUDA graph"
    assert said.count("side waits for main") == WARM_UP + 3  # the update of its capture twice, and the one it is compared with


def test_a_live_change_is_captured_anew(make_loop: MakeLoop, anywhere: None) -> None:
    one, two = pair(make_loop, KINDS["m-arwp"])
    made = graphed(two)
    one.choose_streams("sequential")
    two.choose_streams("sequential")
    assert_alike(one, two, 7)
    for loop in (one, two):
        loop.change(laid_over(loop.experiment, {"method.sigma": 0.05, "method.lambda": 0.9}))
    assert "CUDA" not in two.how
    assert_alike(one, two, 10)
    assert two.how.endswith("in one CUDA graph")
    assert [graph.replays for graph in made] == [7 - WARM_UP - 1, 10 - WARM_UP - 1]


def test_a_training_goes_on_from_its_state(make_loop: MakeLoop, anywhere: None) -> None:
    one, two = pair(make_loop, KINDS["fsam"])
    graphed(two)
    two.choose_streams("sequential")
    for _ in range(6):
        two.train()
    for loop in (one, two):
        loop.restore(deepcopy(two.state()))
    assert_alike(one, two, 10)


class Refusing(RecordedGraph):
    """Cannot be captured."""

    def capture(self, work: Any, generators: Iterable[torch.Generator]) -> None:
        super().capture(lambda: (work(), torch.ones(()).item()), generators)  # type: ignore[func-returns-value]


class Stale(RecordedGraph):
    """Repeats itself with the random numbers of before."""

    def capture(self, work: Any, generators: Iterable[torch.Generator]) -> None:
        self._generators = list(generators)
        self._starts = [one.get_state() for one in self._generators]
        super().capture(work, self._generators)

    def replay(self) -> None:
        for one, start in zip(self._generators, self._starts, strict=True):
            one.set_state(start)
        super().replay()


class Full(RecordedGraph):
    """Finds no memory when it is to be compared."""

    def replay(self) -> None:
        super().replay()
        self._state()[0].fill_(7)
        raise torch.OutOfMemoryError


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Refusing, "is not permitted when a stream is captured"), (Stale, "does not give the numbers"), (Full, "no memory")],
)
def test_what_cannot_be_repeated_goes_on_as_it_is_and_says_why(
    make_loop: MakeLoop, anywhere: None, kind: type[RecordedGraph], reason: str
) -> None:
    one, two = pair(make_loop, KINDS["m-arwp"])
    graphed(two, kind)
    one.choose_streams("sequential")
    two.choose_streams("sequential")
    assert_alike(one, two, 12)
    assert two.how.startswith("sequential; no CUDA graph: ")
    assert reason in two.how
    assert "\n" not in two.how


@pytest.mark.parametrize(
    ("config", "device", "processes", "reason"),
    [
        ({}, CPU, 1, "cpu has none"),
        ({}, CUDA, 1, ""),
        ({}, CUDA, 2, "several devices"),
        ({"runtime": {"devices": 2}}, CUDA, 1, "several devices"),
        ({"runtime": {"precision": "fp16"}}, CUDA, 1, "fp16"),
    ],
)
def test_what_keeps_from_a_graph_is_told(
    make_loop: MakeLoop, config: dict[str, Any], device: torch.device, processes: int, reason: str
) -> None:
    told = what_keeps_from_graph(make_loop(**config).experiment, device, processes)
    assert (reason in told) if reason else not told


def test_a_processor_says_that_it_has_none(make_loop: MakeLoop) -> None:
    loop = make_loop(runtime={"cuda_graph": True, "streams": "sequential"})
    loop.choose_streams()
    assert loop.how == "sequential; no CUDA graph: cpu has none"
    loop.train()


def test_a_cuda_graph_is_warmed_up_and_captured_on_one_stream(said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeGraph:
        def register_generator_state(self, generator: object) -> None:
            said.append(f"draws from {generator}")

        def replay(self) -> None:
            said.append("again")

    @contextmanager
    def capturing(_: FakeGraph, stream: FakeStream, capture_error_mode: str) -> Iterator[None]:
        said.append(f"captures {stream.name}, {capture_error_mode}")
        yield
        said.append("captured")

    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", capturing)
    graph = CudaGraph(CUDA)
    graph.warm(lambda: said.append("work"))
    graph.capture(lambda: said.append("work"), ["a", "b"])  # type: ignore[list-item]
    graph.replay()
    assert said[:5] == ["side waits for main", "on side", "work", "off side", "main waits for side"]
    assert said[5:] == ["draws from a", "draws from b", "captures side, thread_local", "work", "captured", "again"]


def test_the_table_for_gpus_measures_every_way(anywhere: None, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.parallel.lanes", lambda here, _: CudaStreams(here))
    monkeypatch.setattr(gpu, "UPDATES", 1)
    monkeypatch.setattr(Loop, "make_graph", lambda loop, _: RecordedGraph(loop._state))
    rows = [row.what for row in gpu.table(Case("mlp", 8, 16), "fp32", CPU, 1)]
    where = "mlp 8×8, batch 16, fp32"
    assert rows == [f"{way} / {other}, {where}" for way in (gpu.ONE_BY_ONE, gpu.STREAMS, gpu.GRAPH) for other in ("SGD", "SAM")]


def test_the_table_for_gpus_does_not_tell_of_a_graph_that_there_is_not() -> None:
    with pytest.raises(RuntimeError, match="no CUDA graph: cpu has none"):
        gpu.updates(Case("mlp", 8, 16), CPU, "m-arwp", cuda_graph=True)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("way", ["sequential", "parallel"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_repeats_the_updates_themselves(make_loop: MakeLoop, kind: str, way: str) -> None:
    """Within what the order of its sums makes of 20 updates."""
    one, two = pair(make_loop, {**KINDS[kind], "place": "cuda"})
    one.choose_streams("sequential")
    two.choose_streams(way)
    for _ in range(20):
        a, b = one.train(), two.train()
        for tag in ("train/loss", "train/perturbed_loss"):
            assert b.get(tag) == pytest.approx(a.get(tag), rel=0.02)
    assert two.how.endswith("in one CUDA graph")

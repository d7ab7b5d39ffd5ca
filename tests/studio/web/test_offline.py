"""Whatever a shell has set for the network, the page opens, and an engine has it."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from engine.experiment.schema import read
from engine.launch.queue import Queue
from engine.runs.run import Run
from tests.processes import LONG, wait
from tests.studios import Studio

AROUND = {
    "NO_PROXY": "localhost,127.0.0.1,::1,[::1]",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "socks5://127.0.0.1:9",
    "ALL_PROXY": "socks5h://127.0.0.1:9",
    "SSL_CERT_FILE": "/nowhere/ca.pem",
    "SSL_CERT_DIR": "/nowhere",
    "SSLKEYLOGFILE": "/nowhere/keys",
    "GRADIO_NUM_PORTS": "many",
    "GRADIO_ROOT_PATH": "https://elsewhere.example/lab",
    "GRADIO_ANALYTICS_MAX_EVENTS": "many",
    "GRADIO_TEMP_DIR": "/proc/nowhere",
    "HF_HUB_DOWNLOAD_TIMEOUT": "soon",
    "WEB_CONCURRENCY": "many",
    "FORWARDED_ALLOW_IPS": "*",
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    studio.start("env", *(f"{name}={value}" for name, value in AROUND.items()))
    yield studio
    studio.clear()
    if studio.process:
        studio.process.kill()
        studio.process.communicate()


def test_the_page_opens_and_the_engine_has_what_was_set(studio: Studio) -> None:
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with straight.open(studio.url, timeout=60) as answer:
        page = answer.read().decode()
    assert "RWP Studio" in page
    assert "elsewhere.example" not in page
    run = Run.create(studio.runs, read(LONG))
    Queue(studio.runs).add(run)
    engine = psutil.Process(wait(run, lambda status: status.pid > 0).pid)
    assert AROUND.items() <= engine.environ().items()

"""A server answers at once, and what takes time to load when it is loaded."""

import threading
from collections.abc import Awaitable, Callable

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from studio.web.lazy_app import LazyApp


def with_page(page: LazyApp) -> FastAPI:
    app = FastAPI(lifespan=page.lifespan)
    app.get("/at-once")(lambda: "here")
    app.mount("/", page)
    return app


def test_the_rest_is_there_while_the_page_is_loaded() -> None:
    may_load, made = threading.Event(), FastAPI()
    made.get("/page")(lambda: "the page")

    def load() -> FastAPI:
        assert may_load.wait(120)
        return made

    with TestClient(with_page(LazyApp(load))) as client:
        found: list[str] = []
        asking = threading.Thread(target=lambda: found.append(client.get("/page").json()))
        asking.start()
        assert client.get("/at-once").json() == "here"
        assert found == []
        may_load.set()
        asking.join(10)
        assert found == ["the page"]


def test_nobody_waits_for_a_page_of_a_studio_that_closes() -> None:
    may_load, is_asked, found = threading.Event(), threading.Event(), list[int]()

    def load() -> FastAPI:
        assert may_load.wait(120)
        return FastAPI()

    page = LazyApp(load)
    app = with_page(page)

    @app.middleware("http")
    async def tell(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        is_asked.set()
        return await call_next(request)

    with TestClient(app) as client:
        asking = threading.Thread(target=lambda: found.append(client.get("/page").status_code))
        asking.start()
        assert is_asked.wait(120)
        assert client.portal
        client.portal.call(page.close)
        asking.join(120)
        assert found == [503]
        may_load.set()


def test_what_the_page_begins_it_ends() -> None:
    told = []

    made = FastAPI()
    made.router.on_startup.append(lambda: told.append("begun"))
    made.router.on_shutdown.append(lambda: told.append("ended"))
    with TestClient(with_page(LazyApp(lambda: made))) as client:
        client.get("/nothing")
        assert told == ["begun"]
    assert told == ["begun", "ended"]


def test_a_page_that_cannot_be_loaded_is_logged_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> FastAPI:
        raise ImportError("no page")

    with TestClient(with_page(LazyApp(load)), raise_server_exceptions=False) as client:
        assert client.get("/page").status_code == 500
        assert client.get("/at-once").json() == "here"
    assert "the page cannot be loaded" in caplog.text


def test_a_page_that_cannot_begin_is_no_page_without_end(caplog: pytest.LogCaptureFixture) -> None:
    made = FastAPI()

    def fail() -> None:
        raise OSError("no room")

    made.router.on_startup.append(fail)
    with TestClient(with_page(LazyApp(lambda: made)), raise_server_exceptions=False) as client:
        assert client.get("/page").status_code == 500
    assert "the page cannot be loaded" in caplog.text

"""The page: Blocks assembled from the pages, mounted where the server wants them."""

import warnings
from pathlib import Path

import gradio as gr
from fastapi import FastAPI

from studio.pages import compare, gallery, train
from studio.pages import runs as runs_page
from studio.pages.scripts import place, scripts
from studio.pages.theme import theme

ASSETS = Path(__file__).parents[2] / "assets"
QUEUE_SECONDS = 0.1
"""Pause between two looks into Gradio's queue, which would take a thousand a second and 7 % of a core for them."""


def build(runs: Path, data: Path, root: str = "") -> gr.Blocks:
    """The Blocks over one folder of runs, for a page below the path `root`."""
    page: gr.Blocks
    with gr.Blocks(title="RWP Studio", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True) as page:
        train.build(runs, data, root)
    with page.route("Runs", "/runs"):
        runs_page.build(root)
    with page.route("Compare", "/compare"):
        compare.build(root)
    with page.route("Gallery", "/gallery"):
        gallery.build(root)
    page.queue(max_size=64, default_concurrency_limit=4, api_open=False)
    page._queue.sleep_when_free = QUEUE_SECONDS
    page._queue.progress_update_sleep_when_free = QUEUE_SECONDS
    return page


def mount(app: FastAPI, runs: Path, data: Path, root: str) -> dict[int, int]:
    """Put the page at the root of `app`, with everything of Gradio's that is not needed switched off.

    Returns how many values each event of the page takes, by its id.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "SSR mode is not supported")  # said although it is switched off
        page = build(runs, data, root)
        _mount(app, page, root)
    return {event._id: len(event.inputs) for event in page.fns.values() if event.fn}


def _head(root: str) -> str:
    ours = place(root)
    preloaded = (f'<link rel="modulepreload" href="{ours}/{name}">' for name in scripts().names if name.endswith(".js"))
    return "\n".join((f'<link rel="stylesheet" href="{ours}/style.css">', *preloaded))


def _mount(app: FastAPI, page: gr.Blocks, root: str) -> None:
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        root_path=root,
        theme=theme(),
        head=_head(root),
        favicon_path=str(ASSETS / "favicon.png"),
        allowed_paths=[],
        max_file_size="1mb",
        show_error=False,
        run_history=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        ssr_mode=False,
        footer_links=[],
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )

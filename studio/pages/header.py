"""The head of every page."""

import gradio as gr
from gradio.components.navbar import Navbar


def title(about: str) -> None:
    """The name of the studio, what this page is for, and the way to the others."""
    Navbar(main_page_name="Train")
    gr.HTML(f"<h1>RWP Studio</h1><p>{about}</p>", elem_id="rwp-title")

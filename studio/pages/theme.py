"""The look of Gradio's own parts: system fonts, so that nothing is fetched, and the palette of the style sheet."""

import gradio as gr
from gradio.themes import Base, colors, sizes

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.Theme:
    """The studio's theme."""
    base = Base(
        primary_hue=colors.blue,
        neutral_hue=colors.slate,
        text_size=sizes.text_sm,
        spacing_size=sizes.spacing_sm,
        radius_size=sizes.radius_sm,
        font=SANS,
        font_mono=MONO,
    )
    return base.set(
        body_background_fill="#f6f8fa",
        body_background_fill_dark="#0d1117",
        block_background_fill="#ffffff",
        block_background_fill_dark="#161b22",
        background_fill_primary_dark="#161b22",
        background_fill_secondary_dark="#0d1117",
        input_background_fill_dark="#0d1117",
        border_color_primary="#d0d7de",
        border_color_primary_dark="#30363d",
        block_border_width="0px",
        block_shadow="none",
        block_label_text_weight="600",
        block_title_text_weight="600",
        block_info_text_size="12px",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_400",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        slider_color="#0969da",
        slider_color_dark="#1f6feb",
        button_primary_background_fill="#0969da",
        button_primary_background_fill_hover="#0757ba",
        button_primary_background_fill_dark="#1f6feb",
        button_primary_text_color="#ffffff",
    )

"""Offline: a page on this machine needs no proxy and no certificate, nor switches of the libraries that draw and serve it.

Some of them end a library as it is loaded, or at every request; an engine that fetches a dataset needs them.
"""

from engine.processes import withhold

CERTIFICATES = ("SSL", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
SWITCHES = ("GRADIO_", "HF_", "HUGGINGFACE_", "SPACE", "SYSTEM", "OAUTH_", "FASTAPI_", "OTEL_", "UVICORN_", "WEB_CONCURRENCY")
ADDRESSES = ("FORWARDED_ALLOW_IPS",)


def go_offline() -> None:
    """Leave to the engines what is about the network. To be called before Gradio is loaded."""
    withhold(_is_about_the_network)


def _is_about_the_network(name: str) -> bool:
    return name.lower().endswith("_proxy") or name.startswith((*CERTIFICATES, *SWITCHES, *ADDRESSES))

"""The figures, one file each; the browser draws any of them from what is declared here."""

from dataclasses import asdict

from studio.charts import accuracy, cosine, loss, radius, rate, sigma, waiting

FIGURES = [asdict(module.FIGURE) for module in (loss, accuracy, cosine, radius, rate, sigma, waiting)]
"""All figures in the order shown, as plain data."""

__all__ = ["FIGURES"]

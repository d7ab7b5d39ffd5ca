"""The arrays that probes leave in a run's folder."""

import io
from pathlib import Path
from typing import Any

import numpy as np

from engine.files.atomic import write_atomically


def save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write `arrays`, by name, as an .npz, in the place of what was there."""
    path.parent.mkdir(exist_ok=True)  # runs of older versions have no such folder
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_atomically(path, content.getvalue())

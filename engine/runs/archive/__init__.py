"""Archives: a run as a zip file, to be kept, or to go on with on another machine."""

from engine.runs.archive.pack import Pieces, pack
from engine.runs.archive.unpack import unpack

__all__ = ["Pieces", "pack", "unpack"]

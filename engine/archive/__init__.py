"""Archives: a run as a zip file, to be kept, or to go on with on another machine."""

from engine.archive.pack import Pieces, pack
from engine.archive.unpack import unpack

__all__ = ["Pieces", "pack", "unpack"]

"""The training methods, one file per family, and their union."""

from typing import Annotated

from pydantic import Field

from engine.methods.asam import ASAM
from engine.methods.base import Method
from engine.methods.fsam import FSAM
from engine.methods.gsam import GSAM
from engine.methods.lpf import LPFSGD
from engine.methods.mixed import MARWP, MRWP
from engine.methods.msam import MSAM
from engine.methods.nso import NSO
from engine.methods.rwp import ARWP, RWP
from engine.methods.sam import SAM
from engine.methods.sampa import SAMPa
from engine.methods.sgd import SGD

AnyMethod = Annotated[
    SGD | SAM | RWP | ARWP | MRWP | MARWP | ASAM | FSAM | GSAM | LPFSGD | SAMPa | NSO | MSAM, Field(discriminator="name")
]

__all__ = [
    "ARWP",
    "ASAM",
    "FSAM",
    "GSAM",
    "LPFSGD",
    "MARWP",
    "MRWP",
    "MSAM",
    "NSO",
    "RWP",
    "SAM",
    "SGD",
    "AnyMethod",
    "Method",
    "SAMPa",
]

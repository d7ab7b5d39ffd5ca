"""Probes: the settings of what is measured while a training goes on or at its end."""

from typing import Literal

from pydantic import field_validator

from engine.fields import Section, knob


class ProbeSettings(Section):
    """How a probe measures."""

    at_end: bool
    """Whether it measures when the training is over."""
    every: int = knob(0, advanced=True, live=True, ge=0, le=10_000)
    """Measure every so many epochs, or as soon after as the one before is done, and when the training is over; 0 is never."""


class Landscape(ProbeSettings):
    """The loss landscape around the trained weights (Li et al. 2018)."""

    at_end: bool = True
    """Measure the landscape when the training is over."""
    resolution: int = knob(25, advanced=True, ge=5, le=101)
    """Points along each side; odd, so that the trained weights are one of them."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss of each point is averaged."""
    budget: float = knob(0.05, advanced=True, live=True, ge=0, le=0.5)
    """Share of the time for a film of the landscape while it trains, on a copy of the weights; 0 is no film."""
    film_plane: Literal["random", "path"] = knob("random", advanced=True)
    """Plane of the film: through two random directions, the same for all frames, or through the two main directions of the path
    that the weights have taken (PCA), from the third frame on."""
    span: float = knob(1.0, advanced=True, gt=0, le=10)
    """The plane reaches from −span to +span along two random, filter-normalised directions."""

    @field_validator("resolution")
    @classmethod
    def _odd(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError("should be odd, so that the trained weights are in the middle")
        return value


class Spectrum(ProbeSettings):
    """The sharpness λ₁: the largest eigenvalue of the Hessian of the loss, by Lanczos' method."""

    at_end: bool = False
    """Measure λ₁ when the training is over."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss is averaged."""
    iterations: int = knob(100, advanced=True, ge=1, le=10_000)
    """Products of the Hessian and a vector at most, each about as long as two gradients."""
    tolerance: float = knob(0.01, advanced=True, gt=0, lt=1)
    """The residual ‖Hv − λ₁v‖ / λ₁ at which to stop."""


class Flatness(ProbeSettings):
    """Flatness gauges: how much the loss rises under random noise and in the worst direction, and the trace of the Hessian."""

    at_end: bool = False
    """Measure flatness when the training is over."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss is averaged."""
    draws: int = knob(16, advanced=True, ge=2, le=1000)
    """Pairs of perturbations, and vectors for the trace. With four times as many the standard error is half as large."""
    sigma: float = knob(0.05, advanced=True, gt=0, le=1)
    """σ of the noise, which is that of RWP whatever method trains."""
    rho: float = knob(0.05, advanced=True, gt=0, le=10)
    """How far the worst direction is followed."""


class Radius(ProbeSettings):
    """The loss against the radius of a perturbation (figure 1): random, of every kind of noise, and along the gradient."""

    at_end: bool = False
    """Measure the loss against the radius when the training is over."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss is averaged."""
    draws: int = knob(8, advanced=True, ge=2, le=1000)
    """Random directions, each with its mirror image."""
    points: int = knob(13, advanced=True, ge=2, le=101)
    """Radii, evenly spaced on a logarithmic scale."""
    nearest: float = knob(0.01, advanced=True, gt=0, le=1)
    """The smallest radius, as a share of the norm of all weights."""
    farthest: float = knob(1.0, advanced=True, gt=0, le=100)
    """The largest radius, as a share of the norm of all weights."""


class Perturbation(ProbeSettings):
    """The perturbation itself: the size of ε in each layer beside the weights there, and ARWP's damping of it (eq. 15)."""

    at_end: bool = False
    """Measure the perturbation when the training is over."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the gradient is averaged, where the perturbation is an ascent step."""
    draws: int = knob(4, advanced=True, ge=1, le=1000)
    """Draws of the noise."""


class Density(ProbeSettings):
    """The density of the Hessian's eigenvalues, by stochastic Lanczos quadrature, and the largest of them."""

    at_end: bool = False
    """Measure the density of the eigenvalues when the training is over."""
    images: int = knob(256, advanced=True, ge=16, le=50_000)
    """Training images over which the loss is averaged."""
    draws: int = knob(4, advanced=True, ge=2, le=100)
    """Random vectors to start from."""
    iterations: int = knob(40, advanced=True, ge=2, le=1000)
    """Products of the Hessian and a vector for each of them; fewer where their vectors would take more than 0.8 GB."""


class Predictions(ProbeSettings):
    """What the network says of the test images: the confusion matrix, and those that it reads best and worst."""

    at_end: bool = False
    """Look at the predictions when the training is over."""
    images: int = knob(10_000, advanced=True, ge=16, le=100_000)
    """Test images to look at, at most."""


PROBES = {
    "landscape": "Measure the loss landscape around the present weights",
    "flatness": "Measure how much the loss rises around the present weights, and the trace of the Hessian",
    "spectrum": "Measure the sharpness λ₁ at the present weights",
    "density": "Measure the density of the Hessian's eigenvalues at the present weights",
    "perturbation": "Measure how large the perturbation is in each layer of the present weights",
    "predictions": "Look at what is said of the test images at the present weights",
    "radius": "Measure the loss against the radius of a perturbation of the present weights",
}
"""What each probe that has a section of this name does when it is asked for."""

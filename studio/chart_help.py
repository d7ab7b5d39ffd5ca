"""What each chart is, and what to look for on it: the text behind its question mark."""

HELP = {
    "loss": (
        "The mean cross-entropy −log p(label). Where the training loss falls and the test loss rises, the network learns by "
        "heart; the nearer the loss at w + ε is to that at w, the flatter is the place."
    ),
    "accuracy": (
        "How many images are named correctly. The gap between training and test is what flat minima are to make smaller; with "
        "noisy labels a training accuracy near 100 % means that the wrong ones were learned too."
    ),
    "cosine": (
        "The cosine between the gradient at w + ε and the one at w, which m-RWP mixes: λ g₁ + (1 − λ) g₂ (eq. 13). Near 1 the "
        "perturbed gradient says nothing new; near 0 each has something of its own to say."
    ),
    "radius": (
        "How far from w the perturbed gradient is taken. RWP's noise grows with the weights, σ ‖w⁽ʲ⁾‖ for each filter; SAM's "
        "radius is ρ."
    ),
    "sharpness": (
        "The largest eigenvalue of the Hessian: the curvature in the steepest direction. It ends the lower, the "
        "flatter the minimum is; gradient descent on all images at once tends to 2 / γ."
    ),
    "rise": (
        "By how much the loss rises around w: on average under noise, E[L(w + ε)] − L(w), and one ascent step of length ρ "
        "away. Lower is flatter. The fixed noise is the same for all methods, so that they compare."
    ),
    "trace": (
        "The sum of all eigenvalues of the Hessian, estimated by Hutchinson's vᵀHv. Under small isotropic noise the loss "
        "rises by ½ σ² tr H."
    ),
    "rate": "How far a step goes along its direction. Its fall to 0 is what lets the loss settle at the end.",
    "sigma": (
        "The standard deviation of the noise, relative to the norm of each filter. RWP and ARWP let it grow along a cosine, "
        "the mixed methods hold it."
    ),
    "waiting": (
        "The share of a step for which the network waits for images. Where it is not small, more processes that read them help."
    ),
}
"""By the id of the chart."""

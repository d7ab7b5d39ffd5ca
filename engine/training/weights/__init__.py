"""The weights as one vector, and what differentiates, perturbs, moves and averages it."""

"""One training step: what a method may ask, the state of the training, CUDA graphs."""

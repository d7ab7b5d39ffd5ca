"""How the gradients of one step are run: one after the other, two at once, on several processes."""

"""A sweep at work: which point comes next, and the runs that train them."""

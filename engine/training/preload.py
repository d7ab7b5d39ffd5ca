"""Import everything that a training needs."""


def preload() -> None:
    """Import what a training needs, and what it would import with its first step."""
    import sklearn.datasets  # noqa: F401
    import torch._dynamo  # noqa: F401

    import engine.training.trainer.trainer  # noqa: F401

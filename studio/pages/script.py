"""How a block gets its script."""

from studio.pages.scripts import place


def mounted(name: str, root: str, given: str = "element") -> str:
    """What the browser is to do when a block is there: load a script of ours, and let it mount itself."""
    return f"import('{place(root)}/{name}.js').then(script => script.mount({given}))"

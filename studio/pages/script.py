"""How a block gets its script."""


def mounted(name: str, root: str, given: str = "element") -> str:
    """What the browser is to do when a block is there: load a script of ours, and let it mount itself."""
    return f"import('{root}/ui/{name}.js').then(script => script.mount({given}))"

"""The wall between the studio and the engine's inside."""

import subprocess
import sys


def test_studio_never_imports_torch() -> None:
    code = "import studio.pages.app, studio.web.server, sys; assert 'torch' not in sys.modules, 'torch was imported'"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)

"""`python -m studio.tensorboard RUNS SOCKET`: TensorBoard over a folder of runs, on a socket in the file system.

A port would be open to every page of the browser, past the studio's guard. It ends with whoever started it, who holds the
other end of its standard input.
"""

import sys
from typing import Any

PREFIX = "/tensorboard"


class SocketServer:
    """Serves TensorBoard's application on a socket in the file system."""

    def __init__(self, app: Any, path: str) -> None:
        from werkzeug.serving import make_server

        self._path = path
        self._server = make_server(f"unix://{path}", 0, app, threaded=True)

    def serve_forever(self) -> None:
        """Serve until the process ends."""
        self._server.serve_forever()

    def get_url(self) -> str:
        """Where it is."""
        return f"unix://{self._path}"


def main(runs: str, path: str) -> None:
    """Serve until standard input ends."""
    from tensorboard import default, program  # only here: it warns of what it is made of

    board = program.TensorBoard(plugins=default.get_plugins(), server_class=lambda app, _flags: SocketServer(app, path))
    board.configure(["", "--logdir", runs, "--path_prefix", PREFIX, "--load_fast", "false", "--reload_interval", "5"])
    board.launch()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])

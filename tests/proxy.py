"""A reverse proxy as people put one in front of things."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Proxy:
    """Where it is, and what it shows, each as a host and a port."""

    address: str = ""
    target: str = ""


@contextmanager
def proxy(below: str, takes_off: bool, host: str) -> Iterator[Proxy]:
    """A proxy that shows its target below a path, which it `takes_off` or leaves on, and tells it another host."""
    made = Proxy()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(f"{below}/"):
                self.send_error(404)
                return
            path = self.path.removeprefix(below) if takes_off else self.path
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
            inner = http.client.HTTPConnection(made.target)
            inner.request(self.command, path, body or None, headers | {"Host": host})
            self._hand_on(inner.getresponse())
            inner.close()

        do_GET = do_POST = do_HEAD = answer  # noqa: N815 - what the server calls

        def _hand_on(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.end_headers()
            try:
                while piece := answer.read1(65_536):
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:  # whoever listened has gone
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    made.address = f"127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()

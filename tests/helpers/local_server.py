"""A web server on this computer, in a thread; for tests only."""

from abc import ABC, abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LocalServer(ABC):
    """Gives every GET and HEAD to :meth:`handle`; clients that hang up, and what it then says, stay unheard.

    ``port`` is of the loopback interface; 0 takes a free one.
    """

    def __init__(self, port: int = 0) -> None:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                owner.handle(self)

            do_HEAD = do_GET

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                pass

        self.http = Server(("127.0.0.1", port), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}"

    @abstractmethod
    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""

"""Serves the site to its authors while it is built: a page that is not there yet is waited for."""

import threading
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from book import BOOK, LANGUAGES, SITE
from book.site import build


class Handler(SimpleHTTPRequestHandler):
    """Answers for a page that the build has not come to with one that asks again.

    Args:
        built: set when the build has ended; what is missing then is not found.
    """

    def __init__(self, *arguments: Any, built: threading.Event, **options: Any) -> None:
        self.built = built
        super().__init__(*arguments, **options)

    def list_directory(self, path: Any) -> None:
        """A folder whose page is not there is not found: its files are no book."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """The page that waits, where one is asked for; else the error."""
        is_page = self.path.split("?")[0].endswith(("/", ".html"))
        if code != HTTPStatus.NOT_FOUND or not is_page or self.built.is_set():
            super().send_error(code, message, explain)
            return
        body = (BOOK / "waiting.html").read_bytes()
        self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def serving(port: int, built: threading.Event, folder: Path = SITE) -> ThreadingHTTPServer:
    """A server of what the folder holds; port 0 is one that is free.

    Raises:
        SystemExit: if the port cannot be had.
    """
    handler = partial(Handler, built=built, directory=str(folder))
    try:
        return ThreadingHTTPServer(("localhost", port), handler)
    except OSError as error:
        wrong = f"Port {port} cannot be had ({error.strerror}). Does another make serve run there?"
        raise SystemExit(f"{wrong} Else: make serve PORT={port + 80}") from None


def serve(port: int) -> None:
    """Build what has changed, and serve the site from the start."""
    SITE.mkdir(parents=True, exist_ok=True)
    built = threading.Event()
    with serving(port, built) as server:
        address = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def first() -> None:
            english = next(iter(LANGUAGES))
            print(
                f"The first page can be read: {address}/{english}/. The rest follows.", flush=True
            )

        print(f"Pages appear at {address} as they are built (stop with Ctrl-C)", flush=True)
        build(first)
        built.set()
        print(f"The book is at {address} (stop with Ctrl-C)", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()

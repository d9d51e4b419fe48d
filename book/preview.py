"""Serves the site to its authors while it is built: pages that are not ready are waited for."""

import io
import threading
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from book import BOOK, LANGUAGES, SITE
from book.site import build, is_whole

FIRST = f"/{next(iter(LANGUAGES))}/"
"""The address of the page that is built before all others."""
EARLY = ("/", FIRST)
"""What can be read before all is built: that page, and the one that chooses a language."""


class Handler(SimpleHTTPRequestHandler):
    """Answers for a page that is not ready with one that asks again by itself.

    While a site is built for the first time, its first page and the way to it alone are served:
    another one may be there already and still lack its formulas and the programs of its labs.

    Args:
        built: set once the whole site can be read; what is missing then is not found.
    """

    def __init__(self, *arguments: Any, built: threading.Event, **options: Any) -> None:
        self.built = built
        super().__init__(*arguments, **options)

    def send_head(self) -> Any:
        """The file that is asked for, or the page that waits for it."""
        asked = self.path.split("?")[0].removesuffix("index.html")
        is_page = asked.endswith(("/", ".html"))
        is_early = asked in EARLY and Path(self.translate_path(asked), "index.html").exists()
        if self.built.is_set() or not is_page or is_early:
            return super().send_head()
        body = (BOOK / "waiting.html").read_bytes()
        self.send_response(HTTPStatus.SERVICE_UNAVAILABLE)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        return io.BytesIO(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a page asks for fifty files, and what is said of the build would be lost."""

    def list_directory(self, path: Any) -> None:
        """A folder without a page is not found: its files are no book."""
        self.send_error(HTTPStatus.NOT_FOUND)


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
    """Build what has changed, and serve the site from the start; meanwhile as it was, if it was."""
    SITE.mkdir(parents=True, exist_ok=True)
    built = threading.Event()
    if is_whole():
        built.set()
    with serving(port, built) as server:
        address = f"http://localhost:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"Building. Pages appear at {address} as they are ready.", flush=True)
        build(lambda: print(f"The first page can be read: {address}{FIRST}", flush=True))
        built.set()
        print(f"The book is at {address} (stop with Ctrl-C)", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()

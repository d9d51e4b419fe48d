"""Serves the book to this computer and to the others in the room, with Python alone.

    python serve.py          at port 8000
    python serve.py 8080     at another port

Python 3.9 or newer, nothing else; no internet. Stop with Ctrl-C. The pages are looked for in the
folder `site` beside this file.
"""

import contextlib
import gzip
import io
import socket
import sys
import threading
from functools import lru_cache
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SITE = Path(__file__).resolve().parent / "site"
PORT = 8000

# Python asks the operating system for these, and gets wrong answers on some Windows machines,
# where a browser then refuses to run the modules.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
SMALLER = set(TYPES) - {".woff2"}
"""What gzip makes smaller: the room's wireless network is the narrowest place."""

ASKED_FOR_ANEW = ("/", ".html", ".webmanifest", "/worker.js")
"""Ends of addresses that tell which edition of the book this is."""

_packing = threading.Lock()


@lru_cache(maxsize=512)
def _pack(path, _changed):
    return gzip.compress(Path(path).read_bytes(), 6)


def packed(path, changed):
    """A file after gzip, packed once for everyone."""
    with _packing:
        return _pack(path, changed)


class Handler(SimpleHTTPRequestHandler):
    """One reader's connection, which serves file after file."""

    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds without a request; browsers open another connection
    disable_nagle_algorithm = True
    wbufsize = 1 << 16  # header and body go out together
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, **TYPES}  # noqa: RUF012

    def __init__(self, *arguments, directory=None, **options):
        super().__init__(*arguments, directory=str(directory or SITE), **options)

    def send_head(self):
        path = Path(self.translate_path(self.path))
        accepted = self.headers.get("Accept-Encoding", "")
        # A reader that has the file already is answered by Python: it has not changed.
        known = "If-Modified-Since" in self.headers
        if path.suffix not in SMALLER or "gzip" not in accepted or known or not path.is_file():
            return super().send_head()
        changed = path.stat().st_mtime
        body = packed(str(path), changed)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", self.date_time_string(int(changed)))
        self.send_header("Vary", "Accept-Encoding")
        self.end_headers()
        return io.BytesIO(body)

    def end_headers(self):
        # Else a browser may take yesterday's page for today's, by a guess of its own.
        if self.path.split("?")[0].endswith(ASKED_FOR_ANEW):
            self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """A thread for each connection; a class may open hundreds at the same moment."""

    request_queue_size = 1024
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a reader who leaves is no error
            super().handle_error(request, client_address)


def allow_many_files():
    """Each connection is an open file; some systems allow but 256 unless asked."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def addresses():
    """This computer's addresses in its networks; nothing is sent to find them."""
    found = set()
    with contextlib.suppress(OSError):
        found.update(i[4][0] for i in socket.getaddrinfo(socket.gethostname(), 0, socket.AF_INET))
    for elsewhere in ("192.168.255.254", "10.255.255.254", "172.31.255.254", "192.0.2.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))
                found.add(probe.getsockname()[0])
            except OSError:
                continue
    return sorted(a for a in found if not a.startswith(("127.", "0.")))


def main(arguments):
    if len(arguments) > 1 or not all(a.isdigit() and 0 <= int(a) < 65536 for a in arguments):
        print(__doc__)
        return 2
    port = int(arguments[0]) if arguments else PORT
    if not (SITE / "index.html").is_file():
        print("No pages here: unpack the whole archive, and run serve.py where it lies then.")
        return 1
    allow_many_files()
    try:
        server = Server(("", port), Handler)
    except OSError as error:
        print(f"Port {port} cannot be had ({error}). Try another: python serve.py {port + 80}")
        return 1
    port = server.server_port
    print(f"On this computer:         http://localhost:{port}")
    for address in addresses():
        print(f"In the room / Di ruangan: http://{address}:{port}")
    print("Stop with Ctrl-C. / Hentikan dengan Ctrl-C.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

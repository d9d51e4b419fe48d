"""The bundle: packed from a small site, unpacked elsewhere, served by its own server."""

import ast
import gzip
import http.client
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile

import pytest

from book import BOOK, bundle

PAGES = {
    "index.html": "<title>start</title>",
    "en/index.html": "<title>book</title>" + "words " * 1000,
    "id/index.html": "<title>buku</title>" + "kata " * 1000,
    "en/_static/lab/page.mjs": "export const answer = 42;",
    "en/models/lab.wasm": "\0asm\1\0\0\0",
    "notebooks/en/start.ipynb": "{}",
    "en/notes.dat": "digits",
    "en/manifest.webmanifest": "{}",
    "en/worker.js": "self.EDITION = {};",
}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundle")
    for name, text in PAGES.items():
        (folder / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "site" / name).write_text(text)
    archive = bundle.pack(folder / "site", folder / "book.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder / "stick")
    assert [path.name for path in folder.iterdir() if path.suffix == ".part"] == []
    return folder / "stick" / bundle.FOLDER


@pytest.fixture(scope="module")
def lines(unpacked):
    """What the server says, while it runs on a port that was free."""
    command = [sys.executable, "-I", "-S", "-W", "error", "serve.py", "0"]
    with subprocess.Popen(command, cwd=unpacked, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = []
        for line in server.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        yield said
        server.terminate()


@pytest.fixture
def address(lines):
    return re.search(r"http://localhost:\d+", lines[0])[0]


def get(address, name, **headers):
    with urllib.request.urlopen(urllib.request.Request(f"{address}/{name}", headers=headers)) as r:
        return r.read(), r.headers


def test_serves_every_file(address):
    for name, text in PAGES.items():
        assert get(address, name)[0].decode() == text, name
    assert get(address, "en/")[0].decode() == PAGES["en/index.html"]
    for name in ("nowhere.html", "../serve.py", "%2e%2e/serve.py"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(address, name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("en/index.html", "text/html; charset=utf-8"),
        ("en/_static/lab/page.mjs", "text/javascript; charset=utf-8"),
        ("en/models/lab.wasm", "application/wasm"),
        ("en/manifest.webmanifest", "application/manifest+json"),
        ("en/worker.js", "text/javascript; charset=utf-8"),
        ("notebooks/en/start.ipynb", "application/x-ipynb+json"),
    ],
)
def test_types_that_browsers_insist_on(address, name, kind):
    assert get(address, name)[1]["Content-Type"] == kind
    assert get(address, name, **{"Accept-Encoding": "gzip, br"})[1]["Content-Type"] == kind


def test_what_tells_the_edition_is_asked_for_anew(address):
    for name in ("", "en/index.html", "en/worker.js", "en/manifest.webmanifest"):
        assert get(address, name)[1]["Cache-Control"] == "no-cache"
    assert get(address, "en/models/lab.wasm")[1]["Cache-Control"] is None


def test_packs_and_remembers(address):
    body, headers = get(address, "en/index.html", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < len(PAGES["en/index.html"]) / 10
    assert gzip.decompress(body).decode() == PAGES["en/index.html"]
    same = {"Accept-Encoding": "gzip", "If-Modified-Since": headers["Last-Modified"]}
    with pytest.raises(urllib.error.HTTPError, match="304"):
        get(address, "en/index.html", **same)


def test_one_connection_serves_many_requests_and_many_connections_wait(address):
    host = address.removeprefix("http://")
    wrong = []

    def read(connection):
        for name, text in PAGES.items():
            connection.request("GET", f"/{name}")
            if connection.getresponse().read().decode() != text:
                wrong.append(name)

    connections = [http.client.HTTPConnection(host, timeout=30) for _ in range(60)]
    for connection in connections:
        connection.connect()  # all are open at once
    readers = [threading.Thread(target=read, args=(c,)) for c in connections]
    for reader in readers:
        reader.start()
    for reader, connection in zip(readers, connections, strict=True):
        reader.join()
        connection.close()
    assert wrong == []


def test_says_where_it_is(lines):
    assert all(re.search(r"http://[\w.]+:\d+$", line.strip()) for line in lines[:-1])


def test_says_what_is_wrong(unpacked, address, tmp_path):
    def serve(*arguments, folder=unpacked):
        done = subprocess.run(
            [sys.executable, "-I", "serve.py", *arguments], cwd=folder, capture_output=True,
            text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode
        return done.stdout

    assert "python serve.py 8080" in serve("eighty")
    assert "cannot be had" in serve(address.rpartition(":")[2])
    (tmp_path / "serve.py").write_bytes((unpacked / "serve.py").read_bytes())
    assert "unpack the whole archive" in serve(folder=tmp_path)


def test_needs_no_new_python():
    tree = ast.parse((BOOK / "serve.py").read_text(), feature_version=(3, 9))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
    assert "socket" in imported
    assert imported <= sys.stdlib_module_names


def test_a_site_that_is_not_built_is_not_packed(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        bundle.pack(tmp_path, tmp_path / "book.zip")

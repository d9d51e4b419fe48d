"""What the authors' server answers while the site is built, and when it is."""

import http.client
import threading

import pytest

from book import preview


@pytest.fixture
def built():
    return threading.Event()


@pytest.fixture
def ask(tmp_path, built):
    """The status and the text of an address in a site that has but its first page."""
    (tmp_path / "en").mkdir()
    (tmp_path / "en/index.html").write_text("welcome")
    server = preview.serving(0, built, tmp_path)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(path):
        connection = http.client.HTTPConnection("localhost", server.server_port)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    yield ask
    server.shutdown()
    server.server_close()


def test_a_page_that_is_not_ready_asks_again_by_itself(ask, built, tmp_path):
    """Also one that Sphinx has written, whose labs' programs are not there yet."""
    (tmp_path / "en/warmup.html").write_text("warm-up")
    assert ask("/en/") == ask("/en/index.html?lab=first") == (200, "welcome")
    for path in ("/", "/id/", "/en/warmup.html?lab=ramp"):
        status, text = ask(path)
        assert status == 503
        assert 'http-equiv="refresh"' in text
    (tmp_path / "index.html").write_text("English, Bahasa Indonesia")
    assert ask("/") == (200, "English, Bahasa Indonesia")  # the way to the first page
    built.set()
    assert ask("/en/warmup.html") == (200, "warm-up")


def test_before_the_first_page_is_there_it_is_waited_for(ask, tmp_path):
    (tmp_path / "en/index.html").unlink()
    assert ask("/en/")[0] == 503


def test_requests_are_not_printed(ask, capfd):
    ask("/en/")
    assert capfd.readouterr() == ("", "")


def test_what_is_missing_from_a_built_site_is_not_found(ask, built):
    assert ask("/en/lab.wasm")[0] == 404  # at any time: nobody waits for it
    built.set()
    assert ask("/en/nowhere.html")[0] == 404
    assert ask("/")[0] == 404  # and no list of files


def test_a_port_that_is_taken_is_named(built, tmp_path):
    with preview.serving(0, built, tmp_path) as first:
        port = first.server_port
        with pytest.raises(SystemExit, match=f"{port} cannot be had.*PORT={port + 80}"):
            preview.serving(port, built, tmp_path)

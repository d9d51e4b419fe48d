"""The repository's address and commit, as git tells them of folders made for the purpose."""

import subprocess

import pytest

from book import ROOT, repository, site
from book.repository import Place, on_github

ELSEWHERE = Place("https://github.com/someone/else")


def git(folder, *command):
    subprocess.run(
        ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.example", *command],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path):
    """Git without the settings of whoever tests."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-settings"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    repository.place.cache_clear()
    yield
    repository.place.cache_clear()


@pytest.fixture
def folder(tmp_path):
    """A repository with a commit and a _config.yml like ours, without a remote."""
    made = tmp_path / "project"
    made.mkdir()
    (made / "_config.yml").write_text((ROOT / "_config.yml").read_text(encoding="utf8"))
    git(made, "init", "--quiet")
    git(made, "add", ".")
    git(made, "commit", "--quiet", "--message", "one")
    return made


def test_the_site_is_that_of_a_copy_on_github_or_else_of_releases(folder):
    (folder / "pyproject.toml").write_text('[project.urls]\nHomepage = "https://a.example/b"\n')
    assert repository.site(folder) == "https://a.example/b"
    repository.place.cache_clear()
    git(folder, "remote", "add", "origin", "https://github.com/someone/else")
    assert repository.site(folder) == "https://someone.github.io/else"


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/someone/else",
        "https://github.com/someone/else/",
        "https://github.com/someone/else.git",
        "https://www.github.com/someone/else.git",
        "https://a-name:a-secret@github.com/someone/else.git",
        "git@github.com:someone/else.git",
        "git@github.com:someone/else",
        "github.com:someone/else.git",
        "ssh://git@github.com/someone/else.git",
        "ssh://git@ssh.github.com:443/someone/else.git",
        "git://github.com/someone/else.git",
    ],
)
def test_every_form_of_an_address_is_followed(folder, address):
    git(folder, "remote", "add", "origin", address)
    assert repository.place(folder) == ELSEWHERE


@pytest.mark.parametrize(
    "address",
    [
        "/home/someone/else", "../else", "file:///home/someone/else.git",
        "https://gitlab.com/someone/else", "git@example.org:someone/else.git",
        "https://github.com.example.org/someone/else", "https://notgithub.com/someone/else",
        "https://github.com/someone", "https://example.org/github.com/someone/else",
        "git@example.org:github.com/someone/else", "",
    ],
)  # fmt: skip
def test_what_is_not_on_github_is_no_address(address):
    assert on_github(address) is None


def test_a_forks_buttons_lead_to_the_fork(folder):
    git(folder, "remote", "add", "upstream", "https://github.com/stabsim/stabsim")
    assert repository.place(folder) is None
    repository.place.cache_clear()
    git(folder, "remote", "add", "origin", "git@github.com:a-fork/stabsim.git")
    place = repository.place(folder)
    assert place is not None
    for address in (place.pages, *place.launch("en", "index").values()):
        assert "a-fork" in address


def test_config_overrules_the_remote(folder):
    git(folder, "remote", "add", "origin", "https://github.com/a-fork/stabsim")
    with (folder / "_config.yml").open("a") as config:
        config.write("\nrepository:\n  url: https://github.com/someone/else\n")
    assert repository.place(folder) == ELSEWHERE


def test_a_wrong_address_in_config_is_said(folder):
    with (folder / "_config.yml").open("a") as config:
        config.write("\nrepository:\n  url: https://gitlab.com/someone/else\n")
    with pytest.raises(
        ValueError, match=r"must be like https://github\.com/OWNER/NAME, not 'https:"
    ):
        repository.place(folder)


def test_an_archive_inside_another_repository_is_not_that_one(folder):
    git(folder, "remote", "add", "origin", "https://github.com/someone/else")
    inside = folder / "unpacked"
    inside.mkdir()
    (inside / "_config.yml").write_text("title: Inside\n")
    assert repository.place(inside) is None
    assert repository.commit(inside) is None


def test_without_git(folder, monkeypatch):
    git(folder, "remote", "add", "origin", "https://github.com/someone/else")
    monkeypatch.setenv("PATH", "")
    assert repository.place(folder) is None
    assert repository.commit(folder) is None


def test_addresses():
    assert ELSEWHERE.pages == "https://someone.github.io/else"
    assert (
        Place("https://github.com/Someone/someone.github.io").pages == "https://someone.github.io"
    )
    assert ELSEWHERE.launch("id", "warmup") == {
        "Colab": "https://colab.research.google.com/github/someone/else/blob/notebooks/id/"
        "warmup.ipynb",
        "Binder": "https://mybinder.org/v2/gh/someone/else/HEAD?urlpath=lab/tree/notebooks/id/"
        "warmup.ipynb",
    }


def test_foot_of_a_page_says_the_commit_that_it_is_of(folder, tmp_path):
    page = tmp_path / "site/en/index.html"
    page.parent.mkdir(parents=True)
    page.write_text('<p>stabsim 1.0<span class="commit"></span></p>')

    def said():
        repository.place.cache_clear()
        site.stamp(tmp_path / "site", folder)
        return page.read_text()

    known = repository.commit(folder)
    assert known is not None
    assert said() == f'<p>stabsim 1.0<span class="commit"> ({known})</span></p>'
    git(folder, "remote", "add", "origin", "git@github.com:someone/else.git")
    link = f'<a href="https://github.com/someone/else/commit/{known}" rel="noopener external">'
    assert f" ({link}{known}</a>)" in said()
    (folder / "new").touch()  # what is built is not what was committed
    assert repository.commit(folder) is None
    assert said() == '<p>stabsim 1.0<span class="commit"></span></p>'

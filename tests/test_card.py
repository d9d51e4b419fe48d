"""What a page says of itself where a link to it is shown: the title, the words, the picture."""

import io
import re
from html import unescape

import pytest
from PIL import Image

from book import LANGUAGES, card, repository
from tests.browser import pages

TAG = re.compile(r'<meta (?:name|property)="(description|og:\w+)" content="([^"]*)" />')


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_card_is_a_picture_of_the_size_that_is_promised(language, tmp_path):
    card.publish(tmp_path, language)
    picture = Image.open(io.BytesIO((tmp_path / card.NAME).read_bytes()))
    assert picture.size == card.SIZE
    assert len(picture.getcolors(1 << 24) or ()) > 100  # letters and curves have soft edges


def test_a_run_that_is_lost_leaves_the_card():
    losses = card._losses()
    heights = [float(card._curve(loss).rpartition(" ")[2]) for loss in losses]
    assert heights[-1] == min(heights) == 40
    assert all(height > card.HEIGHT / 2 for height in heights[:-1])


def test_every_page_says_what_it_is(site):
    said = {}
    for name in [*pages(site), "index.html"]:
        tags = dict(TAG.findall((site / name).read_text(encoding="utf8")))
        assert tags["og:description"] == tags["description"]
        assert tags["og:image"].startswith(repository.site() + "/")
        assert (site / tags["og:image"].removeprefix(repository.site() + "/")).is_file()
        said[name] = unescape(tags["og:title"]), unescape(tags["description"])
    own = [words for name, words in said.items() if not name.endswith("search.html")]
    assert len(set(own)) == len(own)

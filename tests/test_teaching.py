"""The guide for teachers: its demonstrations can be shown, and its sessions last 90 minutes."""

import re
from collections import Counter

import pytest

from book import LANGUAGES, demonstrations
from book.languages import CHAPTERS
from stabsim.classroom.goals import setting
from stabsim.labs import LABS

DEMO = re.compile(r"\{demo\}`[^`<]*<([^`>]+)>`")
SHOWN = re.compile(r'labs\.show\(\s*"(\w+)"')
GUIDES = {
    language: (CHAPTERS / language / "teaching.md").read_text(encoding="utf8")
    for language in LANGUAGES
}


@pytest.mark.parametrize("target", sorted(set(DEMO.findall(GUIDES["en"]))))
def test_a_demonstration_names_a_page_a_lab_on_it_and_values_in_range(target):
    demonstration = demonstrations.read(target)
    for language in LANGUAGES:
        page = (CHAPTERS / language / f"{demonstration.page}.md").read_text(encoding="utf8")
        seen, places = Counter(), []
        for name in SHOWN.findall(page):
            seen[name] += 1
            places.append(name if seen[name] == 1 else f"{name}{seen[name]}")
        assert demonstration.place in places
    lab = LABS[re.sub(r"\d+$", "", demonstration.place)]
    values = setting(lab, f"/{demonstration.address}")
    assert set(demonstration.setting) <= set(values)
    for name, value in demonstration.setting.items():
        assert str(values[name]) == value or values[name] == float(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_session_lasts_ninety_minutes_and_each_chapter_has_one(language):
    sessions = {}
    for section in re.split(r"^(?=\(teaching-)", GUIDES[language], flags=re.MULTILINE)[1:]:
        minutes = [int(n) for n in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)]
        if minutes:
            sessions[re.match(r"\(teaching-([\w-]+)\)=", section)[1]] = sum(minutes)
    pages = (CHAPTERS / "en").glob("*.md")
    chapters = {page.stem for page in pages if "-exercises)=" in page.read_text(encoding="utf8")}
    assert sessions == dict.fromkeys(chapters, 90)


def test_what_is_no_demonstration_is_said():
    for wrong in ("instability", "instability strides warmup", "instability strides warmup==6"):
        with pytest.raises(ValueError, match="A demonstration is PAGE LAB"):
            demonstrations.read(wrong)
    address = demonstrations.read("instability strides warmup=6").address
    assert address == "instability.html?present=strides&strides.warmup=6"

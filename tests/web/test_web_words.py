"""One catalogue for all languages: nothing is missing, nothing is left over."""

import re
import tomllib
from pathlib import Path

import pytest

import biofeedback.web
from biofeedback.state.notes import NOTE_WORDS
from biofeedback.web.translations import LANGUAGES, catalogue, filled, language

WEB = Path(biofeedback.web.__file__).parent
PAGES = sorted((WEB / "static").glob("*.html"))
SCRIPTS = "\n".join(path.read_text() for path in (WEB / "static").glob("*.js"))
#: Filled in by the server itself.
GIVEN = {"language", "facts", "words", "before_access", "page"}
GIVEN |= {"part.ask", "part.head", "part.dock", "part.languages"}
#: Keys that scripts put together: their beginnings.
MADE = (
    "note.", "programme.", "question.", "sensor.", "signal.", "stage.", "role.", "guests.", "set.",
    "why.", "wish.",
)  # fmt: skip


def test_every_word_is_there_in_every_language() -> None:
    tables = tomllib.loads((WEB / "translations.toml").read_text())
    for key, words in tables.items():
        assert set(words) == set(LANGUAGES), key
        assert all(text.strip() for text in words.values()), key


def test_both_languages_fill_in_the_same_places() -> None:
    english, german = (catalogue(tongue) for tongue in ("en", "de"))
    for key in english:
        assert re.findall(r"\{\w+\}|#", english[key]) == re.findall(r"\{\w+\}|#", german[key]), key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_only_words_that_there_are(page: Path) -> None:
    for tongue in LANGUAGES:
        words = catalogue(tongue) | dict.fromkeys(GIVEN, "")
        assert "{{" not in filled(page.read_text(), words)


def test_scripts_name_only_words_that_there_are() -> None:
    known = catalogue("en")
    calls = re.findall(r"word\(([^;{}]*?)[,)]", SCRIPTS)
    asked = {key for call in calls for key in re.findall(r'"([a-z_]+\.[a-z_.]+)"', call)}
    assert len(asked) > 40
    assert {key for key in asked if f"script.{key}" not in known} == set()


def test_no_word_is_left_over() -> None:
    pages = "\n".join(page.read_text() for page in PAGES)
    for key in catalogue("en"):
        name = key.removeprefix("script.")
        made = key.startswith("script.") and name.startswith(MADE)
        assert made or f"{{{{{key}}}}}" in pages or f'"{name}"' in SCRIPTS, key


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.8", "de"),
        ("en,de;q=0.9", "en"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        (";;;q=x", "en"),
        ("en;q=0.5,de;q=0.7", "de"),
    ],
)
def test_a_browsers_wish_is_followed(accepted: str, chosen: str) -> None:
    assert language(accepted) == chosen


def test_each_note_on_the_body_has_the_same_words_on_every_screen() -> None:
    english = catalogue("en")
    assert all(english[f"script.note.{note}"] == words for note, words in NOTE_WORDS.items())

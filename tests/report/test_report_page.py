"""The report stands on its own, whatever a session was like."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from replayed_session import cut, eda_csv, renumbered, replayed, rr_text, simulated

from biofeedback.common.errors import LogError
from biofeedback.report import page

pytestmark = pytest.mark.slow

VOID = {"meta", "br", "link", "img", "hr", "input"}


class Checker(HTMLParser):
    """Collects tags and text; fails on a tag that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "svg"):
            self.text.append(data)


def report_of(session: Path) -> tuple[str, Checker]:
    path = page.write(session, lambda share: None)
    text = path.read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    return text, checker


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("both")
    return replayed(folder, rr_text(folder / "rr.txt"), eda_csv(folder / "eda.csv"))


def test_the_page_loads_nothing_and_runs_nothing(both: Path) -> None:
    text, checker = report_of(both)
    assert not {tag for tag, _ in checker.tags} & {"script", "link", "iframe", "img", "image"}
    for _, attributes in checker.tags:
        for name, value in attributes.items():
            if name in ("href", "src", "xlink:href"):
                assert value is not None
                assert value.startswith("#"), value
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_every_reference_within_the_pictures_leads_somewhere_and_to_one_place(both: Path) -> None:
    text, checker = report_of(both)
    names = [attributes["id"] for _, attributes in checker.tags if attributes.get("id")]
    assert len(names) == len(set(names))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(names)


def test_the_picture_has_words_for_those_who_cannot_see_it(both: Path) -> None:
    _, checker = report_of(both)
    labels = [a["aria-label"] for _, a in checker.tags if a.get("role") == "img"]
    assert len(labels) == 1
    for word in ("Heart rate:", "RMSSD:", "Skin level:", "Arousal:", "Tempo:", "Keys:"):
        assert word in (labels[0] or "")


def test_a_simulated_session_says_so_where_nobody_can_miss_it(tmp_path: Path) -> None:
    text, checker = report_of(simulated(tmp_path))
    assert page.SIMULATED in checker.text
    assert text.index(page.SIMULATED) < text.index("<h2>")


def test_a_session_of_a_person_carries_no_such_badge(both: Path) -> None:
    text, _ = report_of(both)
    assert page.SIMULATED not in text


@pytest.mark.parametrize(
    "claim", ["therap", "treats", "cures", "heal", "proves", "because of the music", "thanks to"]
)
def test_the_page_claims_nothing_about_causes(both: Path, claim: str) -> None:
    _, checker = report_of(both)
    assert claim not in " ".join(checker.text).lower()


def test_a_log_that_was_cut_short_is_shown_up_to_there(both: Path, tmp_path: Path) -> None:
    text, _ = report_of(cut(both, tmp_path / "crashed", 700))
    assert "cut short" in text
    assert "Heart rate" in text


@pytest.mark.parametrize("lines", [1, 2, 3, 6])
def test_a_session_of_next_to_nothing_still_gives_a_page(
    both: Path, tmp_path: Path, lines: int
) -> None:
    text, _ = report_of(cut(both, tmp_path / "stub", lines))
    assert "not measured" in text


def test_a_log_cut_within_its_header_is_refused_with_a_hint(both: Path, tmp_path: Path) -> None:
    with pytest.raises(LogError) as refused:
        page.write(cut(both, tmp_path / "stub", 0), lambda share: None)
    assert refused.value.hint


@pytest.mark.parametrize(("kind", "absent"), [("rr", "Skin level"), ("eda", "Heart rate")])
def test_one_sensor_is_enough(tmp_path: Path, kind: str, absent: str) -> None:
    recording = rr_text(tmp_path / "rr.txt") if kind == "rr" else eda_csv(tmp_path / "eda.csv")
    text, _ = report_of(replayed(tmp_path, recording))
    assert f"{absent}: not measured" in text


def test_two_seconds_of_heart_give_a_page(tmp_path: Path) -> None:
    text, _ = report_of(replayed(tmp_path, rr_text(tmp_path / "rr.txt"), seconds=2.0))
    assert "too little usable signal" in text


def test_names_from_outside_cannot_become_markup(both: Path, tmp_path: Path) -> None:
    log = both / "session.jsonl"
    nasty = tmp_path / "nasty"
    nasty.mkdir()
    lines = log.read_text().replace('"source":"rr-1"', '"source":"<b>$x^2$&"').splitlines()
    end = lines.pop()
    lines.append(
        '{"kind":"command","who":"key","what":"marker","value":"<script>$\\\\x_1$","t":50.0,'
        '"seq":0}'
    )
    (nasty / "session.jsonl").write_bytes(renumbered(line.encode() for line in (*lines, end)))
    text, _ = report_of(nasty)
    assert "<script" not in text
    assert "<b>" not in text
    assert "&lt;b&gt;$x^2$&amp;" in text
    assert "&lt;script&gt;$\\x_1$" in text


def test_a_second_report_replaces_the_first_whole(both: Path) -> None:
    first = page.write(both, lambda share: None).read_bytes()
    again = page.write(both, lambda share: None).read_bytes()
    assert first == again
    assert not list(both.glob(".report*"))


def test_progress_grows_to_one(both: Path) -> None:
    shares: list[float] = []
    page.write(both, shares.append)
    assert shares == sorted(shares)
    assert 0.9 <= shares[-1] <= 1.0


@pytest.mark.recordings
def test_an_hour_of_a_real_person_stays_below_two_megabytes(
    recordings: Path, tmp_path: Path
) -> None:
    session = replayed(tmp_path, recordings / "stress_predict" / "S05")
    text, _ = report_of(session)
    assert len(text.encode()) < 2_000_000
    assert text.count('class="phase"') < 60

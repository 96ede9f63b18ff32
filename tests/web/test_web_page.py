"""The pages in a real browser: everything by keyboard, everything by touch on a phone's screen."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rigs import axe, chromium
from rigs.chromium import DESK, PHONE, Browser, Page, entered
from rigs.served import Served, served

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON),
    pytest.mark.skipif(not axe.PRESENT, reason=axe.REASON),
]

SHOWN = "!document.querySelector('{}').hidden"


@dataclass
class Room:
    """A server, a browser, and the page of a therapist who can invite others."""

    server: Served
    browser: Browser
    folder: Path
    desk: Page
    home: Page

    def listener(self) -> Page:
        """Return the page of a new listener on a station of their own."""
        link = self.desk.run(
            "fetch('/api/invitations', {method: 'POST', headers: {'content-type': "
            "'application/json'}, body: JSON.stringify({role: 'listener', name: 'Robin'})})"
            ".then(r => r.json()).then(r => r.link)"
        )
        return entered(self.browser, link, PHONE)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("room")
    with served(folder) as server, chromium.browser() as browser:
        desk = entered(browser, server.therapist, DESK)
        home = entered(browser, server.listener, PHONE)
        yield Room(server, browser, folder, desk, home)


def choose_quiet(page: Page) -> None:
    page.wait("document.querySelectorAll('input[name=programme]').length")
    page.run("document.querySelector('#output').value = 'null:'")


def log_of(room: Room, page: Page) -> list[dict[str, object]]:
    session = page.run("document.querySelector('#after-report').href").split("/")[-2]
    text = (room.folder / "out" / session / "session.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def commands(log: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(line["what"], line.get("value", "")) for line in log if line["kind"] == "command"]


def assert_clean(page: Page) -> None:
    assert page.errors == []
    foreign = [url for url in page.requested if not re.match(r"http://localhost:\d+/|data:", url)]
    assert foreign == []


def assert_accessible(page: Page, size: tuple[int, int]) -> None:
    for dark in (False, True):
        page.look(size, dark=dark)
        assert axe.findings(page) == []


def test_a_whole_session_by_keyboard_alone(room: Room) -> None:
    page = room.home
    choose_quiet(page)
    assert_accessible(page, PHONE)
    page.tab_to("input[name=sensor]")
    page.tab_to("#start")
    page.press("Enter")
    page.wait("document.querySelector('#heart').textContent !== '–'")
    assert page.run("document.querySelector('#simulated').hidden") is False
    assert page.run("document.activeElement.id") == "session"
    page.press("s")
    page.wait("document.querySelector('#say').textContent.includes('Heart rate 8')")
    page.press("m")
    page.tab_to("#hold")
    page.press("Space")
    page.wait("document.querySelector('#hold').getAttribute('aria-pressed') === 'true'")
    page.press("h")
    page.wait("document.querySelector('#hold').getAttribute('aria-pressed') === 'false'")
    page.tab_to("#rating-value")
    page.press("ArrowRight")
    page.tab_to("#rating button")
    page.press("Enter")
    page.wait_for_answers("/command", 4)
    page.press("u")
    page.wait("document.querySelector('#feeling').open")
    page.tab_to("#feeling-on")
    page.press("Enter")
    page.wait("!document.querySelector('#feeling').open")
    page.wait_for_answers("/command", 5)
    page.press("Escape")
    page.wait(SHOWN.format("#after-report"), 30)
    page.tab_to("#after-report")
    said = commands(log_of(room, page))
    assert said[:6] == [
        ("marker", "1"), ("hold", ""), ("resume", "hold"), ("rating", "relaxation=6"),
        ("adverse", "does not feel well"), ("panic", ""),
    ]  # fmt: skip
    page.open(page.run("document.querySelector('#after-report').href"))
    page.wait("document.querySelector('svg')")
    assert_clean(page)


def test_a_whole_session_by_touch_on_a_phone(room: Room) -> None:
    page = room.listener()
    page.run("document.cookie = 'language=de; path=/'")
    page.open(page.run("location.href"))
    choose_quiet(page)
    assert page.run("document.documentElement.lang") == "de"
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert_accessible(page, PHONE)
    page.tap("#start")
    page.wait("document.querySelector('#arousal').textContent !== '–'", 30)
    assert_accessible(page, PHONE)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.tap("#marker")
    page.tap("#hold")
    page.wait("document.querySelector('#hold').getAttribute('aria-pressed') === 'true'")
    page.tap("#rating button")
    page.wait_for_answers("/command", 3)
    page.tap("#eyes")
    page.wait("document.querySelector('#closed').open")
    box = page.run("(b => [b.width / innerWidth, b.height / innerHeight])"
                   "(document.querySelector('#closed-stop').getBoundingClientRect())")  # fmt: skip
    assert min(box) > 0.75
    page.press("s")  # keys and what is said go on with closed eyes
    page.wait("document.querySelector('#closed-say').textContent.includes('Puls')")
    page.tap("#closed-stop")
    page.wait(SHOWN.format("#after-report"), 30)
    page.wait("document.querySelectorAll('#sessions li').length === 1")
    small = page.run(
        "[...document.querySelectorAll('button, select, summary')].filter(e => e.offsetHeight"
        " && e.offsetHeight < 40).map(e => e.outerHTML)"
    )
    assert [s for s in small if "language" not in s] == []
    said = [what for what, _ in commands(log_of(room, page))]
    assert said == ["marker", "hold", "rating", "panic", "stop", "stop"]
    page.tap("#sessions .danger")
    page.tap("#ask-yes")
    page.wait("document.querySelectorAll('#sessions li').length === 0")
    assert_clean(page)


def test_the_desk_sees_and_steers_and_its_name_is_in_the_log(room: Room) -> None:
    page, desk = room.listener(), room.desk
    choose_quiet(page)
    page.run("document.querySelector('#choice').requestSubmit()")
    card = "[...document.querySelectorAll('.station')].at(-1)"
    desk.wait(f"{card}.querySelector('.heart').textContent !== '–'")
    desk.run(f"{card}.querySelector('form select').value = 'tempo_bpm'")
    desk.run(f"{card}.querySelector('form').requestSubmit()")
    desk.wait(f"{card}.textContent.includes('Set by hand: tempo 60')")
    what = f"{card}.querySelector('form select')"
    desk.run(f"{what}.value = 'style'; {what}.dispatchEvent(new Event('change'))")
    assert desk.run(f"{card}.querySelector('form input').hidden")
    desk.run(f"{card}.querySelectorAll('form select')[1].value = 'piano'")
    desk.run(f"{card}.querySelector('form').requestSubmit()")
    desk.wait(f"{card}.textContent.includes('style Piano')")
    desk.run(f"{card}.querySelectorAll('form')[1].querySelector('input').value = 'calm'")
    desk.run(f"{card}.querySelectorAll('form')[1].requestSubmit()")
    desk.wait_for_answers("/command", 3)
    desk.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert_accessible(desk, DESK)
    desk.run(f"{card}.querySelector('.stop').click()")
    page.wait(SHOWN.format("#after"))
    newest = max((room.folder / "out").iterdir())
    log = [json.loads(line) for line in (newest / "session.jsonl").read_text().splitlines()]
    assert commands(log)[:3] == [
        ("override", "tempo_bpm=60 for 300"), ("override", "style=piano for 300"), ("note", "calm"),
    ]  # fmt: skip
    assert {line["who"] for line in log if line["kind"] == "command"} == {"web:therapist:desk"}
    assert_clean(desk)


def test_a_stop_outlives_a_hold_that_is_let_go_and_ends_when_page_or_desk_goes_on(
    room: Room,
) -> None:
    page, desk = room.listener(), room.desk
    choose_quiet(page)
    page.tap("#start")
    page.wait("document.querySelector('#heart').textContent !== '–'")
    card = "[...document.querySelectorAll('.station')].at(-1)"
    said = "Go on after the stop"
    on = f"[...{card}.querySelectorAll('button')].find(b => b.textContent === '{said}')"
    path = page.run("JSON.parse(document.querySelector('#facts').textContent).station")
    distress = "{what: 'rating', value: 'distress=9'}"
    for hand, go_on in ((page, lambda: page.press("g")), (desk, lambda: desk.run(f"{on}.click()"))):
        assert desk.run(f"{on}.hidden")
        page.press("h")
        page.wait("document.querySelector('#hold').getAttribute('aria-pressed') === 'true'")
        page.run(
            f"fetch('/api/stations/{path}/command', {{method: 'POST', headers: {{'content-type': "
            f"'application/json'}}, body: JSON.stringify({distress})}})"
        )
        page.wait(SHOWN.format("#resume"))
        desk.wait(f"!{on}.hidden")
        if hand is page:
            page.press("h")
        else:
            desk.run(f"{card}.querySelector('[aria-pressed=true]').click()")
        hand.wait("document.querySelector('#say').textContent.includes('still holds the music')")
        page.wait("document.querySelector('#hold').getAttribute('aria-pressed') === 'false'")
        assert page.run(SHOWN.format("#resume"))
        go_on()
        page.wait("document.querySelector('#resume').hidden")
        desk.wait(f"{on}.hidden")
    page.press("Escape")
    page.wait(SHOWN.format("#after-report"), 30)
    once = [("hold", ""), ("rating", "distress=9"), ("resume", "hold"), ("resume", "")]
    assert commands(log_of(room, page))[:8] == once * 2
    assert_clean(desk)


def test_a_wish_to_go_on_that_waits_is_not_replaced_by_a_hold(room: Room) -> None:
    kept = room.desk.run(
        "import('/static/orders.js').then(({ Orders }) => {"
        "const orders = new Orders('/nowhere', () => {}, () => {}); orders.sending = true;"
        "for (const asked of [['hold', ''], ['resume', ''], ['resume', 'hold'], ['hold', '']])"
        "orders.wish(...asked);"
        "return orders.wishes.map(({ what, value }) => `${what} ${value}`); })"
    )
    assert kept == ["resume ", "hold "]


def test_questions_come_before_a_real_sensor_and_distress_starts_nothing(room: Room) -> None:
    page = room.listener()
    choose_quiet(page)
    page.run("document.querySelector('input[name=sensor]').value = 'ble:Nobody'")
    page.tap("#start")
    page.wait(SHOWN.format("#consent"))
    page.tap("input[value=distress]")
    page.wait(SHOWN.format("#not-now"))
    assert page.run("document.querySelector('#agree').disabled")
    page.tap("input[value=distress]")
    page.tap("input[value=heart]")
    page.wait(SHOWN.format("#advice"))
    page.tap("#agree")
    assert page.run("document.querySelector('#problem').hidden")  # the age is not guessed
    page.tap("input[value=minor]")
    page.wait(SHOWN.format("#guardian"))
    page.tap("#agree")
    page.wait(SHOWN.format("#problem"))
    page.tap("input[value=adult]")
    page.tap("#agree")
    page.wait(SHOWN.format("#problem"))
    assert "ask your doctor" in page.text()
    page.tap("#advised")
    assert axe.findings(page) == []
    page.tap("#agree")
    page.wait(SHOWN.format("#choose"))
    kept = list((room.folder / "data").rglob("*.consent.json"))
    assert len(kept) == 1
    consent = json.loads(kept[0].read_text())
    assert consent["yes"] == ["heart"]
    assert consent["advised"] is True
    page.run("document.querySelector('#data').open = true")
    page.tap("#withdraw")
    page.tap("#ask-yes")
    page.wait("document.querySelector('#withdraw').hidden")
    assert json.loads(kept[0].read_text())["withdrawn_utc"]


def cut(page: Page, gone: bool) -> None:
    page.send(
        "Network.emulateNetworkConditions",
        offline=gone, latency=0, downloadThroughput=-1, uploadThroughput=-1,
    )  # fmt: skip


def test_without_a_link_the_page_says_that_it_is_not_stopped_and_stops_when_the_link_is_back(
    room: Room,
) -> None:
    page = room.listener()
    choose_quiet(page)
    page.tap("#start")
    page.wait("document.querySelector('#heart').textContent !== '–'")
    cut(page, True)
    page.press("m")
    page.wait("document.querySelector('#pending').innerText.includes('Not arrived yet: marker')")
    cut(page, False)
    page.wait("document.querySelector('#pending').hidden")
    cut(page, True)
    page.run("document.querySelector('#eyes').click()")
    page.press("Escape")
    page.wait("document.querySelector('#closed #pending')?.innerText.includes('Not stopped yet')")
    assert page.run("document.querySelector('#start').disabled")
    page.wait("document.querySelector('#pending-more').textContent.includes('Still trying')")
    cut(page, False)
    page.wait(
        "document.querySelector('#pending').hidden && !document.querySelector('#closed').open"
    )
    page.wait(SHOWN.format("#after-report"), 30)
    log = log_of(room, page)
    assert commands(log) == [("marker", "1"), ("panic", ""), ("stop", ""), ("stop", "")]
    marker = next(line for line in log if line["kind"] == "command")
    assert marker["time"] < marker["t"] - 0.5  # when it was pressed, not when it came

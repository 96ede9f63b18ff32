"""Numbers on a page grow old by its own clock, and are never shown as good when they are old."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import axe, chromium
from rigs.chromium import DESK, PHONE, Browser, Page, entered
from rigs.served import Served, served

pytestmark = [pytest.mark.rig, pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON)]

#: Makes the page's clocks run as a computer's do that sleeps for a minute: one of them stands.
SLEEP = """(() => {
  const now = Date.now.bind(Date);
  window.said = [];
  const signal = document.querySelector('#signal');
  new MutationObserver(() => window.said.push(signal.textContent))
    .observe(signal, {childList: true, characterData: true, subtree: true});
  Date.now = () => now() + 60000;
})()"""
#: Remembers how a number and its note looked, however long the machine takes to be asked.
LOOK = """(() => {
  window.looked = [];
  const value = document.querySelector(%s), note = value.nextElementSibling;
  new MutationObserver(() => window.looked.push(`${value.className}: ${note.textContent}`))
    .observe(value.parentElement, {subtree: true, childList: true, attributes: true});
})()"""
#: Asks the page's own module what a picture is worth, at times of the test's choosing.
JUDGE = """(async () => {
  const { Word, figure } = await import('/static/word.js');
  const told = [], last = new Word(), value = document.createElement('span');
  const note = document.createElement('small');
  let now = 0;
  performance.now = () => now;
  Date.now = () => 0;
  const look = (measured) => {
    figure(last, measured, '72', value, note, 'bpm');
    told.push([value.textContent, value.className, note.textContent.replace(/\\u00a0/g, ' ')]);
  };
  for (const [plus, picture, age, measured] of %s) {
    now += 1000 * plus;
    if (picture !== null) last.take({ stage: 'playing', picture: { t: picture }, age_s: age });
    look(measured);
  }
  return told;
})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("age")) as server:
        yield server
        server.process.kill()  # it may stand still


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as browser:
        yield browser


def shown(page: Page, *selectors: str) -> list[str]:
    found = [f"document.querySelector({json.dumps(one)}).textContent" for one in selectors]
    return [text.replace("\xa0", " ") for text in page.run(f"[{','.join(found)}]")]


def test_a_frozen_or_killed_server_is_told_and_what_it_said_grows_old(
    server: Served, browser: Browser
) -> None:
    page = entered(browser, server.listener, PHONE)
    page.run(
        "fetch('/api/stations/home/start', {method: 'POST', headers: {'content-type': "
        "'application/json'}, body: JSON.stringify({sensor: 'sim:listener', output: 'null:'})})"
    )
    page.wait("document.querySelector('#heart').textContent !== '–'")
    desk = entered(browser, server.therapist, DESK)
    desk.wait("document.querySelector('.station .heart').textContent !== '–'")
    assert shown(page, "#heart-note") == ["a minute"]
    assert page.run("document.querySelector('#heart').className") == ""

    both = ((page, "#heart"), (desk, ".station .heart"))
    for one, heart in both:
        one.run(LOOK % json.dumps(heart))
    server.process.send_signal(signal.SIGSTOP)
    for one, _ in both:
        one.wait("document.body.innerText.includes('No word from the computer for')")
        one.wait("window.looked.some((look) => /old: a minute, \\d+\\ss ago/.test(look))")
        assert one.run("document.querySelector('.mark').className") == "mark bad"
        assert "music goes on" not in one.text().replace("whether the music goes on is not", "")
        assert axe.findings(one) == []
    page.press("s")
    assert "No word from the computer" in shown(page, "#say")[0]
    page.run("document.querySelector('#closed').showModal()")
    page.wait("document.querySelector('#closed-word').textContent.includes('No word')")
    page.run("document.querySelector('#closed').close()")

    server.process.send_signal(signal.SIGCONT)
    page.wait("document.querySelector('#heart').className === ''")
    page.wait("!document.body.innerText.includes('No word from the computer')")
    desk.wait("!document.body.innerText.includes('No word from the computer')")

    page.run(SLEEP)
    page.wait("window.said.some((text) => text.includes('No word'))")
    page.wait("!window.said.at(-1).includes('No word')")  # asked anew, and told

    server.process.kill()
    page.wait("document.querySelector('#signal').textContent.includes('No word')")


def test_a_number_fades_then_goes_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    steps = [
        # seconds later, the session's time of a new picture and how old that was, measured at
        (0, 10.0, 0.0, 9.5),
        (1.5, None, 0.0, 9.5),
        (1.0, None, 0.0, 9.5),  # no word for 2.5 s
        (10.0, None, 0.0, 9.5),
        (20.0, None, 0.0, 9.5),  # older than a number may be
        (0.5, 43.0, 0.0, 42.0),
        (0.0, 44.0, 0.0, 36.0),  # the picture is new, and what it tells is old
        (0.0, 45.0, 8.0, 45.0),  # sent again by a server that has heard nothing itself
        (0.0, 46.0, 0.0, None),
    ]
    with served(tmp_path) as server:
        page = entered(browser, server.listener, PHONE)
        told = page.run(JUDGE % json.dumps(steps))
    assert told == [
        ["72", "", "bpm"],
        ["72", "", "bpm"],
        ["72", "old", "bpm, 3 s ago"],
        ["72", "old", "bpm, 13 s ago"],
        ["–", "", "bpm"],
        ["72", "", "bpm"],
        ["72", "old", "bpm, 8 s ago"],
        ["72", "old", "bpm, 8 s ago"],
        ["–", "", "bpm"],
    ]

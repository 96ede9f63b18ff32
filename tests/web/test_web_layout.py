"""STOP wholly in reach: on every viewport, in every state, behind nothing and below no fold."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import axe, chromium
from rigs.chromium import Page
from rigs.served import Served, served

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON),
    pytest.mark.skipif(not axe.PRESENT, reason=axe.REASON),
]

VIEWPORTS = [(320, 568), (568, 320), (360, 640), (390, 844), (844, 390), (768, 1024)]
SMALLEST = VIEWPORTS[:2]
OPEN = "document.querySelector('{}').open"
SHOWN = "!document.querySelector('{}').hidden"
#: Of each button that stops: its corners and its middle can be pressed. The corners are round.
REACHED = """[...document.querySelectorAll('.stop')].filter((e) => e.getClientRects().length)
  .some((e) => {
    const b = e.getBoundingClientRect();
    const inside = b.top >= 0 && b.left >= 0 && b.bottom <= innerHeight && b.right <= innerWidth;
    const points = [[b.left + 9, b.top + 9], [b.right - 9, b.top + 9], [b.left + 9, b.bottom - 9],
      [b.right - 9, b.bottom - 9], [(b.left + b.right) / 2, (b.top + b.bottom) / 2]];
    return inside && b.height >= 44 && points.every(([x, y]) => document.elementFromPoint(x, y) === e);
  })"""  # noqa: E501
#: Nothing is wider than the window.
FITS = "[document.documentElement, document.querySelector('#page')].every(e => e.scrollWidth <= e.clientWidth)"  # noqa: E501
#: The breathing guide comes after a minute of listening; its place is the same at once.
GUIDED = """(() => {
  const guide = document.querySelector('#breath');
  guide.removeAttribute('hidden');
  Object.defineProperty(guide, 'hidden', {set() {}});
})()"""
#: What was refused and what is said can be read where they stand.
READ = """['problem', 'say'].map((id) => document.getElementById(id))
  .filter((e) => e.getClientRects().length && e.textContent.trim()).every((e) => {
    const b = e.getBoundingClientRect(), stop = document.getElementById('stop').getBoundingClientRect();
    return b.top >= 0 && b.top < innerHeight && (!stop.height || b.bottom <= stop.top || b.top < stop.top);
  })"""  # noqa: E501


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as made:
        yield made


def entered(page: Page, link: str) -> Page:
    page.look(VIEWPORTS[0])
    page.open(link)
    page.wait("document.activeElement.matches('button')")
    page.press("Enter")
    page.wait("document.querySelector('#main')")
    return page


def assert_in_reach(page: Page, state: str, viewports: list[tuple[int, int]] = VIEWPORTS) -> None:
    for width, height in viewports:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        page.send("Emulation.setDeviceMetricsOverride", **size)
        try:
            page.wait(f"innerWidth === {width} && {REACHED} && {FITS} && {READ}", 10.0)
        except AssertionError:
            facts = [page.run(fact) for fact in (REACHED, FITS, READ)]
            raise AssertionError(f"{state}, {width} x {height}: {facts}") from None


def ask(page: Page, path: str, body: str) -> None:
    page.run(
        f"fetch('/api/stations/home/{path}', {{method: 'POST', headers: {{'content-type': "
        f"'application/json'}}, body: JSON.stringify({body})}}).then(r => r.text())"
    )


def test_stop_is_in_reach_in_every_state_of_a_session(server: Served) -> None:
    with chromium.browser() as browser:
        page = entered(browser.page(), server.listener)
        desk = entered(browser.page(), server.therapist)
        page.wait("document.querySelectorAll('input[name=programme]').length")
        page.run("document.querySelector('#output').value = 'null:'")
        page.run("document.querySelector('#choice').requestSubmit()")
        page.wait(SHOWN.format("#session"))
        assert_in_reach(page, "starting")
        page.run(GUIDED)
        assert_in_reach(page, "over the breath guide")
        assert axe.findings(page) == []
        page.run("document.querySelector('#page').scrollTo(0, 9999)")
        assert_in_reach(page, "scrolled down")
        page.run("document.querySelector('#hold').click()")
        page.wait("document.querySelector('#say').textContent")
        assert_in_reach(page, "held, with a toast")
        page.run("document.querySelector('#choice').requestSubmit()")
        page.wait(SHOWN.format("#problem"))
        assert_in_reach(page, "with an error")
        page.run("document.documentElement.style.fontSize = '200%'")
        assert_in_reach(page, "with text of twice the size")
        page.run("document.documentElement.style.fontSize = ''")
        page.look((390, 844))
        assert_in_reach(page, "with a keyboard on the screen", [(390, 420), (320, 280)])

        page.run("document.querySelector('#unwell').click()")
        page.wait(OPEN.format("#feeling"))
        assert page.run("document.activeElement.matches('.stop')")
        assert_in_reach(page, "feeling unwell")
        assert axe.findings(page) == []
        page.run("document.querySelector('#feeling-on').click()")
        page.wait("document.querySelector('#dock').parentElement === document.body")
        page.run("document.querySelector('#ask').showModal()")
        assert_in_reach(page, "asked a question")
        page.run("document.querySelector('#ask').close()")
        page.run("document.querySelector('#eyes').click()")
        page.wait(OPEN.format("#closed"))
        assert_in_reach(page, "with closed eyes")
        page.run("document.querySelector('#closed-back').click()")

        desk.wait("document.querySelector('.station .mark.ok')")
        assert_in_reach(desk, "at the desk")
        assert axe.findings(desk) == []
        desk.run("document.querySelectorAll('details').forEach(d => d.open = true)")
        desk.run("document.querySelector('#guest-name').focus()")
        assert_in_reach(desk, "at the desk, inviting")
        desk.run("document.querySelector('#ask').showModal()")
        assert_in_reach(desk, "at the desk, asked a question", SMALLEST)
        desk.run("document.querySelector('#ask').close()")

        ask(page, "command", "{what: 'rating', value: 'distress=9'}")
        page.wait("document.querySelector('#why').classList.contains('stopped')", 60)
        assert_in_reach(page, "stopped by a rule")
        server.process.send_signal(signal.SIGSTOP)
        try:
            page.wait(SHOWN.format("#link"))
            assert_in_reach(page, "disconnected")
        finally:
            server.process.send_signal(signal.SIGCONT)
        page.wait("document.querySelector('#link').hidden")
        page.run("document.querySelector('#finish').click()")
        threading.Event().wait(0.3)
        assert_in_reach(page, "ending", SMALLEST)
        page.run("document.querySelector('#stop').click()")
        page.wait(SHOWN.format("#after"))
        assert_in_reach(page, "writing", SMALLEST)
        page.wait("document.querySelector('#stop').hidden", 60)
        assert [error for error in page.errors if "409" not in error] == []  # it was refused
        assert desk.errors == []

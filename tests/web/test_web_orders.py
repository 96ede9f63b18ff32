"""What the page keeps of orders that are not answered yet, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs import chromium
from rigs.page_server import PageServer, page_server

pytestmark = pytest.mark.rig

PRESSED_TWICE = """
void import('/static/orders.js').then(async ({ Orders }) => {
  const asked = [];
  const fetched = window.fetch; // the page's own requests go on
  window.fetch = (path, ...how) => !String(path).startsWith('/api/stations/other/')
    ? fetched(path, ...how)
    : new Promise((resolve) => asked.push({
        id: path.split('id=')[1], tell: (told) => resolve(new Response(JSON.stringify(told))) }));
  const orders = new Orders('/api/stations/other', () => {}, () => {});
  const until = async (true_) => { while (!true_()) await new Promise((on) => setTimeout(on, 5)); };
  let told = null;
  orders.stop().then((answer) => (told = answer));
  orders.stop();
  await until(() => asked.length >= 3);
  asked[0].tell({ stopped: true, of: 'the first' });
  await new Promise((on) => setTimeout(on, 50));
  const early = told;
  asked[2].tell({ stopped: true, of: 'the second' });
  await until(() => told);
  const [one, two, again] = asked.map(({ id }) => id);
  window.outcome = [one === two, two === again, early, told.of];
});
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out") as made:
        yield made


@pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON)
def test_each_press_of_stop_is_a_stop_of_its_own_and_only_its_answer_counts(
    server: PageServer,
) -> None:
    _, secret = server.tokens.invite("listener", "home", "home")
    with chromium.browser() as browser:
        page = browser.page()
        page.open(f"{server.origin}/")
        page.run(f"fetch('/enter/{secret}', {{method: 'POST', redirect: 'manual'}})")
        page.wait("document.querySelector('#choose')")
        page.run(PRESSED_TWICE)
        page.wait("window.outcome", 20)
        assert page.run("window.outcome") == [False, True, None, "the second"]

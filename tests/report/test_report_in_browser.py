"""The report in a real browser: no complaint, nothing fetched, readable on a desk and a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from replayed_session import simulated
from rigs import axe, chromium
from rigs.chromium import DESK, PHONE, Page

from biofeedback.report import page as report

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(chromium.PATH is None, reason=chromium.REASON),
    pytest.mark.skipif(not axe.PRESENT, reason=axe.REASON),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    session = simulated(tmp_path_factory.mktemp("out"), 60.0)
    return report.write(session, lambda share: None).as_uri()


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with chromium.browser() as browser:
        yield browser.page()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_it_is_whole_quiet_and_accessible(
    tab: Page, address: str, size: tuple[int, int], dark: bool, tmp_path: Path
) -> None:
    tab.errors.clear()
    tab.requested.clear()
    tab.look(size, dark=dark)
    tab.open(address)
    assert tab.errors == []
    assert tab.requested == [address]
    assert tab.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert tab.run(
        "[...document.querySelectorAll('[role=img]')].every(e => e.ariaLabel.length > 50)"
    )
    assert tab.run("[...document.querySelectorAll('table')].every(t => t.tHead)")
    tab.send("Page.setBypassCSP", enabled=True)  # for the checker alone
    assert axe.findings(tab) == []

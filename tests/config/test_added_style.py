"""A style that a package adds is offered wherever styles are, and may be asked for meanwhile."""

import asyncio
import http.client
import json
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rigs.packages import install
from rigs.served import served
from rigs.sessions import of_kind

from biofeedback.app.plan import SessionPlan
from biofeedback.app.recommend import preferences, tailored
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.app import run
from biofeedback.common import plugins
from biofeedback.common.errors import CommandError, ConfigError
from biofeedback.config.schema import Config
from biofeedback.config.styles import style_titles
from biofeedback.personal.insights import named
from biofeedback.record import lines
from biofeedback.runtime.session import Session
from synth.styles import STYLES

ROOT = Path(__file__).parents[2]
CODE = "from synth.styles.piano import PianoStyle as Grove\n"
NUMBERS = (ROOT / "configs" / "styles" / "piano.toml").read_text(encoding="utf-8")
TITLE = next(line for line in NUMBERS.splitlines() if line.startswith("title"))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which a package with the style grove is installed, and a broken one."""
    folder = tmp_path / "site"
    folder.mkdir()
    numbers = NUMBERS.replace(TITLE, 'title = { en = "Grove", de = "Hain" }')
    files = {"grove/__init__.py": CODE, "grove/grove.toml": numbers}
    entries = {"biofeedback.styles": {"grove": "grove:Grove", "broken": "grove.missing:Part"}}
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    plugins.installed.cache_clear()
    install(folder, "bf-grove", entries, files, "1.0")
    yield folder
    sys.modules.pop("grove", None)
    plugins.installed.cache_clear()
    plugins.say_once.cache_clear()


def plan(out: Path, **changes: object) -> SessionPlan:
    what = {"config": Config(), "sensors": ("sim:",), "outputs": (), "out": out, "seed": 3}
    return SessionPlan(**{**what, "duration_s": 40.0, **changes})  # type: ignore[arg-type]


def asked_for(wish: str, out: Path) -> tuple[Path, CommandError | None]:
    """Run a session in which somebody asks for something; return its folder, and a refusal."""
    refused: list[CommandError] = []

    async def ask(session: Session) -> None:
        await asyncio.sleep(10.0)
        try:
            session.command("test", "override", wish)
        except CommandError as error:
            refused.append(error)

    folder = SessionRunner(plan(out)).run(ask).folder
    return folder, next(iter(refused), None)


def test_it_has_the_titles_that_its_file_gives_and_what_is_broken_is_not_offered(
    site: Path,
) -> None:
    assert list(style_titles()) == [*STYLES, "grove"]
    assert (style_titles()["grove"], style_titles("de")["grove"]) == ("Grove", "Hain")
    assert style_titles("fr")["grove"] == "Grove"
    assert named("style", "grove") == "grove"


@pytest.mark.parametrize("command", ["run", "replay", "demo"])
def test_help_names_it(site: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "drone_breath, broken, grove." in " ".join(capsys.readouterr().out.split())


def test_the_learner_chooses_it_and_a_wish_may_name_it(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no style 'grov'") as caught:
        preferences("robin", {"liked": ["grov"]})
    assert "Did you mean 'grove'?" in (caught.value.hint or "")
    preferences("robin", {"avoided": list(STYLES)})
    chosen = tailored(plan(tmp_path, profile="robin"), datetime.now(UTC), simulated=True)
    assert chosen.config.music.style == "grove"
    assert chosen.chosen is not None
    assert chosen.chosen.why.startswith("Grove, ")
    shutil.rmtree(site)
    plugins.installed.cache_clear()
    with pytest.raises(ConfigError, match="no style is left"):
        tailored(plan(tmp_path, profile="robin"), datetime.now(UTC), simulated=True)


@pytest.mark.slow
def test_a_session_goes_over_to_it_and_its_log_says_whose_it_is(
    site: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, _ = asked_for("style=grove for 600", tmp_path / "out")
    (line,) = of_kind(folder, lines.PluginLine)
    assert (line.plugin.name, line.plugin.package, line.plugin.version) == (
        "grove", "bf-grove", "1.0",
    )  # fmt: skip
    plain, _ = asked_for("style=ambient for 600", tmp_path / "plain")
    assert not of_kind(plain, lines.PluginLine)
    grown, still = (
        [note.pitch for note in of_kind(one, lines.NoteLine)] for one in (folder, plain)
    )
    assert grown[:5] == still[:5]
    assert grown != still
    assert run(["verify", str(folder)]) == 0
    shutil.rmtree(site)
    plugins.installed.cache_clear()
    capfd.readouterr()
    assert run(["verify", "--json", str(folder)]) == 3
    told = json.loads(capfd.readouterr().out)
    assert "the style 'grove' of bf-grove 1.0 is not installed here" in told["foreign"]


@pytest.mark.parametrize(
    ("name", "said"), [("groove", "Did you mean 'grove'?"), ("broken", "pip uninstall bf-grove")]
)
def test_one_that_cannot_be_played_is_refused_while_the_session_goes_on(
    site: Path, tmp_path: Path, name: str, said: str
) -> None:
    folder, refused = asked_for(f"style={name}", tmp_path / "out")
    assert refused is not None
    assert said in (refused.hint or "")
    (end,) = of_kind(folder, lines.EndLine)
    assert end.reason == "duration"


@pytest.mark.rig
def test_the_pages_offer_it_in_their_language(site: Path, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        for link, path in ((server.therapist, "/"), (server.listener, "/api/choices")):
            connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
            headers = {"Cookie": server.cookie(link), "Accept-Language": "de"}
            connection.request("GET", path, headers=headers)
            text = connection.getresponse().read().decode()
            connection.close()
            assert '"grove":"Hain"' in text.replace('": "', '":"'), path
            assert '"broken"' not in text

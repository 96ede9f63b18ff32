"""How far the controller would come if it saw arousal itself: the bound that no estimate passes.

Real strategy and limits, the same minds; in place of body, sensors, metrics and estimator stands
the truth. What is missing here no better metrics could bring.
"""

from collections.abc import Sequence

import numpy as np

from biofeedback.config.schema import Config
from biofeedback.control.build import build
from biofeedback.lab.base import LabCase, SessionCourse
from biofeedback.lab.measures import CourseVerdict, judge
from biofeedback.simulation.crowd import minds
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.state.estimator import State
from biofeedback.storage.paths import configs_folder
from synth.params import MusicParams
from synth.styles.load import load as load_style

__all__ = ["sighted"]


def sighted(cases: Sequence[LabCase]) -> list[CourseVerdict]:
    """Return what came of cases of one family and length whose arousal is known at once."""
    config, seeds = Config(), [case.seed for case in cases]
    style = load_style(config.music.style, configs_folder() / "styles")
    crowd = minds(cases[0].family, [case.kind for case in cases], seeds)
    steered = [build(config.control, config.music.palette, style.settings.home) for _ in cases]
    music: list[MusicParams | None] = [None] * len(cases)
    courses: list[list[float]] = []
    struck: list[list[bool]] = []
    for second in range(1, round(60 * cases[0].minutes) + 1):
        heard = MusicFeatures.of(music, [config.music.style] * len(cases))
        struck_now = np.zeros(len(cases), dtype=bool)
        for _ in range(2):
            crowd.step(heard)
            struck_now |= crowd.struck
        arousal = crowd.arousal.tolist()
        courses.append(arousal)
        struck.append(struck_now.tolist())
        for k, (steering, seen) in enumerate(zip(steered, arousal, strict=True)):
            state = State(float(second), seen, seen, seen, 1.0, "tracking", {})
            music[k] = steering.step(state, 1.0).params
    columns = zip(cases, zip(*courses, strict=True), zip(*struck, strict=True), strict=True)
    return [judge(_course(case, course, blows)) for case, course, blows in columns]


def _course(case: LabCase, arousal: Sequence[float], struck: Sequence[bool]) -> SessionCourse:
    n = len(arousal)
    nothing = [0.0] * n
    return SessionCourse(
        case=case,
        arousal=list(arousal),
        estimate=list(arousal),
        confidence=[1.0] * n,
        level=nothing,
        tempo_bpm=nothing,
        pace=nothing,
        breaths=nothing,
        captured=nothing,
        own_breaths=1.0,
        resonance=0.0,
        upward=0,
        stops=[],
        reasons=[],
        struck=[second for second, blow in enumerate(struck, 1) if blow],
    )

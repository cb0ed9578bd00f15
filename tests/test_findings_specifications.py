"""Direction, business outcomes and programmes under every declared choice: the recorded estimate is one of them."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import (
    Sensitivity,
    Specifications,
    business_outcomes,
    direction_specifications,
    outcome_specifications,
    programme_effect,
    which_comes_first,
)
from exresearch.models import cross_lagged_panel, dynamic_panel
from exresearch.report import Page, Texts, sensitivity
from exresearch.report.theme import Picture
from exresearch.study import Study, load_study
from exresearch.study.demo import write_demo_study

RULES = DisclosureRules()
SIDE: dict[str, Any] = {
    "ex_measure": "engagement", "engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0,
    "min_unit_n": 5, "conf_level": 0.95,
}  # fmt: skip
OWN = SIDE | {"ex_measure": "mood"}
# The deciding combination is the same sum as the verdict.
EXACT = 1e-9
# Maximum likelihood stops when nothing changes any more to about this much.
LIKELIHOOD = 1e-5


def panel(n_units: int = 60, n_waves: int = 5, *, seed: int = 3) -> pd.DataFrame:
    """Units by wave whose mood helps service a wave later, with figures, two kinds, and a programme for some."""
    rng = np.random.default_rng(seed)
    level, now, rows = rng.normal(size=(n_units, 2)), rng.normal(size=(n_units, 2)), []
    starts = np.array([2, 3, 99])[np.arange(n_units) % 3]
    before = np.zeros(n_units)
    for wave in range(n_waves):
        mood = level[:, 0] + now[:, 0] + 0.8 * (wave >= starts)
        rows.append(
            pd.DataFrame(
                {
                    "team": [f"t{i:03d}" for i in range(n_units)],
                    "year": 2020 + wave,
                    "mood": mood,
                    "service": level[:, 1] + now[:, 1] + 0.6 * (wave > starts),
                    "answers": np.where(np.arange(n_units) % 4 == wave % 4, 7, 30),
                    "output": 0.6 * before + rng.normal(0, 0.7, n_units),
                    "kind": np.where(np.arange(n_units) % 2, "shop", "desk"),
                    "plan": (wave >= starts).astype(int),
                }
            )
        )
        before = mood
        now = now @ [[0.3, 0.3], [0.0, 0.3]] + rng.normal(size=(n_units, 2))
    return pd.concat(rows, ignore_index=True)


def of_units(client: Any, units: pd.DataFrame) -> Study:
    """A study that is nothing but a table of units."""
    entry = client.entry
    entries = [
        entry("units", "team", "unit"),
        entry("units", "year", "wave"),
        entry("units", "mood", "measure", construct="mood", kind="mean", n_column="answers"),
        entry("units", "service", "measure", construct="cx", kind="mean", n_column="answers"),
        entry("units", "output", "measure", construct="productivity", kind="mean"),
        entry("units", "answers", "count"),
        entry("units", "kind", "category"),
        entry("units", "plan", "flag"),
    ]
    client.variables = {f"units.{e['column']}": e for e in entries}
    client.tables = {"units": units}
    client.settings["tables"] = {"units": "units.csv"}
    return client.load()


def directed(study: Study, *, set_apart: str = "", **change: Any) -> tuple[Any, Sensitivity]:
    """Notebook 04."""
    options = SIDE | {"cx_measure": "cx", "set_apart": set_apart} | change
    result = which_comes_first(study, waves_overlap=False, n_boot=100, seed=1, rules=RULES, **options)
    return result, direction_specifications(study, result, **options)


def business(study: Study, **change: Any) -> tuple[Any, Sensitivity]:
    """Notebook 09."""
    options = SIDE | {"ex_alternative": ""} | change
    result = business_outcomes(study, rules=RULES, **options)
    return result, outcome_specifications(study, result, **options)


def programme(study: Study, **change: Any) -> tuple[Any, Sensitivity]:
    """Notebook 10."""
    options = SIDE | {"cx_measure": "cx", "programme": "", "anticipation": 0} | change
    result = programme_effect(study, n_boot=100, seed=1, rules=RULES, **options)
    return result, result.choices


def is_recorded(curve: Specifications, record: Any) -> None:
    """The marked row is what the finding says, and every combination is there."""
    row = curve.deciding
    assert row is not None
    assert curve.table["deciding"].sum() == 1
    for name in ("estimate", "conf_low", "conf_high"):
        assert row[name] == pytest.approx(getattr(record, name), abs=EXACT)
    assert len(curve.table) == prod(len(one.alternatives) for one in curve.decisions)
    assert all(len(one.alternatives) > 1 for one in curve.decisions)


def keys(curve: Specifications) -> dict[str, list[str]]:
    return {one.name: [option.key for option in one.alternatives] for one in curve.decisions}


def pictures(made: Sensitivity, words: dict[str, str]) -> None:
    """The picture begins its alternative text with what it is about, in both languages."""
    for language, start in words.items():
        texts = Texts(language, strict=True)  # type: ignore[arg-type]
        picture = sensitivity.curve_picture(made, texts=texts)
        assert isinstance(picture, Picture)
        assert picture.alt.startswith(start)
        n = int(made.deciding.summary["n_estimated"].iloc[0])
        assert (f"van {n} vanaf de laagste" if language == "nl" else f"of {n} from the lowest") in picture.alt
        page = Page(language=language, rules=RULES)  # type: ignore[arg-type]
        table = page.table(**sensitivity.curve_table(made.curves, texts=texts)).data
        assert table.count("<tr") == len(made.curves) + 1
        assert "nan" not in page.figure(picture).data.split("base64")[0]


def test_direction_under_every_choice(client: Any) -> None:
    frame = panel()
    gone = frame["team"].isin(["t000", "t001", "t002"]) & (frame["year"] == 2022)
    study = of_units(client, frame[~gone])
    result, made = directed(study, ex_measure="mood", set_apart="kind=desk", conf_level=0.95)
    forth, back, loop = (curve for _, curve in made.curves)
    assert made.deciding is forth
    assert keys(forth) == {
        "model": ["equal", "free", "dynamic"],
        "units": ["all", "complete"],
        "kinds": ["all", "without"],
    }
    # What goes round has no interval in the second kind of model.
    assert keys(loop)["model"] == ["equal", "free"]
    parts = {
        record.term: record
        for name in ("ex-precedes-cx", "two-way")
        for record in result.findings[name].components
    }
    is_recorded(forth, parts["ex_to_cx"])
    is_recorded(back, parts["cx_to_ex"])
    is_recorded(loop, result.findings["vicious-circle"])
    # One combination by hand; those with 30 units of one kind may have no answer, which is counted and said.
    rows = forth.table.set_index(["model", "units", "kinds"])["estimate"]
    complete = frame[~frame["team"].isin(["t000", "t001", "t002"])]
    options: dict[str, Any] = {"unit": "team", "wave": "year", "ex": "mood", "cx": "service"}
    hand = cross_lagged_panel(complete, **options, constrained=False).effects["ex_to_cx"]
    assert rows["free", "complete", "all"] == pytest.approx(hand, abs=LIKELIHOOD)
    table = dynamic_panel(frame[~gone], **options, missing="fiml").table
    other = table[(table["term"] == "ex_to_cx") & (table["scale"] == "standardised")]["estimate"].iloc[0]
    assert rows["dynamic", "all", "all"] == pytest.approx(other, abs=LIKELIHOOD)
    assert (forth.note is None) == rows.notna().all()
    pictures(made, {"nl": "Van medewerkers naar klanten (", "en": "From employees to customers ("})


def test_hidden_causes_of_the_links_between_and_within_units(client: Any) -> None:
    result, made = directed(of_units(client, panel()), ex_measure="mood")
    between, within = (result.links.record(name) for name in ("between", "within"))
    rows = made.unmeasured
    assert rows["estimate"].tolist() == pytest.approx([between.estimate, within.estimate])
    # The partial R-squared of a single predictor is the squared correlation.
    assert rows["partial_r2"].tolist() == pytest.approx([between.estimate**2, within.estimate**2])
    assert (rows["robustness_value_alpha"] < rows["robustness_value"]).all()
    assert (rows["e_value"] >= 1).all()
    for language, words in {"nl": "Binnen eenheden: \u2018", "en": "Within units: “"}.items():
        page = Page(language=language, rules=RULES)  # type: ignore[arg-type]
        assert words in page.table(**sensitivity.unmeasured_table(rows, texts=page.texts)).data


def test_business_outcomes_under_every_choice(client: Any) -> None:
    study = of_units(client, panel())
    result, made = business(study, ex_measure="mood", ex_alternative="cx")
    assert keys(made.deciding) == {
        "scoring": ["declared", "alternative"],
        "answers": ["n_5", "n_10"],
        "kinds": ["kept", "left_out"],
        "units": ["all", "smaller"],
        "earlier": ["left_out", "kept"],
    }
    (record,) = result.finding.components
    is_recorded(made.deciding, record)
    checks = result.checks.set_index("check")["estimate"]
    rows = made.deciding.table.set_index(["scoring", "answers", "kinds", "units", "earlier"])["estimate"]
    assert rows["declared", "n_5", "kept", "all", "kept"] == pytest.approx(checks["earlier"])
    assert rows["declared", "n_5", "left_out", "all", "left_out"] == pytest.approx(checks["plain"])
    assert rows["declared", "n_5", "kept", "smaller", "left_out"] == pytest.approx(checks["smaller"])
    pictures(made, {"nl": "Productiviteit (", "en": "Productivity ("})


def test_a_choice_that_changes_nothing_is_not_offered(client: Any) -> None:
    frame = panel().assign(answers=30, kind="shop")
    _, made = business(of_units(client, frame), ex_measure="mood")
    assert keys(made.deciding) == {"units": ["all", "smaller"], "earlier": ["left_out", "kept"]}
    frame = frame[~frame["team"].isin(frame.loc[(frame["plan"] == 1) & (frame["year"] == 2022), "team"])]
    _, one_start = programme(of_units(client, frame), ex_measure="mood")
    assert "controls" not in keys(one_start.deciding)


@pytest.mark.parametrize("anticipation", [0, 1])
def test_programmes_under_every_choice(client: Any, anticipation: int) -> None:
    result, made = programme(of_units(client, panel()), ex_measure="mood", anticipation=anticipation)
    assert keys(made.deciding) == {
        "controls": ["not_yet", "never"],
        "anticipation": [f"waves_{anticipation}", f"waves_{1 - anticipation}"],
        "covariates": ["none", "equal"],
        "weights": ["units", "answers"],
    }
    for (_, curve), record in zip(made.curves, result.finding.components, strict=True):
        is_recorded(curve, record)
    checks = result.checks.set_index(["side", "check"])["estimate"]
    rows = made.deciding.table.set_index(["controls", "anticipation", "covariates", "weights"])["estimate"]
    declared = f"waves_{anticipation}"
    assert rows["never", declared, "none", "units"] == pytest.approx(checks["ex", "never"])
    assert rows["not_yet", declared, "equal", "units"] == pytest.approx(checks["ex", "covariates"])
    pictures(
        made, {"nl": "Medewerkersbeleving vanaf de start (", "en": "Employee experience from the start on ("}
    )


def test_half_a_claim_has_a_curve_of_which_nothing_decides(client: Any) -> None:
    study = of_units(client, panel())
    study.tables["units"] = study.tables["units"].drop(columns="service")
    client.variables.pop("units.service")
    client.tables["units"] = client.tables["units"].drop(columns="service")
    result, made = programme(client.load(), ex_measure="mood")
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert len(made.curves) == 1
    assert made.deciding.deciding is None
    picture = sensitivity.curve_picture(made, texts=Texts("en"))
    assert isinstance(picture, Picture)
    assert "which alone decides" not in picture.caption


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return load_study(write_demo_study(Path(tmp_path_factory.mktemp("four")), n_units=4, n_employees=60))


@pytest.mark.parametrize("ask", [directed, business, programme])
def test_too_few_units_are_said_in_the_place_of_the_picture(four: Study, ask: Any) -> None:
    _said(*ask(four))


@pytest.mark.parametrize("ask", [directed, business, programme])
def test_missing_tables_are_said_in_the_place_of_the_picture(client: Any, ask: Any) -> None:
    client.settings["tables"] = {"employees": "employees.csv"}
    client.tables = {"employees": client.tables["employees"]}
    client.variables = {
        name: entry for name, entry in client.variables.items() if entry["table"] == "employees"
    }
    _said(*ask(client.load()))


def _said(result: Any, made: Sensitivity) -> None:
    finding = result.finding if hasattr(result, "finding") else result.findings["ex-precedes-cx"]
    assert finding.verdict is Verdict.NOT_TESTABLE
    assert made.curves == ()
    assert made.deciding.table.empty
    for language in ("nl", "en"):
        page = Page(language=language, rules=RULES)  # type: ignore[arg-type]
        picture = sensitivity.curve_picture(made, texts=page.texts)
        assert isinstance(picture, Note)
        assert picture == finding.reason
        blocks = [
            page.figure(picture),
            page.table(**sensitivity.curve_table(made.curves, texts=page.texts, note=finding.reason)),
        ]
        blocks.append(
            page.table(**sensitivity.unmeasured_table(made.unmeasured, texts=page.texts, note=finding.reason))
        )
        assert all("Traceback" not in block.data and block.data for block in blocks)

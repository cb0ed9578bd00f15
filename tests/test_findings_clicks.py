"""Clicks and experience: against least squares written out, on planted truth, on noise, and without the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Verdict
from exresearch.findings.analyses import BeyondClicks, beyond_clicks
from exresearch.findings.analyses.clicks import claim
from exresearch.findings.analyses.clicks.sheets import click_sheets
from exresearch.measures import journey_data
from exresearch.report import clicks as shown
from exresearch.report.text import Texts
from exresearch.report.theme import Picture
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
ROUNDING = 1e-9
OPTIONS = {"conf_level": 0.95, "rules": RULES, "seed": 1}


def loaded(folder: Path, *, seed: int, effect_scale: float = 1.0) -> Study:
    settings = DemoSettings(n_units=30, n_waves=2, effect_scale=effect_scale)
    files = generate_demo(folder / "tables", seed=seed, settings=settings)
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return loaded(tmp_path_factory.mktemp("demo"), seed=4)


@pytest.fixture(scope="module")
def found(demo: Study) -> BeyondClicks:
    return beyond_clicks(demo, **OPTIONS)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate alone, without the checks beside it."""
    monkeypatch.setattr(claim, "_CHECKS", {})


def without(study: Study, *columns: str) -> Study:
    kept = tuple(v for v in study.codebook.variables if v.table != "moments" or v.column not in columns)
    tables = study.tables | {"moments": study.table("moments").drop(columns=list(columns))}
    return replace(study, tables=tables, codebook=replace(study.codebook, variables=kept))


def test_explained_variance_is_that_of_least_squares_per_kind_of_people(
    demo: Study, found: BeyondClicks
) -> None:
    left, total, n = {"counts": 0.0, "ratings": 0.0, "both": 0.0}, 0.0, 0
    for _, part in demo.table("moments").groupby("population"):
        share = part["moment"].value_counts() / part.groupby(["person", "wave"]).ngroups
        asked = share[share >= 0.5].index
        part = part[part["moment"].isin(asked)]
        wide = part.pivot_table(
            index=["person", "wave"], columns="moment", values=["rating", "clicks", "views"]
        )
        rows = wide.dropna()
        y = part.groupby(["person", "wave"])["recommend"].first().loc[rows.index].to_numpy()
        waves = pd.get_dummies(rows.index.get_level_values("wave")).to_numpy(dtype=float)
        kind = rows.columns.get_level_values(0)
        chosen = {"counts": kind != "rating", "ratings": kind == "rating", "both": kind != ""}
        if len(rows) < 3 * (rows.shape[1] + waves.shape[1]):
            continue
        n += len(rows)
        total += float(((y - waves @ np.linalg.lstsq(waves, y, rcond=None)[0]) ** 2).sum())
        for name, columns in chosen.items():
            x = np.column_stack([waves, rows.loc[:, columns].to_numpy()])
            left[name] += float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum())
    table = found.models.set_index("term")
    for name, rest in left.items():
        assert table.loc[name, "in_sample"] == pytest.approx(1 - rest / total, abs=ROUNDING)
    assert int(table.loc["both", "n"]) == n
    occasions = demo.table("moments").dropna(subset=["person"]).groupby(["person", "wave", "population"])
    assert found.finding.n_excluded == occasions.ngroups - n


def test_what_decides_is_one_gain_less_the_other(found: BeyondClicks) -> None:
    table = found.models.set_index("term")["estimate"]
    assert table["over_counts"] == pytest.approx(table["both"] - table["counts"], abs=ROUNDING)
    assert table["gain_difference"] == pytest.approx(
        table["over_counts"] - table["over_ratings"], abs=ROUNDING
    )
    assert found.finding.estimate == pytest.approx(table["gain_difference"], abs=ROUNDING)
    assert found.finding.verdict is Verdict.SUPPORTED
    # Units are left out one by one, and not sheets.
    assert found.models["df"].max() < found.finding.n_units < found.finding.n
    assert [part.term for part in found.finding.robustness] == [
        "gain_survey", "gain_means", "gain_logs", "gain_filled",
    ]  # fmt: skip


@pytest.mark.usefixtures("bare")
def test_the_interval_of_the_demo_holds_what_an_infinite_company_would_show() -> None:
    truth = yaml.safe_load((PARAMS.parent / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8"))
    implied = truth["implied"]["beyond-clicks"]["gain_difference"]["value"]
    finding = beyond_clicks(load_study(PARAMS / "demo.yaml"), **OPTIONS).finding
    assert finding.conf_low is not None
    assert finding.conf_low < implied < finding.conf_high


@pytest.mark.usefixtures("bare")
def test_where_nothing_is_planted_the_claim_is_not_supported(tmp_path: Path) -> None:
    # Experience still colours the survey; the recommendation at the moments is made of noise alone.
    noise = beyond_clicks(loaded(tmp_path, seed=5, effect_scale=0.0), **OPTIONS)
    assert noise.finding.verdict in (Verdict.EQUIVALENT, Verdict.INCONCLUSIVE)
    assert abs(float(noise.models.set_index("term").loc["gain_difference", "estimate"])) < 0.02


@pytest.mark.usefixtures("bare")
def test_order_of_rows_makes_no_difference(demo: Study, found: BeyondClicks) -> None:
    shuffled = demo.table("moments").sample(frac=1.0, random_state=1)
    other = beyond_clicks(replace(demo, tables=demo.tables | {"moments": shuffled}), **OPTIONS)
    assert other.finding.estimate == pytest.approx(found.finding.estimate, abs=ROUNDING)


def test_without_the_question_at_the_moments_the_survey_takes_its_place(demo: Study) -> None:
    sheets = click_sheets(without(demo, "recommend"), journey_data(without(demo, "recommend")))
    assert sheets is not None
    assert sheets.source == "survey"
    other = click_sheets(demo, journey_data(demo), source="survey")
    assert other is not None
    pd.testing.assert_frame_equal(sheets.frame, other.frame)


def test_without_counts_or_people_it_is_not_testable(demo: Study) -> None:
    bare = beyond_clicks(without(demo, "clicks", "views"), **OPTIONS)
    assert bare.finding.verdict is Verdict.NOT_TESTABLE
    assert isinstance(shown.models_picture(bare, texts=Texts("en")), type(bare.finding.reason))
    few = demo.table("moments").head(40)
    tables = demo.tables | {"moments": few}
    assert beyond_clicks(replace(demo, tables=tables), **OPTIONS).finding.verdict is Verdict.NOT_TESTABLE


@pytest.mark.usefixtures("bare")
def test_a_side_that_never_changes_is_no_rival(demo: Study, found: BeyondClicks) -> None:
    constant = demo.table("moments").assign(views=0.0)
    # One count that never changes adds nothing and breaks nothing.
    other = beyond_clicks(replace(demo, tables=demo.tables | {"moments": constant}), **OPTIONS)
    for columns in ({"clicks": 1.0}, {"rating": 4.0}):
        alike = demo.tables | {"moments": constant.assign(**columns)}
        reason = beyond_clicks(replace(demo, tables=alike), **OPTIONS).finding.reason
        assert reason.message.startswith(
            "Ratings, or counts of what people did, hardly differ between people"
        )
    table = other.models.set_index("term")
    assert table.loc["ratings", "in_sample"] == pytest.approx(
        found.models.set_index("term").loc["ratings", "in_sample"], abs=ROUNDING
    )


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_picture_says_what_the_table_says(found: BeyondClicks, language: str) -> None:
    picture = shown.models_picture(found, texts=Texts(language))
    assert isinstance(picture, Picture)
    assert shown.models_table(found)["count"] == "people"
    open_frame = found.models.assign(conf_low=-0.1, conf_high=0.1)
    other = shown.models_picture(replace(found, models=open_frame), texts=Texts(language))
    assert isinstance(other, Picture)
    assert other.takeaway != picture.takeaway

"""The whole journey: against plain least squares, on planted truth, on noise, with gaps, and without the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings import Verdict
from exresearch.findings.analyses import JourneyMoments, journey_moments
from exresearch.findings.analyses.journey.gain import outer_gain
from exresearch.findings.analyses.journey.limits import _holm
from exresearch.findings.analyses.journey.order import _summaries
from exresearch.findings.analyses.journey.recall import promise_kept
from exresearch.findings.analyses.journey.scores import group_scores, moment_scores, phase_scores
from exresearch.findings.analyses.journey.sheets import OUTCOME, WHO, journey_sheets
from exresearch.measures import journey_data
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
BEFORE, DURING, AFTER = (
    ["verkennen", "solliciteren"],
    ["eerste weken", "werk en groei"],
    ["afscheid", "contact erna"],
)
OPTIONS = {"rules": RULES, "conf_level": 0.95, "n_boot": 200, "seed": 2016}
ROUNDING = 1e-8


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study(ROOT / "params" / "demo.yaml")


@pytest.fixture(scope="module")
def found(demo: Study) -> JourneyMoments:
    return journey_moments(demo, **OPTIONS)


@pytest.fixture(scope="module")
def some(demo: Study) -> Study:
    """The answers of 40 of the 120 units."""
    units = sorted(demo.table("units")["unit"].unique())[:40]
    tables = {
        name: table[table["unit"].isin(units)] for name, table in demo.tables.items() if name != "units"
    }
    return replace(demo, tables=demo.tables | tables)


def changed(study: Study, moments: pd.DataFrame | None = None, **tables: pd.DataFrame) -> Study:
    more = {} if moments is None else {"moments": moments}
    return replace(study, tables=study.tables | more | tables)


def without_columns(study: Study, *columns: str) -> Study:
    kept = tuple(v for v in study.codebook.variables if v.table != "moments" or v.column not in columns)
    names = [name for name in columns if name in study.table("moments")]
    moments = study.table("moments").drop(columns=names)
    return replace(changed(study, moments), codebook=replace(study.codebook, variables=kept))


def squares(frame: pd.DataFrame, predictors: list[str]) -> tuple[float, float]:
    """Residual and total sum of squares of a regression with dummies for waves."""
    waves = pd.get_dummies(frame["wave"], dtype=float).to_numpy()
    out = []
    for columns in (predictors, []):
        design = np.column_stack([waves, frame[columns].to_numpy()])
        slopes = np.linalg.lstsq(design, frame["recommend"], rcond=None)[0]
        out.append(float(((frame["recommend"] - design @ slopes) ** 2).sum()))
    return out[0], out[1]


def test_the_gain_is_that_of_plain_least_squares(demo: Study, found: JourneyMoments) -> None:
    moments = demo.table("moments")
    keys = ["person", "wave", "population"]
    wide = moments.pivot_table(index=keys, columns="moment", values="rating").join(
        moments.groupby(keys)["recommend"].first()
    )
    gained = total = n = 0.0
    for who, during, outer in (("employee", DURING, BEFORE), ("leaver", DURING[1:], AFTER[:1])):
        part = wide.xs(who, level="population").dropna(subset=[*during, *outer]).reset_index()
        base, whole = squares(part, during)
        full, _ = squares(part, [*during, *outer])
        gained, total, n = gained + base - full, total + whole, n + len(part)
        one = found.gain.table.set_index("term")["in_sample"][who]
        # Deviations from the mean of a wave in outcome and predictors alike: the same as dummies (Frisch and Waugh).
        assert one == pytest.approx((base - full) / whole, abs=ROUNDING)
    assert found.gain.table["in_sample"].iloc[0] == pytest.approx(gained / total, abs=ROUNDING)
    assert found.finding.n == n
    assert found.finding.n_excluded == len(wide) - n
    assert found.gain.silent == ["candidate", "alumnus"]


def test_planted_truth_is_recovered(found: JourneyMoments) -> None:
    finding = found.finding
    assert (finding.verdict, finding.estimand) == (Verdict.SUPPORTED, "outer_phases_gain")
    truth = yaml.safe_load((ROOT / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8"))
    implied = truth["implied"]["journey-moments"]
    assert finding.conf_low < implied["outer_phases_gain"]["value"] < finding.conf_high
    gains = found.gain.table.set_index("term")
    for who in ("employee", "leaver"):
        assert gains["conf_low"][who] < implied[f"gain_{who}"]["value"] < gains["conf_high"][who]
    checks = {check.term: check for check in finding.robustness}
    assert list(checks) == [
        "outer_gain_before", "outer_gain_after", "outer_gain_survey", "outer_gain_filled", "outer_gain_recent",
    ]  # fmt: skip
    assert all(check.conf_low > 0 for check in checks.values())
    # Another questionnaire shares no mood of the day with the ratings.
    assert checks["outer_gain_survey"].estimate < finding.conf_low


def test_weights_of_moments_follow_the_planted_order(found: JourneyMoments) -> None:
    weights = found.importance.set_index(["who", "moment"])
    employees = weights.loc["employee"]["importance"]
    assert list(employees.sort_values().index) == [*BEFORE, *DURING]
    assert weights.loc[("employee", "werk en groei"), "rank_high"] == 1
    # Importances of a population share out what its moments explain together.
    assert employees.sum() == pytest.approx(found.gain.table.set_index("term")["full"]["employee"], abs=0.01)
    assert found.without_model == []
    overlap = found.overlap.set_index("who")
    assert overlap["n"].to_dict() == {"candidate": 576, "employee": 1593, "leaver": 758, "alumnus": 477}
    assert overlap["also"]["candidate"] == 0


def test_the_last_moment_is_necessary(found: JourneyMoments) -> None:
    steps = found.necessity[found.necessity["method"] == "ce_fdh"].set_index(["who", "moment"])
    for who, moment in (("employee", "werk en groei"), ("leaver", "afscheid"), ("alumnus", "contact erna")):
        row = steps.loc[(who, moment)]
        assert (row["place"], row["p_adjusted"] <= 0.01) == ("last", True)
        # Planted: no recommendation above 4 + rating.
        assert row["effect_size"] == pytest.approx(15 / 60)
        needed = found.bottlenecks[
            (found.bottlenecks["who"] == who) & (found.bottlenecks["moment"] == moment)
        ]
        needed = needed.set_index("level")["required"]
        # No recommendation above 4 + rating; the fifth lowest rating is that limit where many recommend.
        assert needed[8] == 4
        assert (needed[[8, 9, 10]].to_numpy() >= [4, 5, 6]).all()
    assert steps["effect_size"].max() == pytest.approx(15 / 60)
    # Everybody counts once, whatever the number of sheets.
    people = found.overlap.set_index("who")["n"]
    assert (steps["n"] <= people.reindex(steps.index.get_level_values("who")).to_numpy()).all()
    # By Holm: 3 * 0.01, then 2 * 0.03, and no smaller one after a larger one.
    assert _holm(pd.Series([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])


def test_peak_and_end_do_not_beat_the_mean(found: JourneyMoments) -> None:
    rivals = found.whole.rivals.set_index("term")
    assert rivals["conf_high"]["peak_end - mean"] < 0
    assert rivals["conf_low"]["each - mean"] > 0
    assert rivals["estimate"]["peak_end - mean"] == pytest.approx(
        rivals["estimate"]["peak_end"] - rivals["estimate"]["mean"], abs=ROUNDING
    )
    steps = found.whole.steps
    assert steps["good"].tolist() == [0, 1, 2, 3, 4]
    assert steps["estimate"].is_monotonic_increasing
    means = steps["estimate"].to_numpy()
    assert found.whole.last_step["estimate"] == pytest.approx(means[4] - means[3] - (means[3] - means[0]) / 3)


def test_summaries_of_a_journey() -> None:
    ratings = pd.DataFrame([[1.0, 4.0, 7.0], [5.0, 6.0, 2.0], [4.0, 5.0, 4.0]])
    made = pd.DataFrame(_summaries(ratings, scale=(1, 7), good_from=5))
    assert made["(mean)"].tolist() == pytest.approx([4, 13 / 3, 13 / 3])
    # Of 1 and 7, as far from the middle, the bad one is the peak.
    assert made["(peak)"].tolist() == [1, 2, 5]
    assert made["(end)"].tolist() == [7, 2, 4]
    assert made["(weakest)"].tolist() == [1, 2, 4]
    assert made["(good)"].tolist() == [1, 2, 1]


def test_scores_are_weighted_means_by_moment_and_phase(demo: Study) -> None:
    rng = np.random.default_rng(9)
    moments = demo.table("moments").assign(weight=rng.uniform(0.5, 2, len(demo.table("moments"))))
    study = changed(demo, moments)
    journey = journey_data(study)
    scores = moment_scores(journey, conf_level=0.95, rules=RULES).set_index("moment")
    means = {
        name: np.average(part["rating"], weights=part["weight"])
        for name, part in moments.dropna(subset=["rating"]).groupby("moment")
    }
    for name, mean in means.items():
        assert scores["estimate"][name] == pytest.approx(mean, abs=ROUNDING)
        assert scores["conf_low"][name] < mean < scores["conf_high"][name]
    phases = phase_scores(journey, conf_level=0.95, rules=RULES).set_index("phase")
    assert phases["estimate"]["na"] == pytest.approx(np.mean([means[name] for name in AFTER]), abs=ROUNDING)
    assert phases[["moments", "rated"]].to_numpy().tolist() == [[2, 2]] * 3
    # A moment that four people rated has no mean, no place, and no part in that of its phase.
    last, gone = AFTER[-1], moments["moment"] != AFTER[-1]
    four = moments[~gone].dropna(subset=["rating"]).drop_duplicates("person").head(4)
    rare = journey_data(changed(demo, pd.concat([moments[gone], four])))
    assert phase_scores(rare, conf_level=0.95, rules=RULES).set_index("phase")["estimate"][
        "na"
    ] == pytest.approx(means[AFTER[0]], abs=ROUNDING)
    places = moment_scores(rare, conf_level=0.95, rules=RULES).set_index("moment")[["rank_low", "rank_high"]]
    assert places.loc[last].isna().all()
    # Of the moments of the demo all before and the first weeks are alike, and the last one is the lowest.
    assert scores["rank_low"].tolist()[:3] == [1, 1, 1]
    assert (scores["rank_low"] <= scores["rank_high"]).all()
    assert scores["rank_high"][last] == 6
    # Groups of a moment add up to the moment.
    kinds = group_scores(study, journey, by="category", conf_level=0.95, rules=RULES)
    assert kinds.groupby("moment")["n"].sum().to_dict() == scores["n"].to_dict()
    assert kinds["by"].iloc[0]["en"] == "Type of unit"


def test_recall_and_promise(demo: Study, found: JourneyMoments) -> None:
    recall = found.map.recall.set_index("moment")
    moments = demo.table("moments").dropna(subset=["rating"])
    part = moments[moments["moment"] == "verkennen"]
    assert recall["recalled"]["verkennen"] == pytest.approx((part["population"] != "candidate").mean())
    means = part.groupby(part["population"] == "candidate")["rating"].mean()
    assert recall["estimate"]["verkennen"] == pytest.approx(means[False] - means[True], abs=ROUNDING)
    assert recall["recalled"]["afscheid"] == 0
    assert recall["since"].tolist() == ["start"] * 4 + ["end"] * 2
    assert found.promise["kind"].tolist() == ["together"]
    wide = moments.pivot_table(index=["person", "wave", "population"], columns="moment", values="rating")
    change = (wide["eerste weken"] - wide["solliciteren"]).dropna()
    assert found.promise["estimate"].iloc[0] == pytest.approx(change.mean(), abs=ROUNDING)
    assert found.promise["n"].iloc[0] == change.index.get_level_values("person").nunique()
    # Fifty candidates are hired and rate their first weeks a point lower, a quarter later.
    candidates = moments[(moments["population"] == "candidate") & (moments["moment"] == "solliciteren")].head(
        50
    )
    later = candidates.assign(
        population="employee",
        moment="eerste weken",
        rating=candidates["rating"] - np.where(np.arange(50) % 2, 0.5, 1.5),
        date=candidates["date"] + pd.Timedelta(days=90),
    )
    more = pd.concat([demo.table("moments"), later], ignore_index=True)
    promise = promise_kept(journey_data(changed(demo, more)), rules=RULES, conf_level=0.95)
    followed = promise.set_index("kind").loc["followed"]
    assert (followed["estimate"], followed["n"]) == (pytest.approx(-1), 50)


def test_means_of_a_few_others_do_not_follow(demo: Study) -> None:
    moments = demo.table("moments").dropna(subset=["rating"])
    two = moments[moments["moment"].isin(["solliciteren", "eerste weken"])]
    sheets = two.groupby(["person", "wave", "population"])["moment"].transform("nunique")
    both = two[sheets == 2].drop_duplicates(["person", "moment"])
    one = two[~two["person"].isin(both["person"])].drop_duplicates("person")
    for more, shown in ((0, True), (3, False), (20, True)):
        journey = journey_data(changed(demo, pd.concat([both, one.head(more)])))
        kept = promise_kept(journey, rules=RULES, conf_level=0.95)
        assert kept[["mean_before", "mean_first"]].notna().all(axis=None) == shown
        assert kept["estimate"].notna().all()
    # Three people of no known unit: with the mean of the moment theirs would follow from the groups.
    known = both.assign(unit=both["unit"].where(~both["person"].isin(both["person"].unique()[:3])))
    study = changed(demo, known)
    kinds = group_scores(study, journey_data(study), by="category", conf_level=0.95, rules=RULES)
    assert kinds.loc[kinds["group"] == "", "people"].tolist() == [3, 3]
    hidden = release(kinds, count="people", rules=RULES, within=["moment"]).hidden
    assert hidden.groupby(kinds["moment"]).sum().tolist() == [2, 2]


def test_skipped_moments_are_filled_openly(demo: Study) -> None:
    journey = journey_data(demo)
    sheets = journey_sheets(demo, journey)
    assert sheets is not None
    sides = {"during": DURING, "outer": BEFORE + AFTER, "conf_level": 0.95, "seed": 1}
    plain, filled = outer_gain(sheets, **sides), outer_gain(sheets, **sides, fill=True)
    known = sheets.frame[sheets.frame[WHO].isin(["employee", "leaver"])].dropna(subset=[OUTCOME])
    assert filled.table["n"].iloc[0] == len(known) > plain.table["n"].iloc[0]


def test_gaps_strangers_and_a_partial_journey(some: Study) -> None:
    moments = some.table("moments")
    kept = moments[~moments["moment"].isin(["verkennen", "afscheid", "contact erna"])]
    renamed = kept.assign(moment=kept["moment"].replace({"eerste weken": "proeftijd"}))
    result = journey_moments(changed(some, renamed), **OPTIONS)
    said = {note.message: dict(note)["values"] for note in result.finding.caveats}
    assert said[
        "Partial journey: {share:percent0} of its moments were rated. What was not asked cannot count."
    ] == {"share": pytest.approx(2 / 6)}
    gaps = said["Moments of the journey that were not rated: {moments}."]["moments"]
    assert gaps["nl"] == "Verkennen, Eerste weken, Afscheid, Contact erna"
    strangers = (
        "Rated, and not in the journey of the study file: {moments} ({n:integer} in all). They are on the map and in "
        "no test."
    )
    assert said[strangers] == {"moments": {"nl": "proeftijd", "en": "proeftijd"}, "n": 1}
    assert result.finding.verdict is Verdict.SUPPORTED
    undeclared = replace(some, settings=some.settings.model_copy(update={"journey": []}))
    free = journey_moments(undeclared, **OPTIONS).finding
    assert free.verdict is Verdict.SUPPORTED
    assert any("does not describe the journey" in note.message for note in free.caveats)


def test_noise_supports_nothing(tmp_path: Path) -> None:
    settings = DemoSettings(n_units=40, n_waves=3, effect_scale=0.0)
    files = generate_demo(tmp_path / "tables", seed=5, settings=settings)
    tables = {name: str(file) for name, file in files.items()}
    study = load_study(ROOT / "params" / "demo.yaml", overrides={"tables": tables, "synthetic": None})
    finding = journey_moments(study, **OPTIONS).finding
    assert finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)
    assert finding.conf_low < 0 < finding.conf_high


def test_not_testable_with_a_reason(some: Study) -> None:
    none = replace(some, tables={name: table for name, table in some.tables.items() if name != "moments"})
    result = journey_moments(none, **OPTIONS)
    assert result.finding.verdict is Verdict.NOT_TESTABLE
    assert dict(result.finding.reason)["values"]["missing"]["en"] == "table moments"
    assert result.map.reason.message == "There is no table of contact moments."
    few = changed(some, some.table("moments").head(60))
    assert (
        journey_moments(few, **OPTIONS).finding.reason.message
        == "Fewer than {needed:integer} people answered."
    )
    moments = some.table("moments")
    during = changed(some, moments[moments["moment"].isin(DURING)])
    assert journey_moments(during, **OPTIONS).finding.reason.message.startswith(
        "No moment during employment, or none"
    )
    alike = journey_moments(changed(some, moments.assign(rating=4.0)), **OPTIONS).finding
    assert alike.reason.message == "Recommendations, or ratings of a moment, hardly differ between people."
    candidates = changed(some, moments[moments["population"].isin(["candidate", "alumnus"])])
    assert journey_moments(candidates, **OPTIONS).finding.verdict is Verdict.NOT_TESTABLE


def test_columns_that_a_study_may_lack(some: Study) -> None:
    bare = without_columns(some, "unit", "wave", "population", "phase", "date", "clicks", "views", "comment")
    result = journey_moments(bare, **OPTIONS)
    # One row per person then: those who answered as employees and as leavers are one.
    assert result.finding.verdict in (Verdict.SUPPORTED, Verdict.INCONCLUSIVE, Verdict.NOT_TESTABLE)
    assert result.map.who.empty
    nobody = journey_moments(without_columns(some, "person"), **OPTIONS)
    assert nobody.finding.verdict is Verdict.NOT_TESTABLE
    assert len(nobody.map.moments) == 6
    survey = journey_moments(without_columns(some, "recommend"), **OPTIONS)
    assert survey.finding.verdict is Verdict.SUPPORTED
    assert survey.finding.robustness[0].label.message.startswith("Before employment alone")

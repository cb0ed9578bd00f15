"""Differences and changes of net promoter scores, their tables, and those of a study."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import multinomial, norm
from scipy.stats import t as student_t
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from exresearch.measures import (
    Cuts,
    combine_scores,
    dependence_groups,
    enps,
    enps_change,
    enps_difference,
    enps_table,
    nps_change_of_study,
    nps_of_study,
    response_distribution,
)
from exresearch.measures.advocacy.of_study import REASONS_OF_STUDY
from exresearch.study import Codebook, Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
ROUNDING = 1e-9
VARIANTS = (
    "Net promoter scores of different variants cannot be compared or put in one table, because the same answers score "
    "differently; got {}. Compute all of them by one variant, on one scale."
)


def answers(promoters: int, passives: int, detractors: int) -> pd.Series:
    return pd.Series([10.0] * promoters + [7.0] * passives + [2.0] * detractors)


def outcome(scores: pd.Series) -> np.ndarray:
    return np.asarray((scores >= 9).astype(int) - (scores <= 6).astype(int), dtype="float64")


def two_waves(n: int = 240, seed: int = 3) -> pd.DataFrame:
    """Two waves of mostly the same people in 24 units, in mixed order, with weights."""
    rng = np.random.default_rng(seed)
    unit = rng.integers(24, size=n)
    level = rng.normal(0, 1.5, 24)
    own = rng.normal(0, 1, n)
    parts = []
    for wave in (0, 1):
        here = rng.random(n) < 0.8
        scores = np.clip(np.round(7.5 + 0.3 * wave + level[unit] + own + rng.normal(0, 1, n)), 0, 10)
        parts.append(
            pd.DataFrame({"score": scores, "later": wave == 1, "unit": unit, "person": np.arange(n)})[here]
        )
    frame = pd.concat(parts).sample(frac=1, random_state=seed, ignore_index=True)
    return frame.assign(weight=rng.uniform(0.5, 2, len(frame)))


def test_difference_is_that_of_the_means_of_two_samples() -> None:
    a, b = answers(20, 12, 8), answers(9, 10, 11)
    found = enps_difference(enps(a, variant="us"), enps(b, variant="us"))
    means = CompareMeans(DescrStatsW(outcome(a)), DescrStatsW(outcome(b)))
    assert found.estimate == pytest.approx(100 * (means.d1.mean - means.d2.mean), abs=ROUNDING)
    # The standard error of statsmodels divides by n - 1.
    error = np.sqrt(means.d1.var / 40 + means.d2.var / 30)
    assert found.std_error == pytest.approx(100 * error, rel=ROUNDING)
    # By hand: 3/8, 3/4 and 3/8 of an answer more on each side.
    p_a, d_a, p_b, d_b = 20.375 / 41.5, 8.375 / 41.5, 9.375 / 31.5, 11.375 / 31.5
    centre = p_a - d_a - p_b + d_b
    error = np.sqrt((p_a + d_a - (p_a - d_a) ** 2) / 41.5 + (p_b + d_b - (p_b - d_b) ** 2) / 31.5)
    half = norm.ppf(0.975) * error
    assert [found.conf_low, found.conf_high] == pytest.approx([100 * (centre - half), 100 * (centre + half)])
    assert found.p_value == pytest.approx(2 * norm.sf(centre / error), rel=ROUNDING)
    assert (found.n_a, found.n_b, found.n_effective_a, found.n_effective_b) == (40, 30, 40, 30)
    assert (found.variant, found.n_shared, found.correlation, found.df) == ("us", 0, 0, math.inf)


def test_turned_round_the_difference_changes_sign_alone() -> None:
    a, b = enps(answers(9, 3, 2), variant="eu"), enps(answers(4, 9, 8), variant="eu")
    there, back = enps_difference(a, b, conf_level=0.9), enps_difference(b, a, conf_level=0.9)
    assert [back.estimate, back.conf_low, back.conf_high] == pytest.approx(
        [-there.estimate, -there.conf_high, -there.conf_low]
    )
    assert (back.p_value, back.std_error) == pytest.approx((there.p_value, there.std_error))
    assert (back.conf_level, there.conf_level) == (0.9, 0.9)


def test_where_everybody_agrees_the_difference_has_an_interval() -> None:
    all_of_them, none = (enps(answers(*counts), variant="us") for counts in ((12, 0, 0), (0, 0, 9)))
    same, opposite = enps_difference(all_of_them, all_of_them), enps_difference(all_of_them, none)
    assert (same.estimate, same.std_error, same.p_value) == (0, 0, 1)
    assert same.conf_low == pytest.approx(-same.conf_high)
    assert 10 < same.conf_high < 60
    assert (opposite.estimate, opposite.conf_high) == (200, 200)
    assert 120 < opposite.conf_low < 190


def test_clusters_make_student_s_t_with_satterthwaite_s_degrees() -> None:
    frame = two_waves()
    sides = [frame[frame["unit"] < 9], frame[frame["unit"] >= 9]]
    a, b = (enps(side["score"], variant="us", weights=side["weight"], cluster=side["unit"]) for side in sides)
    found = enps_difference(a, b)
    assert (a.df, b.df) == (8, 14)
    assert 8 < found.df < 22
    assert found.std_error == pytest.approx(np.hypot(a.std_error, b.std_error))
    plain = enps_difference(replace(a, df=math.inf), replace(b, df=math.inf))
    wider = student_t.ppf(0.975, found.df) / norm.ppf(0.975)
    assert found.conf_high - found.conf_low == pytest.approx(wider * (plain.conf_high - plain.conf_low))


@pytest.mark.parametrize(("name", "weighted"), [("unit", True), ("unit", False), ("person", False)])
def test_change_has_statsmodels_covariance_of_two_waves(name: str, weighted: bool) -> None:
    """Where every cluster is in both waves: the interaction of a regression on the wave, clustered."""
    frame = two_waves()
    both = frame.groupby(name)["later"].transform("nunique") == 2
    frame = frame[both].reset_index(drop=True)
    if not weighted:
        frame["weight"] = 1.0
    found = enps_change(
        frame["score"], later=frame["later"], variant="us", weights=frame["weight"], cluster=frame[name]
    )
    design = sm.add_constant(frame["later"].astype(float).to_numpy())
    fit = sm.WLS(100 * outcome(frame["score"]), design, weights=frame["weight"]).fit(
        cov_type="cluster", cov_kwds={"groups": frame[name], "use_correction": False}
    )
    clusters = frame[name].nunique()
    assert found.estimate == pytest.approx(fit.params[1], rel=ROUNDING)
    assert found.std_error == pytest.approx(fit.bse[1] * np.sqrt(clusters / (clusters - 1)), rel=1e-8)
    assert (found.n_shared, found.df) == (clusters, clusters - 1)
    assert (found.n_a, found.n_b) == (int(frame["later"].sum()), int((~frame["later"]).sum()))
    assert found.correlation > 0.2
    # What is shared narrows the interval, and the test agrees with it.
    alone = enps_difference(*_by_wave(frame, name))
    assert found.conf_high - found.conf_low < alone.conf_high - alone.conf_low
    assert (found.p_value < 0.05) == (found.conf_low > 0 or found.conf_high < 0)


def _by_wave(frame: pd.DataFrame, cluster: str | None) -> list[Any]:
    return [
        enps(
            part["score"],
            variant="us",
            weights=part["weight"],
            cluster=None if cluster is None else part[cluster],
        )
        for part in (frame[frame["later"]], frame[~frame["later"]])
    ]


def test_change_of_other_people_is_a_difference() -> None:
    frame = two_waves()
    options = {"later": frame["later"], "variant": "us", "weights": frame["weight"]}
    own = frame["unit"] + 100 * frame["later"]
    for change, cluster in (
        (enps_change(frame["score"], **options), None),
        (enps_change(frame["score"], **options, cluster=own), "unit"),
    ):
        assert change == enps_difference(*_by_wave(frame, cluster))


def test_who_always_answers_the_same_still_leaves_an_interval() -> None:
    scores = pd.concat([answers(10, 9, 6)] * 2, ignore_index=True)
    later, person = pd.Series(np.repeat([False, True], 25)), pd.Series(np.tile(np.arange(25), 2))
    found = enps_change(scores, later=later, variant="us", cluster=person)
    assert (found.estimate, found.n_shared, found.p_value) == (0, 25, 1)
    assert found.correlation == pytest.approx(1)
    assert found.std_error == pytest.approx(0, abs=1e-5)
    assert 5 < found.conf_high < 25
    everybody = enps_change(pd.Series([9.0] * 50), later=later, variant="us", cluster=person)
    assert (everybody.estimate, everybody.correlation) == (0, 0)
    assert everybody.conf_high > 5


def test_order_of_rows_and_unit_of_weights_change_nothing() -> None:
    frame = two_waves()
    mixed = frame.sample(frac=1, random_state=9, ignore_index=True).assign(
        weight=lambda rows: 50 * rows["weight"], unit=lambda rows: rows["unit"].map("unit {}".format)
    )
    found, again = (
        enps_change(
            rows["score"], later=rows["later"], variant="us", weights=rows["weight"], cluster=rows["unit"]
        )
        for rows in (frame, mixed)
    )
    for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value", "correlation", "n_effective_a"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), rel=1e-9)
    equal, none = (
        enps_change(
            frame["score"],
            later=frame["later"],
            variant="us",
            weights=weights,
            cluster=frame["unit"],
        )
        for weights in (pd.Series(3.0, index=frame.index), None)
    )
    for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
        assert getattr(equal, name) == pytest.approx(getattr(none, name), rel=1e-9)


@pytest.mark.parametrize(
    "pair", [((0.35, 0.4, 0.25), (0.8, 0.15, 0.05)), ((0.95, 0.04, 0.01), (0.05, 0.15, 0.8))]
)
def test_the_difference_covers_with_ten_answers_each(
    pair: tuple[tuple[float, ...], tuple[float, ...]],
) -> None:
    """Exactly: every pair of outcomes, weighed by its probability."""
    counts = [(p, 10 - p - d, d) for p in range(11) for d in range(11 - p)]
    scores = [enps(answers(*count), variant="us") for count in counts]
    chances = [multinomial.pmf(counts, 10, shares) for shares in pair]
    truth = 100 * (pair[0][0] - pair[0][2] - pair[1][0] + pair[1][2])
    covered = 0.0
    for a, of_a in zip(scores, chances[0], strict=True):
        for b, of_b in zip(scores, chances[1], strict=True):
            if of_a * of_b > 1e-7:
                found = enps_difference(a, b)
                covered += of_a * of_b * (found.conf_low <= truth <= found.conf_high)
    assert 0.93 < covered < 0.97


def test_the_change_of_the_same_people_covers_and_ignoring_them_covers_too_often() -> None:
    rng = np.random.default_rng(6)
    n, runs = 60, 400
    later, person = pd.Series(np.repeat([False, True], n)), pd.Series(np.tile(np.arange(n), 2))
    kept = ignored = 0
    for _ in range(runs):
        before = rng.standard_normal(n)
        after = 0.8 * before + 0.6 * rng.standard_normal(n)
        z = np.r_[before, after]
        scores = pd.Series(np.select([z > norm.isf(0.4), z < norm.ppf(0.25)], [10.0, 0.0], 7.0))
        with_them = enps_change(scores, later=later, variant="us", cluster=person)
        without = enps_change(scores, later=later, variant="us")
        kept += with_them.conf_low <= 0 <= with_them.conf_high
        ignored += without.conf_low <= 0 <= without.conf_high
    assert 0.925 < kept / runs < 0.98
    assert ignored / runs > 0.98


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ({"variant": "eu"}, "'us' and 'eu'"),
        ({"variant": "us", "scale": (1, 10)}, "'us' and 'us, 1-10'"),
        ({"variant": Cuts("strict", 10, 7)}, "'us' and 'strict (10, 0-7)'"),
    ],
)
def test_two_variants_are_never_compared_nor_in_one_table(other: dict[str, Any], shown: str) -> None:
    scores, team = answers(3, 3, 3), pd.Series(["a", "b", "c"] * 3)
    with pytest.raises(ValueError) as caught:
        enps_difference(enps(scores, variant="us"), enps(scores, **other))
    assert str(caught.value) == VARIANTS.format(shown)
    with pytest.raises(ValueError) as caught:
        combine_scores([enps_table(scores, by=team, variant="us"), enps_table(scores, by=team, **other)])
    assert str(caught.value) == VARIANTS.format(shown)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"later": [True]}, "later must be as many as the scores (4); got 1."),
        (
            {"later": [True, None, False, False]},
            "later must say True or False of every score; it holds other or missing values.",
        ),
        (
            {"later": ["first", "first", "last", "last"]},
            "later must say True or False of every score; it holds other or missing values.",
        ),
        ({"later": [True] * 4}, "enps_change needs answers in both waves; the earlier one has none."),
        (
            {"scores": [1.0, 9.0, np.nan, np.nan]},
            "enps_change needs answers in both waves; the later one has none.",
        ),
        ({"cluster": ["a", "b", "a", "a"]}, "cluster must have at least two groups; got 1."),
        ({"conf_level": 1.0}, "conf_level must be between 0 and 1; got 1.0."),
    ],
)
def test_what_a_change_refuses(arguments: dict[str, Any], message: str) -> None:
    options = {
        "scores": [1.0, 9.0, 10.0, 8.0],
        "later": [False, False, True, True],
        "variant": "us",
    } | arguments
    options |= {name: pd.Series(options[name]) for name in ("scores", "later", "cluster") if name in options}
    with pytest.raises(ValueError) as caught:
        enps_change(options.pop("scores"), **options)
    assert str(caught.value) == message


def test_the_table_scores_each_group_as_if_alone() -> None:
    frame = two_waves()
    region = (frame["unit"] % 3).map({0: "north", 1: "east", 2: "south"})
    options = {"variant": "eu", "conf_level": 0.9, "interval": "adjusted_wald"}
    table = enps_table(frame["score"], by=region, weights=frame["weight"], cluster=frame["unit"], **options)
    assert list(table.columns) == [
        "group", "variant", "estimate", "std_error", "conf_low", "conf_high", "conf_level", "promoters", "passives",
        "detractors", "n", "n_effective", "reason",
    ]  # fmt: skip
    assert table["group"].tolist() == ["east", "north", "south"]
    assert set(table["variant"]) == {"eu"}
    assert set(table["reason"]) == {""}
    for row in table.to_dict("records"):
        part = frame[region == row["group"]]
        alone = enps(part["score"], weights=part["weight"], cluster=part["unit"], **options)
        for name in table.columns[2:-1]:
            assert row[name] == getattr(alone, name), name
    assert len(combine_scores([table, table])) == 6
    assert combine_scores([table]).equals(table)


def test_a_group_that_cannot_be_estimated_is_a_row_with_its_reason() -> None:
    scores = pd.Series([9.0, 10, 8, np.nan, 5, 9, 10])
    by = pd.Series(["one unit", "one unit", "one unit", "silent", "several", "several", None])
    table = enps_table(scores, by=by, variant="us", cluster=pd.Series(["u", "u", "u", "v", "v", "w", "w"]))
    one, several, silent, nameless = table.to_dict("records")
    assert (one["estimate"], one["n"], one["reason"]) == (
        pytest.approx(200 / 3), 3,
        "All answers come from one unit or person, so that it cannot be said how certain the score is.",
    )  # fmt: skip
    assert np.isnan([one["std_error"], one["conf_low"], one["conf_high"], one["n_effective"]]).all()
    assert (silent["n"], silent["reason"]) == (0, "Nobody answered this question.")
    assert np.isnan([silent["estimate"], silent["promoters"], silent["conf_high"]]).all()
    assert (several["estimate"], several["reason"]) == (0, "")
    # One answer without a group: a group whose name is missing, with an interval as wide as it should be.
    assert pd.isna(nameless["group"])
    assert (nameless["n"], nameless["conf_high"], nameless["reason"]) == (1, 100, "")
    assert nameless["conf_low"] < -50


def test_what_tables_refuse() -> None:
    table = enps_table(answers(1, 1, 1), by=pd.Series(list("aab")), variant="us")
    for call, message in (
        (lambda: combine_scores([]), "combine_scores needs at least one table; got none."),
        (
            lambda: combine_scores([table, table.drop(columns="variant")]),
            "every table of scores must have a column 'variant'; 2 of 2 have none.",
        ),
        (
            lambda: enps_table(answers(1, 1, 1), by=pd.Series(["a"]), variant="us"),
            "by must be as many as the scores (3); got 1.",
        ),
        (
            lambda: response_distribution(pd.Series([1.0, 2.5, 11]), scale=(0, 10)),
            "response_distribution takes the whole answers 0 to 10; 2 lie outside or in between.",
        ),
        (
            lambda: response_distribution(pd.Series([1.0]), scale=(10, 0)),
            "scale must be two whole numbers, the lower one first; got (10, 0).",
        ),
        (
            lambda: response_distribution(pd.Series([1.0]), scale=(0, 10), weights=pd.Series([1.0, 2.0])),
            "weights must be as many as the scores (1); got 2.",
        ),
    ):
        with pytest.raises(ValueError) as caught:
            call()
        assert str(caught.value) == message


def test_the_distribution_has_every_point_of_the_scale() -> None:
    rng = np.random.default_rng(4)
    scores = pd.Series(rng.choice([0.0, 3, 7, 9, 10], 200))
    scores[::11] = np.nan
    weights = pd.Series(rng.uniform(0.2, 3, 200))
    table = response_distribution(scores, scale=(0.0, 10.0), weights=weights)
    assert list(table.columns) == ["value", "share", "n"]
    assert table["value"].tolist() == list(range(11))
    assert table["share"].sum() == pytest.approx(1)
    assert table.set_index("value")["n"].to_dict() == {
        value: int((scores == value).sum()) for value in range(11)
    }
    assert (table.loc[[1, 2, 4, 5, 6, 8], ["share", "n"]] == 0).all(axis=None)
    shares = weights[scores.notna()].groupby(scores).sum() / weights[scores.notna()].sum()
    assert table.set_index("value")["share"][[0, 3, 7, 9, 10]].tolist() == pytest.approx(shares.tolist())
    # The score beside it is that of the distribution.
    score = enps(scores, variant="us", weights=weights)
    assert score.promoters == pytest.approx(table["share"][9:].sum())
    silent = response_distribution(pd.Series([np.nan]), scale=(1, 3))
    assert silent["n"].tolist() == [0, 0, 0]
    assert silent["share"].isna().all()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A demo company of 24 units and three waves."""
    folder = tmp_path_factory.mktemp("advocacy") / "tables"
    files = generate_demo(folder, seed=5, settings=DemoSettings(n_units=24, n_waves=3))
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


def with_question(study: Study, table: str, construct: str, **changes: Any) -> Study:
    """The study with another codebook entry of an outcome."""
    variables = tuple(
        replace(v, **changes) if (v.table, v.construct, v.role) == (table, construct, "outcome") else v
        for v in study.codebook.variables
    )
    return replace(study, codebook=Codebook(variables, study.codebook.constructs))


def test_scores_of_a_study_by_wave_and_over_all(demo: Study) -> None:
    table = nps_of_study(demo, variant="us", conf_level=0.9)
    assert list(table.columns) == [
        "table", "construct", "label", "group", "variant", "estimate", "std_error", "conf_low", "conf_high",
        "conf_level", "promoters", "passives", "detractors", "n", "n_effective", "respondents",
        "reason",
    ]  # fmt: skip
    assert table["group"].tolist() == [*demo.waves, "all waves"] * 2
    assert table["construct"].tolist() == ["enps"] * 4 + ["nps"] * 4
    assert set(table["variant"]) == {"us"}
    assert set(table["reason"]) == {""}
    for row in table.to_dict("records"):
        frame = demo.table(row["table"])
        part = frame if row["group"] == "all waves" else frame[frame["wave"] == row["group"]]
        part = part.dropna(subset=row["construct"])
        alone = enps(
            part[row["construct"]],
            variant="us",
            weights=part.get("weight"),
            cluster=dependence_groups(part).labels,
            conf_level=0.9,
        )
        for name in ("estimate", "std_error", "conf_low", "conf_high", "n", "n_effective"):
            assert row[name] == pytest.approx(getattr(alone, name), rel=1e-12), name
        assert row["label"] == demo.codebook.label(row["construct"])
        assert alone.df == 23


def test_change_of_a_study_from_first_to_last_wave(demo: Study) -> None:
    table = nps_change_of_study(demo, variant="eu", conf_level=0.95)
    assert list(table.columns) == [
        "table", "construct", "label", "first", "last", "variant", "estimate", "std_error", "conf_low", "conf_high",
        "conf_level", "p_value", "n_first", "n_last", "n_effective_first", "n_effective_last", "n_shared",
        "correlation", "df", "respondents", "reason",
    ]  # fmt: skip
    scores = nps_of_study(demo, variant="eu", conf_level=0.95).set_index(["table", "group"])
    for row in table.to_dict("records"):
        first, last = (scores.loc[(row["table"], wave)] for wave in (demo.waves[0], demo.waves[-1]))
        assert (row["first"], row["last"], row["reason"]) == (demo.waves[0], demo.waves[-1], "")
        assert row["estimate"] == pytest.approx(last["estimate"] - first["estimate"])
        assert (row["n_first"], row["n_last"], row["n_shared"]) == (first["n"], last["n"], 24)
        variances = first["std_error"] ** 2 + last["std_error"] ** 2
        covariance = row["correlation"] * first["std_error"] * last["std_error"]
        assert row["std_error"] == pytest.approx(np.sqrt(variances - 2 * covariance))
        assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_reversed_answers_are_turned_round_in_a_change_too(demo: Study) -> None:
    plain, turned = (
        nps_change_of_study(study, variant=Cuts("custom", 7, 3), conf_level=0.95).iloc[0]
        for study in (demo, with_question(demo, "employees", "enps", reversed=True))
    )
    # 7-10 and 0-3 mirror each other, so that only the sign changes.
    assert turned["estimate"] == pytest.approx(-plain["estimate"])
    assert turned["conf_low"] == pytest.approx(-plain["conf_high"])


def test_the_first_wave_is_the_first_in_time_and_not_by_name(demo: Study) -> None:
    names = {wave: f"{9 - place} {wave}" for place, wave in enumerate(demo.waves)}
    tables = {name: frame.assign(wave=frame["wave"].map(names)) if "wave" in frame else frame
              for name, frame in demo.tables.items()}  # fmt: skip
    later = replace(demo, tables=tables, waves=tuple(names[wave] for wave in demo.waves))
    row, same = (nps_change_of_study(s, variant="us", conf_level=0.95).iloc[0] for s in (later, demo))
    assert (row["first"], row["last"]) == (names[demo.waves[0]], names[demo.waves[-1]])
    assert row["estimate"] == pytest.approx(same["estimate"])


def test_people_tie_the_waves_where_units_were_renamed(demo: Study) -> None:
    rng = np.random.default_rng(5)
    people = pd.DataFrame(
        {"person": [f"p{i}" for i in range(240)], "unit": [f"u{i % 12}" for i in range(240)]}
    )
    level = rng.normal(6, 2, 240)
    sheets = pd.concat([
        people.assign(wave=wave, enps=np.clip(np.round(level + rng.normal(0, 0.5, 240)), 0, 10))
        for wave in (demo.waves[0], demo.waves[-1])
    ], ignore_index=True)  # fmt: skip
    renamed = sheets.assign(
        unit=np.where(sheets["wave"] == demo.waves[-1], "new " + sheets["unit"], sheets["unit"])
    )
    kept, lost = (
        nps_change_of_study(replace(demo, tables={"employees": frame}), variant="us", conf_level=0.95).iloc[0]
        for frame in (sheets, renamed)
    )
    assert kept["n_shared"] == lost["n_shared"] == 12
    assert lost["std_error"] == pytest.approx(kept["std_error"])
    # Without anything in common the error would be that of two groups of strangers.
    alone = nps_change_of_study(
        replace(demo, tables={"employees": renamed.drop(columns="person")}), variant="us", conf_level=0.95
    ).iloc[0]
    assert (alone["n_shared"], alone["correlation"]) == (0, 0)
    assert alone["std_error"] > kept["std_error"]


def test_what_cannot_be_scored_in_a_study_says_why(demo: Study) -> None:
    sheets, customers = demo.table("employees"), demo.table("customers")
    silent = sheets.assign(enps=sheets["enps"].where(sheets["wave"] == demo.waves[1]))
    one_unit = customers[
        (customers["wave"] != demo.waves[0]) | (customers["unit"] == customers["unit"].iloc[0])
    ]
    study = replace(demo, tables=demo.tables | {"employees": silent, "customers": one_unit})
    scores = nps_of_study(study, variant="us", conf_level=0.95)
    assert scores["reason"].tolist() == [
        REASONS_OF_STUDY["no_answers"], "", REASONS_OF_STUDY["no_answers"], "", "", "", "", "",
    ]  # fmt: skip
    assert scores["n"].tolist()[:3:2] == [0, 0]
    changes = nps_change_of_study(study, variant="us", conf_level=0.95)
    assert changes["reason"].tolist() == [
        REASONS_OF_STUDY["one_wave"], REASONS_OF_STUDY["one_cluster_change"],
    ]  # fmt: skip
    assert changes[["estimate", "p_value", "n_first"]].isna().all(axis=None)
    plain = {"employees": sheets.drop(columns="wave"), "customers": customers.drop(columns="nps")}
    study = replace(demo, tables=demo.tables | plain)
    scores, changes = (f(study, variant="us", conf_level=0.95) for f in (nps_of_study, nps_change_of_study))
    assert scores["group"].tolist() == ["all waves", "all waves"]
    assert scores["reason"].tolist() == ["", REASONS_OF_STUDY["not_asked"]]
    assert changes["reason"].tolist() == [REASONS_OF_STUDY["no_waves"], REASONS_OF_STUDY["not_asked"]]
    study = replace(demo, tables={"units": demo.table("units")})
    for table in (f(study, variant="us", conf_level=0.95) for f in (nps_of_study, nps_change_of_study)):
        assert table["reason"].tolist() == [REASONS_OF_STUDY["not_asked"]] * 2


def test_the_scale_of_the_codebook_is_named_or_refused(demo: Study) -> None:
    sheets = demo.table("employees")
    ten = replace(
        with_question(demo, "employees", "enps", minimum=1.0),
        tables=demo.tables | {"employees": sheets.assign(enps=sheets["enps"].clip(lower=1))},
    )
    scores = nps_of_study(ten, variant="us", conf_level=0.95)
    assert scores["variant"].tolist() == ["us, 1-10"] * 4 + ["us"] * 4
    # No answer of 0 changes class.
    assert (
        scores["estimate"].tolist() == nps_of_study(demo, variant="us", conf_level=0.95)["estimate"].tolist()
    )
    with pytest.raises(ValueError) as caught:
        combine_scores([part for _, part in scores.groupby("table")])
    assert str(caught.value) == VARIANTS.format("'us' and 'us, 1-10'")
    five = replace(
        with_question(demo, "employees", "enps", minimum=1.0, maximum=5.0),
        tables=demo.tables | {"employees": sheets.assign(enps=(sheets["enps"] / 2).clip(lower=1).round())},
    )
    refused = nps_of_study(five, variant="us", conf_level=0.95)
    assert refused["reason"].tolist()[0] == REASONS_OF_STUDY["scale"]
    assert len(refused) == 5
    own = nps_of_study(five, variant=Cuts("custom", 5, 3, 1, 5), conf_level=0.95)
    assert own["variant"].tolist()[:4] == ["custom (5, 1-3), 1-5"] * 4
    turned = nps_of_study(
        with_question(demo, "customers", "nps", reversed=True), variant="us", conf_level=0.95
    )
    customers = demo.table("customers").dropna(subset="nps")
    expected = enps(10 - customers["nps"], variant="us", weights=customers["weight"])
    assert turned["estimate"].iloc[-1] == pytest.approx(expected.estimate)


def test_a_study_is_not_changed_and_gives_the_same_twice(demo: Study) -> None:
    before = {name: frame.copy() for name, frame in demo.tables.items()}
    first, second = (nps_of_study(demo, variant="us", conf_level=0.95) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    nps_change_of_study(demo, variant="us", conf_level=0.95)
    for name, frame in demo.tables.items():
        pd.testing.assert_frame_equal(frame, before[name])
    for function in (nps_of_study, nps_change_of_study):
        with pytest.raises(ValueError) as caught:
            function(demo, variant="uk", conf_level=0.95)
        assert str(caught.value) == "variant must be us, eu or Cuts with cut-points of your own; got 'uk'."

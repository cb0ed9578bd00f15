"""Leaders against laggards and associations between units: arithmetic, other implementations, coverage of a truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import confint_proportions_2indep

from exresearch.models import (
    NotEstimable,
    bootstrap_counts,
    change_on_change,
    katz_interval,
    leader_contrast,
    unit_association,
)

# Two implementations of the same closed formula.
SAME = 1e-9
# 150 draws at 95 %: outside 90 to 99 % once in 130 if the coverage is right; 200 draws once in 400.
COVERAGE = (0.90, 0.99)

SHARED = Path(__file__).parents[1].parent / "shared"


def shared(name: str) -> pd.DataFrame:
    if not (SHARED / name).exists():
        pytest.skip(f"the shared table {name} is not here")
    return pd.read_csv(SHARED / name)


def company(rng: np.random.Generator, units: int, slope: float = 0.3) -> pd.DataFrame:
    """Units whose engaged share depends on CX through the logit."""
    cx = rng.normal(size=units)
    n = rng.integers(20, 90, units)
    share = 1 / (1 + np.exp(0.3 - slope * cx - 0.5 * rng.normal(size=units)))
    return pd.DataFrame({"cx": cx, "engaged": rng.binomial(n, share) / n, "n": n})


def contrast(units: pd.DataFrame, **options: object) -> pd.DataFrame:
    return leader_contrast(units, cx="cx", engaged="engaged", n="n", **({"seed": 1} | options)).set_index(
        "term"
    )


def test_leader_arithmetic() -> None:
    units = pd.DataFrame(
        {
            "cx": range(1, 13),
            "engaged": [0.2, 0.3, 0.4, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6, 0.7, 0.8],
            "n": [10, 20, 30, 9, 9, 9, 9, 9, 9, 40, 10, 10],
        }
    )
    table = contrast(units)
    leaders, laggards = (24 + 7 + 8) / 60, (2 + 6 + 12) / 60
    assert table.index.tolist() == ["ratio", "odds_ratio", "difference", "share_leaders", "share_laggards"]
    assert_allclose(
        table["estimate"],
        [
            leaders / laggards,
            leaders / (1 - leaders) / (laggards / (1 - laggards)),
            leaders - laggards,
            leaders,
            laggards,
        ],
    )
    assert (table["n"] == 12).all()
    assert (table["n_units"] == 12).all()
    assert (table["n_excluded"] == 0).all()
    assert (table["conf_low"] < table["estimate"]).all()
    assert (table["estimate"] < table["conf_high"]).all()
    equal = contrast(units, weighting="units")["estimate"]
    assert_allclose(equal[["share_leaders", "share_laggards"]], [0.7, 0.3])
    # A third of the fourth unit: 0.2778 x 12 = 3.333 units.
    part = contrast(units, leader_share=10 / 36, weighting="units")["estimate"]
    assert_allclose(
        part[["share_leaders", "share_laggards"]], [(2.1 + 0.5 / 3) / (10 / 3), (0.9 + 0.5 / 3) / (10 / 3)]
    )


def test_ties_share_the_boundary_pro_rata() -> None:
    units = pd.DataFrame({"cx": [1, 1, 1, 1, 1, 1, 2, 2, 2, 2], "engaged": np.arange(10) / 10, "n": 10})
    table = contrast(units, leader_share=0.3, n_boot=99)
    assert_allclose(table["estimate"][["share_leaders", "share_laggards"]], [0.75, 0.25])
    for seed in range(3):
        shuffled = contrast(units.sample(frac=1.0, random_state=seed), leader_share=0.3, n_boot=99)
        pd.testing.assert_frame_equal(table, shuffled, rtol=SAME)


def test_order_and_scale_of_cx_never_matter() -> None:
    units = company(np.random.default_rng(1), 40).assign(
        wave=np.tile(["w1", "w2"], 20), unit=np.repeat(range(20), 2)
    )
    for options in ({}, {"cluster": "unit"}):
        table = contrast(units, **options)
        other = units.sample(frac=1.0, random_state=2).assign(cx=lambda frame: 1e8 + 1e3 * frame["cx"])
        pd.testing.assert_frame_equal(table, contrast(other, **options), rtol=SAME)
    assert (table["n"] == 40).all()
    assert (table["n_units"] == 20).all()


def test_replicates_rank_units_anew() -> None:
    """The vectorised bootstrap equals drawing rows and calling the function's own arithmetic on each draw."""
    units = company(np.random.default_rng(4), 24).sort_values(["cx", "engaged", "n"], ignore_index=True)
    table = contrast(units, n_boot=60, conf_level=0.9, seed=5)
    logs = []
    for counts in bootstrap_counts(24, n_boot=60, seed=5):
        drawn = units.loc[np.repeat(np.arange(24), counts)].sort_values("cx")
        low, high = drawn.iloc[:6], drawn.iloc[-6:]
        # Copies of the unit on the boundary are equal, so a plain cut is the fractional one.
        top, bottom = (float((part["engaged"] * part["n"]).sum() / part["n"].sum()) for part in (high, low))
        logs.append(np.log(top) - np.log(bottom))
    spread = np.std(logs, ddof=1)
    ratio = table.loc["ratio"]
    assert ratio["std_error"] == pytest.approx(ratio["estimate"] * spread, rel=SAME)
    assert ratio["statistic"] == pytest.approx(np.log(ratio["estimate"]) / spread, rel=SAME)
    # Six units in each group, so 2 x (6 - 1) degrees of freedom.
    half = stats.t.ppf(0.95, 10) * spread
    assert ratio["conf_low"] == pytest.approx(ratio["estimate"] * np.exp(-half), rel=SAME)
    assert ratio["conf_high"] == pytest.approx(ratio["estimate"] * np.exp(half), rel=SAME)
    assert ratio["p_value"] == pytest.approx(2 * stats.t.sf(abs(ratio["statistic"]), 10), rel=1e-6)


@pytest.mark.parametrize("units", [20, 60])
def test_leader_intervals_cover_the_planted_contrast(units: int) -> None:
    rng = np.random.default_rng(7)
    crowd = company(rng, 1_000_000).sort_values("cx")
    low, high = crowd.iloc[:250_000], crowd.iloc[-250_000:]
    laggards, leaders = (float((part["engaged"] * part["n"]).sum() / part["n"].sum()) for part in (low, high))
    truth = pd.Series(
        {
            "ratio": leaders / laggards,
            "odds_ratio": leaders / (1 - leaders) / laggards * (1 - laggards),
            "difference": leaders - laggards,
            "share_leaders": leaders,
            "share_laggards": laggards,
        }
    )
    covered = np.zeros(5)
    for seed in range(150):
        table = contrast(company(rng, units), n_boot=199, seed=seed)
        covered += (table["conf_low"] <= truth) & (truth <= table["conf_high"])
    assert (COVERAGE[0] <= covered / 150).all(), covered
    assert (covered / 150 <= COVERAGE[1]).all(), covered


def test_nobody_engaged_among_laggards() -> None:
    units = pd.DataFrame({"cx": range(20), "engaged": [0.0] * 10 + [0.5] * 10, "n": 30})
    with pytest.raises(NotEstimable) as caught:
        contrast(units)
    assert str(caught.value) == (
        "nobody is engaged among the CX laggards, so ratio, odds_ratio, share_laggards cannot be estimated: "
        "use a wider definition of engaged or of leaders, or ask for the difference only."
    )
    only = contrast(units.assign(engaged=units["engaged"] + [0, 0, 0.1, 0] * 5), terms=["difference"])
    assert only.index.tolist() == ["difference"]
    units["engaged"] = [0.1] + [0.0] * 9 + [0.4, 0.5] * 5
    with pytest.raises(NotEstimable) as caught:
        contrast(units, n_boot=999)
    share = str(caught.value).split(" in ")[1].split("%")[0]
    assert 20 < float(share) < 50  # the only engaged laggard is not drawn in (19/20)**20 = 36 %
    assert str(caught.value) == (
        f"nobody is engaged among the CX laggards in {share}% of the bootstrap replicates, so ratios and shares have "
        "no interval: use a wider definition of engaged or of leaders, or ask for the difference only."
    )


UNITS = company(np.random.default_rng(2), 12)


@pytest.mark.parametrize(
    ("units", "options", "kind", "message"),
    [
        (
            UNITS.head(9),
            {},
            NotEstimable,
            "leaders and laggards need at least 10 units with 'cx', 'engaged' and 'n', got 9.",
        ),
        (
            UNITS.assign(cx=7.0),
            {},
            NotEstimable,
            "'cx' has the same value in all 12 units, so leaders and laggards do not differ.",
        ),
        (
            UNITS.assign(engaged=UNITS["engaged"] * 100),
            {},
            ValueError,
            "engaged column 'engaged' holds 12 values outside 0 to 1: it must be a share; divide percentages by 100.",
        ),
        (
            UNITS.assign(n=0),
            {},
            ValueError,
            "n column 'n' holds 12 values of zero or below, and must be positive: correct them, or remove those rows "
            "first and say so.",
        ),
        (
            UNITS.drop(columns=["n", "cx"]),
            {},
            ValueError,
            "columns ['cx', 'n'] are not in the data: check the spelling, or leave them out.",
        ),
        (
            UNITS,
            {"leader_share": 25},
            ValueError,
            "leader_share must lie in (0, 0.5], got 25: use 0.25 for the top quarter.",
        ),
        (
            UNITS,
            {"weighting": "people"},
            ValueError,
            "weighting must be 'employees' or 'units', got 'people'.",
        ),
        (
            UNITS,
            {"terms": ["risk"]},
            ValueError,
            "terms must be a list of some of ['ratio', 'odds_ratio', 'difference', 'share_leaders', "
            "'share_laggards'], got ['risk'].",
        ),
    ],
)
def test_leader_refusals(
    units: pd.DataFrame, options: dict[str, object], kind: type[ValueError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        contrast(units, **options)
    assert str(caught.value) == message


def test_missing_units_are_counted() -> None:
    units = company(np.random.default_rng(3), 30)
    units.loc[[0, 1], "cx"] = np.nan
    units.loc[2, "engaged"] = np.nan
    table = contrast(units)
    assert (table["n"] == 27).all()
    assert (table["n_excluded"] == 3).all()
    assert table["estimate"].to_list() == contrast(units.dropna())["estimate"].to_list()


def test_temkin_75_against_49() -> None:
    ratio, low, high = katz_interval(75, 100, 49, 100)
    assert round(ratio, 2) == 1.53
    expected = confint_proportions_2indep(75, 100, 49, 100, compare="ratio", method="log")
    assert (low, high) == pytest.approx(expected, rel=SAME)
    assert (round(low, 3), round(high, 3)) == (1.216, 1.926)
    narrow = katz_interval(75, 100, 49, 100, conf_level=0.8)
    assert low < narrow[1] < narrow[2] < high
    with pytest.raises(NotEstimable) as caught:
        katz_interval(75, 100, 0, 100)
    assert str(caught.value) == "a risk ratio needs events in both groups, got 75 of 100 and 0 of 100."
    with pytest.raises(ValueError) as refused:
        katz_interval(175, 100, 4, 100)
    assert str(refused.value) == (
        "events must lie between 0 and the size of their group, got 175 of 100 and 4 of 100."
    )


def linked(rng: np.random.Generator, units: int, r: float = 0.4) -> pd.DataFrame:
    ex = rng.normal(size=units)
    return pd.DataFrame({"ex": ex, "cx": r * ex + np.sqrt(1 - r**2) * rng.normal(size=units)})


def associate(units: pd.DataFrame, **options: object) -> pd.DataFrame:
    return unit_association(units, ex="ex", cx="cx", **({"seed": 1} | options)).set_index("term")


def test_association_is_least_squares() -> None:
    rng = np.random.default_rng(6)
    units = linked(rng, 80).assign(
        size=rng.exponential(size=80), kind=rng.choice(["acute", "mental", "special"], 80)
    )
    units["ex"] = units["ex"] * 3 + 1e6
    units["cx"] += 0.4 * units["size"] + 0.5 * (units["kind"] == "mental")
    units.loc[3, "kind"] = None
    table = associate(units, covariates=["size", "kind"])
    kept = units.drop(index=3)
    assert table.index.tolist() == ["correlation", "slope", "partial_correlation", "slope_adjusted"]
    assert (table["n"] == 79).all()
    assert (table["n_units"] == 79).all()
    assert (table["n_excluded"] == 1).all()
    assert table.loc["correlation", "estimate"] == pytest.approx(
        np.corrcoef(kept["ex"], kept["cx"])[0, 1], abs=SAME
    )
    dummies = np.column_stack([kept["size"], kept["kind"] == "mental", kept["kind"] == "special"]).astype(
        float
    )
    for term, extra in (("slope", dummies[:, :0]), ("slope_adjusted", dummies)):
        design = np.column_stack([kept["ex"] - 1e6, extra, np.ones(79)])
        fit = OLS(kept["cx"].to_numpy(), design).fit(cov_type="HC3", use_t=True)
        row = table.loc[term]
        mine = row[["estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high"]].to_numpy(
            dtype=float
        )
        theirs = [fit.params[0], fit.bse[0], fit.tvalues[0], fit.pvalues[0], *fit.conf_int()[0]]
        assert_allclose(mine, theirs, rtol=1e-7)
    residuals = [
        OLS(kept[name].to_numpy() - 1e6 * (name == "ex"), np.column_stack([dummies, np.ones(79)])).fit().resid
        for name in ("ex", "cx")
    ]
    assert table.loc["partial_correlation", "estimate"] == pytest.approx(
        np.corrcoef(*residuals)[0, 1], abs=1e-8
    )


def test_slope_errors_are_those_of_r() -> None:
    # R: lm(WBEING ~ HRS + LEAD + COHES, bh1996); sandwich::vcovHC(type = "HC3"); clubSandwich::vcovCR(type = "CR3").
    data = shared("reference/04_reliability/bh1996.csv")
    options = {"ex": "LEAD", "cx": "WBEING", "covariates": ["HRS", "COHES"], "n_boot": 99, "seed": 1}
    rows = unit_association(data, **options).set_index("term")
    assert rows.loc["slope_adjusted", "estimate"] == pytest.approx(0.450759608361174, abs=SAME)
    assert rows.loc["slope_adjusted", "std_error"] == pytest.approx(0.0147789825019306, abs=SAME)
    grouped = unit_association(data, cluster="GRP", **options).set_index("term")
    assert grouped.loc["slope_adjusted", "estimate"] == pytest.approx(0.450759608361174, abs=SAME)
    # clubSandwich leaves out the jackknife's factor (G - 1) / G.
    assert grouped.loc["slope_adjusted", "std_error"] == pytest.approx(
        0.0208301722661794 * np.sqrt(98 / 99), abs=SAME
    )
    assert (grouped["n"] == 7382).all()
    assert (grouped["n_units"] == 99).all()


@pytest.mark.parametrize(("units", "r"), [(12, 0.0), (40, 0.4)])
def test_correlation_intervals_cover_the_planted_one(units: int, r: float) -> None:
    rng = np.random.default_rng(9)
    covered = rejected = 0
    for seed in range(200):
        row = associate(linked(rng, units, r), n_boot=199, seed=seed).loc["correlation"]
        covered += row["conf_low"] <= r <= row["conf_high"]
        rejected += row["p_value"] < 0.05
        assert (row["p_value"] < 0.05) == (row["conf_low"] > 0 or row["conf_high"] < 0)
    assert COVERAGE[0] <= covered / 200 <= COVERAGE[1]
    assert rejected / 200 < 0.09 if r == 0.0 else rejected / 200 > 0.6


def test_waves_of_a_unit_are_resampled_together() -> None:
    rng = np.random.default_rng(3)
    units = linked(rng, 30)
    panel = pd.concat([units.assign(unit=range(30))] * 4, ignore_index=True)
    once, repeated = associate(units), associate(panel, cluster="unit")
    naive = associate(panel)
    # Four identical waves carry no more than one.
    assert_allclose(repeated["estimate"], once["estimate"])
    assert repeated.loc["correlation", "std_error"] == pytest.approx(
        once.loc["correlation", "std_error"], rel=0.1
    )
    assert repeated.loc["slope", "std_error"] == pytest.approx(once.loc["slope", "std_error"], rel=0.05)
    assert naive.loc["correlation", "std_error"] < 0.6 * once.loc["correlation", "std_error"]
    assert (repeated["n"] == 120).all()
    assert (repeated["n_units"] == 30).all()


def test_between_link_absent_within_units() -> None:
    rng = np.random.default_rng(5)
    level = np.repeat(rng.normal(size=150), 4)
    panel = pd.DataFrame(
        {
            "ex": level + 0.5 * rng.normal(size=600),
            "cx": level + 0.5 * rng.normal(size=600),
            "unit": np.repeat([f"u{i:03d}" for i in range(150)], 4),
            "wave": ["w1", "w2", "w3", "w4"] * 150,
        }
    )
    options = {"ex": "ex", "cx": "cx", "unit": "unit", "wave": "wave", "seed": 1}
    row = change_on_change(panel, **options).iloc[0]
    assert associate(panel, cluster="unit").loc["correlation", "conf_low"] > 0.7
    assert row["term"] == "change_correlation"
    assert row["conf_low"] < 0 < row["conf_high"]
    assert (row["n"], row["n_units"], row["n_excluded"]) == (450, 150, 0)
    changes = panel.groupby("unit")[["ex", "cx"]].diff().dropna()
    assert row["estimate"] == pytest.approx(changes.corr().iloc[0, 1], abs=SAME)
    # A gap is no change, waves follow the order given, and the order of rows does not matter.
    gap = panel[(panel["unit"] != "u000") | (panel["wave"] != "w2")].sample(frac=1.0, random_state=1)
    cut = change_on_change(gap, **options).iloc[0]
    assert (cut["n"], cut["n_units"], cut["n_excluded"]) == (448, 150, 1)
    turned = change_on_change(panel, waves=["w4", "w3", "w2", "w1"], **options).iloc[0]
    assert turned["estimate"] == pytest.approx(row["estimate"], abs=SAME)
    with pytest.raises(ValueError) as caught:
        change_on_change(panel, waves=["w1", "w2"], **options)
    assert str(caught.value) == "column 'wave' holds waves ['w3', 'w4'] that are not in waves ['w1', 'w2']."
    with pytest.raises(ValueError) as repeated:
        change_on_change(pd.concat([panel, panel.head(2)]), **options)
    assert str(repeated.value) == (
        "2 rows repeat a unit in a wave: aggregate to one row per 'unit' and 'wave'."
    )
    with pytest.raises(NotEstimable) as few:
        change_on_change(panel.head(32), **options)
    assert (
        str(few.value) == "changes need at least 10 units with 'ex' and 'cx' in two consecutive waves, got 8."
    )


def test_nhs_trusts_are_linked_between_and_not_within() -> None:
    data = shared("data/nhs_ex_cx_linked/staff_x_inpatient_2021_2022.csv")
    options = {"ex": "Burned_out_rate", "cx": "Q46", "n_boot": 199, "seed": 1}
    year = data[data["survey_year"] == 2021]
    between = unit_association(year, **options).iloc[0]
    # The note beside the file rounds to -0.60.
    assert between["estimate"] == pytest.approx(year["Burned_out_rate"].corr(year["Q46"]), abs=SAME)
    assert between["estimate"] == pytest.approx(-0.60, abs=0.01)
    assert between["conf_high"] < -0.4
    acute = year[~year["Benchmarking group"].str.contains("Specialist")]
    assert len(acute) == 120
    assert unit_association(acute, **options).iloc[0]["estimate"] == pytest.approx(-0.42, abs=0.005)
    both = unit_association(data, cluster="trust_code", **options).iloc[0]
    assert (both["n"], both["n_units"]) == (263, 132)
    within = change_on_change(data, unit="trust_code", wave="survey_year", **options).iloc[0]
    assert within["estimate"] == pytest.approx(-0.01, abs=0.005)
    assert (within["n"], within["n_units"], within["n_excluded"]) == (131, 131, 1)
    assert within["conf_low"] < 0 < within["conf_high"]


def test_planted_change_link_is_found() -> None:
    rng = np.random.default_rng(8)
    ex = rng.normal(size=(120, 5)).cumsum(axis=1)
    cx = 0.5 * ex + rng.normal(size=(120, 5)).cumsum(axis=1)
    panel = pd.DataFrame(
        {"ex": ex.ravel(), "cx": cx.ravel(), "unit": np.repeat(range(120), 5), "wave": [1, 2, 3, 4, 5] * 120}
    )
    row = change_on_change(panel, ex="ex", cx="cx", unit="unit", wave="wave", seed=1).iloc[0]
    assert row["conf_low"] < 0.5 / np.sqrt(1.25) < row["conf_high"]
    assert row["p_value"] < 1e-6


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            lambda units: units.head(9),
            {},
            "the association of 'ex' and 'cx' with 0 covariate columns needs at least 10 units, got 9 "
            "(0 rows left out as incomplete).",
        ),
        (
            lambda units: units.assign(ex=4.0),
            {},
            "columns ['ex'] do not vary between units, or not beyond what the covariates explain: there is nothing "
            "left to correlate.",
        ),
        (
            lambda units: units.assign(cx=units["ex"] * -2 + 1),
            {},
            "'ex' and 'cx' are copies of one another up to scale.",
        ),
        (
            lambda units: units.assign(kind=["a"] * 29 + ["b"]),
            {"covariates": ["kind"]},
            "1 units decide a coefficient of ['kind=b'] alone (a category with one unit, for example): "
            "merge small categories.",
        ),
        (
            lambda units: units.assign(kind="a"),
            {"covariates": ["kind"]},
            "covariate 'kind' is the same in all complete rows: leave it out.",
        ),
        (
            lambda units: units.assign(one=1.0, size=range(30)),
            {"covariates": ["size", "one"]},
            "covariates ['one'] are constant over the complete rows: leave them out.",
        ),
        (
            lambda units: units.assign(size=range(30), double=range(0, 60, 2)),
            {"covariates": ["size", "double"]},
            "columns ['size', 'double'] are copies or linear combinations among themselves (to 1e-10 of their "
            "variance), so their coefficients are not unique: leave one of them out of each such set.",
        ),
        (
            lambda units: units.assign(size=units["ex"] + 1),
            {"covariates": ["size"]},
            "columns ['ex'] do not vary between units, or not beyond what the covariates explain: there is nothing "
            "left to correlate.",
        ),
    ],
)
def test_association_that_cannot_be_estimated(change, options: dict[str, object], message: str) -> None:
    with pytest.raises(NotEstimable) as caught:
        associate(change(linked(np.random.default_rng(1), 30)), **options)
    assert str(caught.value) == message


def test_association_refuses_wrong_columns() -> None:
    with pytest.raises(ValueError) as caught:
        associate(pd.DataFrame({"ex": [1.0]}), covariates=["kind"])
    assert str(caught.value) == (
        "columns ['cx', 'kind'] are not in the data: check the spelling, or leave them out."
    )

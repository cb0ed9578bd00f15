"""Multiple imputation: pooling against R and statsmodels, the chain against statsmodels and planted truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import norm
from statsmodels.imputation.mice import MICE, MICEData

from exresearch.models import (
    NotEstimable,
    importance_replicates,
    imputations,
    percentile_interval,
    pool_imputations,
    unit_moments,
)
from exresearch.models.imputation.chain import _Chain
from exresearch.models.imputation.matching import nearest

# mice 3 in R, as printed at airquality: set 50 times imputed by mice(data, m = 50, seed = 245435), then
# pool(with(impData2, lm(Temp ~ Ozone + Solar.R + Wind))) and its summary; seven digits each.
MICE_IN_R = pd.DataFrame(
    [
        ("(Intercept)", 72.6409950, 6.805400e00, 1.082784e00, 119.6660, 0.1396286, 0.1536564, 2.812443743, 25.828426),
        ("Ozone", 0.1636463, 5.224431e-04, 1.390522e-04, 103.7690, 0.2135154, 0.2282479, 0.025773558, 6.349388),
        ("Solar.R", 0.0115144, 4.461246e-05, 7.239493e-06, 119.1549, 0.1420143, 0.1560619, 0.007210876, 1.596810),
        ("Wind", -0.3357630, 4.024084e-02, 6.924729e-03, 117.5870, 0.1493153, 0.1634244, 0.217494982, -1.543774),
    ],
    columns=[
        "term", "estimate", "within", "between", "df", "variance_share", "missing_information", "std_error",
        "statistic",
    ],
)  # fmt: skip
R_P_VALUES = [9.143086e-51, 5.800127e-09, 1.129568e-01, 1.253302e-01]
# Six to seven printed digits went in.
PRINTED = 2e-5


def with_variance(mean: float, variance: float, m: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """So many numbers with exactly this mean and variance."""
    shape = np.arange(m) - (m - 1) / 2
    return mean + shape * np.sqrt(variance / shape.var(ddof=1))


def test_pooling_against_mice_in_r() -> None:
    estimates = np.column_stack([with_variance(r.estimate, r.between, 50) for r in MICE_IN_R.itertuples()])
    variances = np.tile(MICE_IN_R["within"].to_numpy(), (50, 1))
    pooled = pool_imputations(estimates, variances, terms=MICE_IN_R["term"], df_complete=148, n=153)
    for column in MICE_IN_R.columns[1:]:
        assert pooled[column].tolist() == pytest.approx(MICE_IN_R[column].tolist(), rel=PRINTED), column
    # A p-value of 1e-50 hangs on the sixth digit of its statistic.
    assert pooled["p_value"].tolist()[1:] == pytest.approx(R_P_VALUES[1:], rel=20 * PRINTED)
    assert np.log(pooled["p_value"].iloc[0]) == pytest.approx(np.log(R_P_VALUES[0]), rel=1e-4)
    assert pooled["term"].tolist() == MICE_IN_R["term"].tolist()
    assert set(zip(pooled["n"], pooled["conf_level"], pooled["n_imputations"], strict=True)) == {
        (153, 0.95, 50)
    }
    # The same p-value turned round: the interval at level 1 - p ends at the null.
    at_p = pool_imputations(estimates[:, 3:], variances[:, 3:], terms=["Wind"], df_complete=148, n=153,
                            conf_level=1 - float(pooled["p_value"].iloc[3]))  # fmt: skip
    assert at_p["conf_high"].iloc[0] == pytest.approx(0, abs=1e-12)
    assert (pooled["conf_high"] - pooled["conf_low"] > 3.9 * pooled["std_error"]).all()


def test_pooling_by_hand() -> None:
    pooled = pool_imputations(
        [[2.0], [4.0], [6.0]], [[1.0], [2.0], [3.0]], terms=["x"], df_complete=30, n=32, null=1.0
    ).iloc[0]
    # U = 2, B = 4, T = 2 + 4/3 * 4 = 22/3; r = 8/3; old df = 2 (1 + 3/8)^2; observed df = 31/33 * 30 * 3/11.
    old, observed = 2 * (11 / 8) ** 2, 31 / 33 * 30 * 3 / 11
    df = old * observed / (old + observed)
    assert pooled["std_error"] ** 2 == pytest.approx(22 / 3)
    assert pooled["df"] == pytest.approx(df)
    assert pooled["missing_information"] == pytest.approx((8 / 3 + 2 / (df + 3)) / (8 / 3 + 1))
    assert pooled["statistic"] == pytest.approx(3 / np.sqrt(22 / 3))


def test_pooling_of_data_without_gaps_is_the_complete_analysis() -> None:
    same = pool_imputations([[0.3, 0.0]] * 5, [[0.01, 0.0]] * 5, terms=["a", "b"], df_complete=np.inf, n=9)
    assert same["df"].tolist() == [np.inf, np.inf]
    assert same["missing_information"].tolist() == same["between"].tolist() == [0, 0]
    assert same["p_value"].tolist() == pytest.approx([2 * norm.sf(3), 1])
    assert same.loc[0, ["conf_low", "conf_high"]].tolist() == pytest.approx(
        [0.3 - 0.1 * norm.ppf(0.975), 0.3 + 0.1 * norm.ppf(0.975)]
    )
    small = pool_imputations([[0.3]] * 5, [[0.01]] * 5, terms=["a"], df_complete=30, n=9)
    # Said in the notes: the formula would leave 2 / (df + 3).
    assert small["missing_information"].tolist() == [0]
    assert small["df"].iloc[0] == pytest.approx(31 / 33 * 30)


def test_pooling_without_variance_knows_the_value_or_refuses() -> None:
    options: dict[str, Any] = {"terms": ["a"], "df_complete": 5, "n": 9}
    known = pool_imputations([[1.0], [1.0]], [[0.0], [0.0]], **options)
    assert known[["conf_low", "conf_high", "statistic", "p_value"]].iloc[0].tolist() == [1, 1, np.inf, 0]
    with pytest.raises(
        NotEstimable, match="no variance within the completed data sets and some between them"
    ):
        pool_imputations([[1.0], [2.0]], [[0.0], [0.0]], **options)
    # Two data sets are enough for Rubin's own degrees of freedom, m - 1 where all variance is between them.
    all_missing = pool_imputations([[1.0], [2.0]], [[0.0], [0.0]], **options | {"df_complete": np.inf})
    assert all_missing["df"].tolist() == [1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"variances": [[1.0]]},
            "estimates and variances must both have the shape [m, 1], got (2, 1) and (1, 1).",
        ),
        (
            {"terms": ["a", "b"]},
            "estimates and variances must both have the shape [m, 2], got (2, 1) and (2, 1).",
        ),
        (
            {"estimates": [[1.0]], "variances": [[1.0]]},
            "estimates must come from two or more completed data sets, got 1.",
        ),
        ({"variances": [[1.0], [-1.0]]}, "estimates must be finite, and variances finite and not negative."),
        (
            {"estimates": [[1.0], [np.nan]]},
            "estimates must be finite, and variances finite and not negative.",
        ),
        ({"df_complete": 0}, "df_complete must be above 0, got 0."),
        ({"conf_level": 95}, "conf_level must lie strictly between 0 and 1, got 95: use 0.95 for 95 %."),
    ],
)
def test_what_cannot_be_pooled(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {
        "estimates": [[1.0], [2.0]], "variances": [[1.0], [1.0]], "terms": ["a"], "df_complete": 9, "n": 10,
    } | change  # fmt: skip
    with pytest.raises(ValueError) as caught:
        pool_imputations(given.pop("estimates"), given.pop("variances"), **given)
    assert str(caught.value) == message


def planted(rng: np.random.Generator, *, units: int, size: int = 25) -> pd.DataFrame:
    """Answers of colleagues: two drivers with a common cause, an outcome that one of them moves more, one helper."""
    n, unit = units * size, np.repeat(np.arange(units), size)
    level = rng.normal(0, 0.3, units)[unit]
    common = rng.normal(size=n) + level
    needs, pay = (0.6 * common + 0.8 * rng.normal(size=n) for _ in range(2))
    stay = 0.7 * common + 0.6 * rng.normal(size=n)
    enps = 0.5 * needs + 0.2 * pay + 0.2 * stay + 0.8 * rng.normal(size=n) + 0.5 * level
    return pd.DataFrame({"enps": enps, "needs": needs, "pay": pay, "stay": stay, "unit": unit})


def without(data: pd.DataFrame, rng: np.random.Generator, *, at_random: bool) -> pd.DataFrame:
    """With gaps: anywhere, or in one driver where the outcome (which is known) is high."""
    gappy = data.copy()
    if at_random:
        gappy.loc[rng.random(len(data)) < 1 / (1 + np.exp(0.8 - 1.6 * data["enps"])), "needs"] = np.nan
    else:
        for name in ("enps", "needs", "pay"):
            gappy.loc[rng.random(len(data)) < 0.2, name] = np.nan
    return gappy


def difference(data: pd.DataFrame, *, seed: int, n_boot: int = 100) -> tuple[float, Any]:
    """Importance of needs less that of pay, and its replicates over units."""
    moments = unit_moments(data, columns=["enps", "needs", "pay"], cluster="unit")
    result = importance_replicates(
        moments, outcome="enps", drivers=["needs", "pay"], n_boot=n_boot, seed=seed
    )
    return float(result.estimate["lmg"] @ [1, -1]), result.replicates["lmg"] @ [1, -1]


def imputed_difference(data: pd.DataFrame, *, seed: int, m: int = 10) -> pd.Series:
    """The same, on completed data."""
    sets = imputations(
        data, columns=["enps", "needs", "pay"], auxiliary=["stay"], cluster="unit", n_imputations=m, seed=seed
    )
    found = [difference(done.assign(unit=data["unit"]), seed=100 * seed + i) for i, done in enumerate(sets)]
    pooled = pool_imputations(
        [[estimate] for estimate, _ in found],
        [[replicates.var(ddof=1)] for _, replicates in found],
        terms=["difference"],
        df_complete=data["unit"].nunique() - 1,
        n=len(data),
    )
    return pooled.iloc[0]


def test_where_gaps_follow_from_known_answers_imputation_is_near_the_truth_and_listwise_is_not() -> None:
    errors, inside = [], {"listwise": 0, "imputed": 0}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        whole = planted(rng, units=400)
        gappy = without(whole, rng, at_random=True)
        assert 0.3 < gappy["needs"].isna().mean() < 0.45
        truth, _ = difference(whole, seed=1, n_boot=2)
        listwise, replicates = difference(gappy.dropna(), seed=seed, n_boot=200)
        low, high = percentile_interval(replicates, conf_level=0.95)
        inside["listwise"] += low <= truth <= high
        pooled = imputed_difference(gappy, seed=seed, m=5)
        inside["imputed"] += pooled["conf_low"] <= truth <= pooled["conf_high"]
        errors.append((listwise - truth, pooled["estimate"] - truth))
    lost, left = np.mean(errors, axis=0)
    # A difference of 0.18 is missed by an eighth of it; matching leaves some of that, where donors are scarce.
    assert -0.03 < lost < -0.018
    assert abs(left) < 0.4 * abs(lost)
    assert inside["imputed"] >= 7
    assert inside["listwise"] < inside["imputed"]


def test_where_gaps_are_anywhere_both_say_the_same() -> None:
    rng = np.random.default_rng(4)
    whole = planted(rng, units=400)
    gappy = without(whole, rng, at_random=False)
    truth, _ = difference(whole, seed=1)
    listwise, replicates = difference(gappy.dropna(), seed=1, n_boot=400)
    pooled = imputed_difference(gappy, seed=1)
    assert abs(pooled["estimate"] - listwise) < replicates.std()
    assert pooled["conf_low"] < truth < pooled["conf_high"]
    # 49 % of the sheets are lost listwise; imputation gets some of what they know.
    assert pooled["std_error"] < replicates.std(ddof=1)
    assert 0.05 < pooled["missing_information"] < 0.6


def test_intervals_of_imputed_data_cover_the_truth() -> None:
    truth, _ = difference(planted(np.random.default_rng(1), units=4000), seed=1, n_boot=2)
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(40):
        pooled = imputed_difference(without(planted(rng, units=30), rng, at_random=False), seed=seed, m=5)
        covered += pooled["conf_low"] <= truth <= pooled["conf_high"]
    # 38 are expected; 33 or fewer of 40 at 95 % has a chance of 1 in 70 (150 larger studies: 96 %, see the methods).
    assert covered >= 34


def test_against_the_chain_of_statsmodels() -> None:
    rng = np.random.default_rng(6)
    gappy = without(planted(rng, units=120), rng, at_random=True).drop(columns="unit")
    fits = [
        sm.OLS(done["enps"], sm.add_constant(done[["needs", "pay"]])).fit()
        for done in imputations(
            gappy, columns=["enps", "needs", "pay"], auxiliary=["stay"], n_imputations=20, seed=1
        )
    ]
    ours = pool_imputations(
        [fit.params for fit in fits], [fit.bse**2 for fit in fits], terms=["const", "needs", "pay"],
        df_complete=len(gappy) - 3, n=len(gappy),
    )  # fmt: skip
    theirs = MICE("enps ~ needs + pay", sm.OLS, MICEData(gappy, k_pmm=5, rng=1), n_skip=0).fit(3, 20)
    # Two chains with other draws: they agree to their own error, and are nearer the truth than complete rows are.
    assert np.abs(ours["estimate"] - theirs.params).max() < 0.6 * ours["std_error"].max()
    assert (ours["std_error"] / theirs.bse).between(0.75, 1.35).all()


def test_pooling_against_statsmodels() -> None:
    rng = np.random.default_rng(7)
    gappy = without(planted(rng, units=10), rng, at_random=False).drop(columns="unit")
    model = MICE("enps ~ needs + pay", sm.OLS, MICEData(gappy, rng=1), n_skip=0)
    theirs = model.fit(1, 6)
    ours = pool_imputations(
        [fit.params for fit in model.results_list],
        [fit.bse**2 for fit in model.results_list],
        terms=theirs.exog_names,
        df_complete=np.inf,
        n=len(gappy),
    )
    assert ours["estimate"].tolist() == pytest.approx(theirs.params.tolist(), rel=1e-12)
    assert ours["std_error"].tolist() == pytest.approx(theirs.bse.tolist(), rel=1e-12)
    # What statsmodels calls the fraction of missing information is the share of the variance; and it uses the normal
    # distribution where Rubin has a t distribution, so that its intervals are narrower.
    assert ours["variance_share"].tolist() == pytest.approx(theirs.frac_miss_info.tolist(), rel=1e-12)
    assert (ours["missing_information"] > ours["variance_share"]).all()
    width = ours["conf_high"] - ours["conf_low"]
    assert (width.to_numpy() > np.diff(theirs.conf_int(), axis=1)[:, 0]).all()


def small() -> pd.DataFrame:
    """Sixty rounded answers of eight units, with gaps."""
    rng = np.random.default_rng(8)
    data = without(planted(rng, units=8, size=10), rng, at_random=False).round(1)
    data["helper"] = data.pop("stay").where(rng.random(len(data)) < 0.8)
    return data


def test_only_gaps_are_filled_and_only_with_answers_that_were_given() -> None:
    data = small()
    before, state = data.copy(), str(np.random.get_state())  # noqa: NPY002
    columns = ["pay", "enps"]
    sets = list(imputations(data, columns=columns, auxiliary=["helper", "needs"], n_imputations=3, seed=2))
    pd.testing.assert_frame_equal(data, before)
    assert str(np.random.get_state()) == state  # noqa: NPY002
    for done in sets:
        assert list(done.columns) == columns
        assert done.index.equals(data.index)
        for name in columns:
            known = data[name].notna()
            assert done.loc[known, name].equals(data.loc[known, name])
            assert set(done.loc[~known, name]) <= set(data.loc[known, name])
    assert not sets[0].equals(sets[1])


@pytest.mark.parametrize("cluster", [None, "unit"])
def test_order_and_names_change_nothing(cluster: str | None) -> None:
    data = small()
    given: dict[str, Any] = {"n_imputations": 2, "seed": 2, "cluster": cluster, "auxiliary": ["helper"]}
    columns = ["enps", "needs", "pay"]
    last = list(imputations(data, columns=columns, **given))[-1]
    pd.testing.assert_frame_equal(list(imputations(data, columns=columns, **given))[-1], last)
    shuffled = data.sample(frac=1, random_state=1)
    again = list(imputations(shuffled, columns=columns[::-1], **given))[-1]
    pd.testing.assert_frame_equal(again.loc[data.index, columns], last)
    renamed = data.assign(unit=data["unit"].map(lambda unit: f"team {9 - unit}"))
    pd.testing.assert_frame_equal(list(imputations(renamed, columns=columns, **given))[-1], last)
    other = list(imputations(data, columns=columns, **(given | {"seed": 3})))[-1]
    assert not other.equals(last)


def test_units_that_differ_make_the_draws_differ_more() -> None:
    rng = np.random.default_rng(9)
    units = np.repeat(np.arange(12), 50)
    x = rng.normal(size=12)[units] + 0.1 * rng.normal(size=600)
    data = pd.DataFrame(
        {"x": x, "y": x + rng.normal(size=12)[units] + 0.3 * rng.normal(size=600), "unit": units}
    )
    # Whole units skip the question, so that it matters how sure the line through the others is.
    data.loc[data["unit"] >= 8, "y"] = np.nan

    def spread(cluster: str | None) -> float:
        sets = imputations(data, columns=["x", "y"], cluster=cluster, n_imputations=100, seed=1, between=1)
        return float(np.std([done["y"].mean() for done in sets]))

    assert spread("unit") > 2 * spread(None)


@pytest.mark.parametrize("cluster", [None, "unit"])
def test_awkward_columns_are_imputed_all_the_same(cluster: str | None) -> None:
    data = small().head(12)
    data["always"], data["copy"], data["once"] = 4.0, data["needs"], np.nan
    data.loc[3, "once"] = 2.0
    data.loc[2, "always"] = np.nan
    data["unit"] = "the only one"
    names = ["enps", "needs", "pay", "always", "copy", "once"]
    for done in imputations(data, columns=names, n_imputations=2, seed=1, cluster=cluster, donors=30):
        assert done.notna().all(axis=None)
        assert set(done["always"]) == {4.0}
        assert set(done["once"]) == {2.0}
    # Without gaps the data come back.
    whole = data[["unit"]].assign(x=1.0)
    assert [done["x"].tolist() for done in imputations(whole, columns=["x"], n_imputations=1, seed=0)] == [
        [1.0] * 12
    ]


@pytest.mark.parametrize("cluster", [None, "unit"])
def test_draws_of_the_coefficients_vary_as_the_sandwich_says(
    cluster: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(13)
    unit = np.repeat(np.arange(5), 24)
    x = rng.normal(size=120) + rng.normal(size=5)[unit]
    y = x + rng.normal(size=5)[unit] + rng.normal(size=120) * (1 + np.abs(x))
    data = pd.DataFrame({"x": x, "y": y, "unit": unit})
    data.loc[::2, "y"] = np.nan
    seen = []

    def recorded(known: Any, wanted: Any, names: Any, **options: Any) -> Any:
        seen.append(wanted)
        return nearest(known, wanted, names, **options)

    monkeypatch.setattr("exresearch.models.imputation.chain.nearest", recorded)
    list(
        imputations(
            data, columns=["y"], auxiliary=["x"], cluster=cluster, n_imputations=1500, between=1, seed=1
        )
    )
    filled, gaps = data[data["y"].notna()], data[data["y"].isna()]
    scaled = (filled["y"] - filled["y"].mean()) / filled["y"].std(ddof=0)
    kind: dict[str, Any] = {"cov_type": "HC1"}
    if cluster:
        kind = {"cov_type": "cluster", "cov_kwds": {"groups": filled["unit"]}}
    fit = sm.OLS(scaled, sm.add_constant(filled["x"])).fit(**kind)
    design = sm.add_constant(gaps["x"]).sort_values("x").to_numpy()
    expected = np.einsum("ij,jk,ik->i", design, fit.cov_params().to_numpy(), design)
    # Rows are sorted by their answers inside; the first ten rounds are the burn-in. 1,500 draws know a variance to 4 %.
    draws = np.array(seen[10:])
    assert draws.mean(axis=0) == pytest.approx(design @ fit.params.to_numpy(), abs=0.03)
    assert draws.var(axis=0).tolist() == pytest.approx(expected.tolist(), rel=0.13)


def test_the_sums_follow_the_answers_within_a_round() -> None:
    data = small()
    groups = pd.factorize(data.pop("unit"))[0]
    chain = _Chain.start(data.to_numpy(), groups, donors=5, seed=1)
    assert chain.bounds is not None
    sums, blocks = chain.design.T @ chain.design, chain._blocks(chain.bounds)
    np.testing.assert_allclose(blocks.sum(axis=0), sums, atol=1e-9)
    for j, gaps in chain.gaps.items():
        chain._redraw(j, gaps, sums, blocks)
        np.testing.assert_allclose(sums, chain.design.T @ chain.design, atol=1e-9)
        np.testing.assert_allclose(blocks, chain._blocks(chain.bounds), atol=1e-9)
        np.testing.assert_array_equal(chain.across, chain.design.T)


def test_the_scores_of_groups_need_no_pass_over_the_rows() -> None:
    data = small()
    groups = pd.factorize(data.pop("unit"))[0]
    chain = _Chain.start(data.to_numpy(), groups, donors=5, seed=1)
    assert chain.bounds is not None
    j, gaps = next(iter(chain.gaps.items()))
    rng = np.random.default_rng(2)
    coefficients = rng.normal(size=chain.design.shape[1])
    coefficients[j + 1] = 0.0
    blocks = chain._blocks(chain.bounds)
    normal = rng.normal(size=len(blocks))
    quick = chain._signed_scores(j + 1, gaps, chain.design[gaps.rows], coefficients, normal, blocks)
    residuals = chain.design[:, j + 1] - chain.design @ coefficients
    residuals[gaps.rows] = 0.0
    by_row = normal[groups[np.argsort(chain.stored)]]
    np.testing.assert_allclose(quick, chain.design.T @ (residuals * by_row), atol=1e-9)


@pytest.mark.parametrize("size", [1.0, 1e12])
def test_the_nearest_are_those_of_a_plain_search(size: float) -> None:
    rng = np.random.default_rng(3)
    known, wanted = rng.normal(size=400).round(1) * size, rng.normal(size=50) * 2 * size
    # Equal ones stand in the order of their names, whatever that in which they are given.
    names = rng.permutation(400)
    found = nearest(known[names], wanted, names, donors=5, rng=np.random.default_rng(4))
    order = np.argsort(known.round(9), kind="stable")
    distance = np.sort(np.abs(known.round(9)[:, None] - wanted.round(9)), axis=0)[4] + 0.5e-9
    ordered = known.round(9)[order]
    first = np.searchsorted(ordered, wanted.round(9) - distance, side="left")
    last = np.searchsorted(ordered, wanted.round(9) + distance, side="right")
    np.testing.assert_array_equal(found, order[np.random.default_rng(4).integers(first, last)])


@pytest.mark.parametrize("name", ["a", "z"])
def test_of_many_rows_with_one_prediction_none_comes_first(name: str) -> None:
    # On an answer scale hundreds of rows share a prediction; sorted by their answers, the first five all say the same.
    rng = np.random.default_rng(11)
    x = rng.integers(1, 4, 4000).astype("float64")
    truth = pd.DataFrame({"m": x, name: (x + 1 + rng.normal(0, 1.2, 4000)).round().clip(1, 7)})
    gap = rng.random(4000) < 0.4
    gappy = truth.copy()
    gappy.loc[gap, name] = np.nan
    sets = list(imputations(gappy, columns=["m", name], n_imputations=4, seed=1))
    borrowed = pd.concat([done[gap] for done in sets]).groupby("m")[name].agg(["mean", "var"])
    given = truth.groupby("m")[name].agg(["mean", "var"])
    assert borrowed["mean"].tolist() == pytest.approx(given["mean"].tolist(), abs=0.12)
    assert borrowed["var"].tolist() == pytest.approx(given["var"].tolist(), rel=0.12)


def test_many_rows_lend_from_a_sample_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(10)
    gappy = without(planted(rng, units=100), rng, at_random=False)
    whole = next(imputations(gappy, columns=["enps", "needs", "pay"], n_imputations=1, seed=1))
    monkeypatch.setattr("exresearch.models.imputation.chain._MOST_LENDERS", 500)
    sample = next(imputations(gappy, columns=["enps", "needs", "pay"], n_imputations=1, seed=1))
    assert not sample.equals(whole)
    assert sample.corr().to_numpy() == pytest.approx(whole.corr().to_numpy(), abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_imputations": 0}, "n_imputations must be an integer of 1 or more, got 0."),
        ({"seed": -1}, "seed must be an integer of 0 or more, got -1."),
        ({"between": 0}, "between must be an integer of 1 or more, got 0."),
        ({"burn_in": 1.5}, "burn_in must be an integer of 0 or more, got 1.5."),
        ({"donors": True}, "donors must be an integer of 1 or more, got True."),
        ({"columns": []}, "columns must name at least one column, got none."),
        (
            {"columns": ["enps", "pey"]},
            "columns ['pey'] are not in the data: check the spelling, or leave them out.",
        ),
        (
            {"auxiliary": ["enps"]},
            "columns ['enps'] are named more than once: give every column one role.",
        ),
        ({"cluster": "team"}, "cluster column 'team' has 2 gaps: give these rows a group of their own."),
    ],
)
def test_what_cannot_be_imputed(change: dict[str, Any], message: str) -> None:
    data = small().assign(team="a")
    data.loc[:1, "team"] = None
    with pytest.raises(ValueError) as caught:
        imputations(data, **({"columns": ["enps", "pay"], "n_imputations": 2, "seed": 1} | change))
    assert str(caught.value) == message


def test_a_column_without_any_value_cannot_be_imputed() -> None:
    with pytest.raises(NotEstimable) as caught:
        imputations(small().assign(never=np.nan), columns=["enps", "never"], n_imputations=2, seed=1)
    assert str(caught.value) == "columns ['never'] hold no value at all: leave them out."

"""Aggregation of answers to units: against R, statsmodels, pingouin and numpy, on planted truth, and in a study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pingouin as pg
import pytest
import statsmodels.api as sm
from scipy.stats import f as f_distribution
from scipy.stats import f_oneway, norm, t

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import engagement_and_cx
from exresearch.findings.analyses.aggregation import aggregation_caveats
from exresearch.measures import (
    LEAST_ICC2,
    LEAST_RWG,
    aggregation_gate,
    aggregation_table,
    construct_correlations,
    construct_score,
    correlation_table,
    cronbach_alpha,
    disattenuated_correlation,
    icc,
    link_table,
    person_means,
    rwg,
    rwg_j,
    shrunken_means,
    unit_mean_table,
    unit_means,
)
from exresearch.measures.aggregation.attenuation import ABOVE_ONE, NO_CORRECTION
from exresearch.measures.aggregation.gate import REASONS
from exresearch.measures.aggregation.reml import reml_between, reml_components
from exresearch.measures.aggregation.tables import NOT_JUDGED, NOT_RANKED
from exresearch.measures.reliability.answers import ordered_groups
from exresearch.measures.scores.factor_scores import FACTOR_REASONS
from exresearch.study import Construct, Parameters, Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

REFERENCE = json.loads((Path(__file__).parent / "reference" / "aggregation.json").read_text(encoding="utf-8"))
SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "r_multilevel"
PARAMS = Path(__file__).parents[1] / "params"
# lme4's optimiser stops there; everything else from R agrees to rounding.
OPTIMISER, ROUNDING = 1e-6, 1e-9
# pingouin rounds its intervals to two digits.
TWO_DIGITS = 0.0051


def shared_table(name: str) -> pd.DataFrame:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared reference table {name} is not here")
    return pd.read_csv(path)


def planted(
    n_units: int = 30, *, between: float = 0.2, seed: int = 3, largest: int = 40, waves: int = 1
) -> pd.DataFrame:
    """Answers of people in units of 4 to ``largest``, with weights and each unit's truth."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(4, largest + 1, n_units)
    truth = np.sqrt(between) * rng.standard_normal(n_units)
    unit = np.repeat([f"u{number:03d}" for number in range(n_units)], sizes)
    person = pd.DataFrame({"unit": unit, "truth": np.repeat(truth, sizes)})
    person["person"] = [f"p{number:04d}" for number in range(len(person))]
    person["self"] = rng.standard_normal(len(person)) * np.sqrt((1 - between) / 2)
    frame = pd.concat([person.assign(wave=str(wave)) for wave in range(waves)], ignore_index=True)
    frame["y"] = frame["truth"] + frame["self"] + rng.standard_normal(len(frame)) * np.sqrt((1 - between) / 2)
    frame["w"] = rng.uniform(0.4, 2.5, len(frame))
    return frame


# ICC


@pytest.mark.parametrize("name", ["COHES", "LEAD", "HRS", "WBEING"])
def test_icc_is_multilevel_and_lme4(name: str) -> None:
    data, expected = shared_table("bh1996.csv"), REFERENCE["icc_bh1996"][name]
    found = icc(data[name], groups=data["GRP"])
    for ours, theirs in {
        "icc1": "ICC1",
        "icc2": "ICC2",
        "msb": "MSB",
        "msw": "MSW",
        "f": "F",
        "k": "k_mean",
    }.items():
        assert getattr(found, ours) == pytest.approx(expected[theirs], rel=ROUNDING)
    assert (found.df1, found.df2, found.n, found.n_groups) == (98, 7283, 7382, 99)
    assert (found.df1, found.df2) == (expected["df1"], expected["df2"])
    assert found.p_value == pytest.approx(expected["p"], rel=OPTIMISER)
    reml = expected["lmer_reml"]
    assert [found.tau00, found.sigma2, found.icc1_reml, found.icc2_reml] == pytest.approx(
        [reml["tau00"], reml["sigma2"], reml["ICC1"], reml["ICC2_mean_k"]], abs=OPTIMISER
    )
    mult = REFERENCE["mult_icc_bh1996"]
    place = mult["Variable"].index(name)
    assert found.icc1_reml == pytest.approx(mult["ICC1"][place], abs=OPTIMISER)
    assert found.icc2_reml == pytest.approx(mult["ICC2"][place], abs=OPTIMISER)
    assert found.icc1_low < found.icc1 < found.icc1_high
    assert found.remark == ""


def test_lme4_from_sizes_and_means_alone() -> None:
    moments, expected = REFERENCE["moments_bh1996_COHES"], REFERENCE["icc_bh1996"]["COHES"]
    sizes, means = np.array(moments["sizes"], dtype=float), np.array(moments["means"])
    centre = np.average(means, weights=sizes)
    assert sizes @ (means - centre) ** 2 / 98 == pytest.approx(expected["MSB"], rel=ROUNDING)
    found = reml_components(sizes, means, within_ss=expected["MSW"] * 7283, within_df=7283)
    assert found.between == pytest.approx(expected["lmer_reml"]["tau00"], abs=OPTIMISER)
    assert found.within == pytest.approx(expected["lmer_reml"]["sigma2"], abs=OPTIMISER)


def test_icc_against_f_oneway_and_mixedlm() -> None:
    frame = planted()
    found = icc(frame["y"], groups=frame["unit"])
    theirs = f_oneway(*(part["y"] for _, part in frame.groupby("unit")))
    assert (found.f, found.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-8)
    fit = sm.MixedLM(frame["y"], np.ones(len(frame)), groups=frame["unit"]).fit(reml=True)
    assert found.tau00 == pytest.approx(float(fit.cov_re.iloc[0, 0]), rel=1e-4)
    assert found.sigma2 == pytest.approx(float(fit.scale), rel=1e-4)


# pingouin 0.7 calls what pandas 3.1 is about to drop.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_equal_groups_give_the_exact_interval_of_pingouin() -> None:
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(12, 1)) + rng.normal(size=(12, 5))
    frame = pd.DataFrame(
        [(g, r, y) for g, row in enumerate(answers) for r, y in enumerate(row)], columns=["g", "r", "y"]
    )
    found = icc(frame["y"], groups=frame["g"], conf_level=0.95)
    theirs = pg.intraclass_corr(frame, targets="g", raters="r", ratings="y").set_index("Type")
    for row, values in {
        "ICC(1,1)": (found.icc1, found.icc1_low, found.icc1_high),
        "ICC(1,k)": (found.icc2, found.icc2_low, found.icc2_high),
    }.items():
        assert values[0] == pytest.approx(theirs.loc[row, "ICC"], rel=ROUNDING)
        assert values[1:] == pytest.approx(tuple(theirs.loc[row, "CI95"]), abs=TWO_DIGITS)
    # Shrout and Fleiss by hand, to all digits.
    ratio = found.f / f_distribution.ppf([0.975, 0.025], 11, 48)
    assert [found.icc1_low, found.icc1_high] == pytest.approx(list((ratio - 1) / (ratio + 4)), rel=ROUNDING)
    assert [found.icc2_low, found.icc2_high] == pytest.approx(list(1 - 1 / ratio), rel=ROUNDING)


@pytest.mark.parametrize("conf_level", [0.8, 0.95])
def test_limits_of_unequal_groups_are_where_the_f_test_of_whitened_answers_turns(conf_level: float) -> None:
    frame = planted(12, between=0.15, largest=12)
    found = icc(frame["y"], groups=frame["unit"], conf_level=conf_level)
    y, n = frame["y"].to_numpy(), len(frame)
    same = (frame["unit"].to_numpy()[:, None] == frame["unit"].to_numpy()).astype(float)
    for limit, level in ((found.icc1_low, 0.5 + conf_level / 2), (found.icc1_high, 0.5 - conf_level / 2)):
        inverse = np.linalg.inv(np.eye(n) + limit / (1 - limit) * same)
        ones = np.ones(n)
        rest = y - (ones @ inverse @ y) / (ones @ inverse @ ones)
        within = found.msw * found.df2
        f = (rest @ inverse @ rest - within) / found.df1 / found.msw
        assert f == pytest.approx(f_distribution.ppf(level, found.df1, found.df2), rel=1e-7)
        assert limit * found.k / (1 + limit * (found.k - 1)) == pytest.approx(
            found.icc2_low if limit == found.icc1_low else found.icc2_high, rel=ROUNDING
        )


def test_icc_below_zero_is_kept_and_said() -> None:
    found = icc(pd.Series([1.0, 5, 2, 4, 5, 1.5]), groups=pd.Series([1, 1, 2, 2, 3, 3]))
    assert found.icc1 == pytest.approx((found.msb - found.msw) / (found.msb + found.msw), rel=ROUNDING)
    assert found.icc1 < -0.9
    assert found.icc2 < -10
    assert (found.tau00, found.icc1_reml, found.icc2_reml) == (0, 0, 0)
    assert found.remark == "Groups differ less than chance alone would make them differ."


def test_groups_of_one_size_and_mean_have_limits_at_their_bound() -> None:
    found = icc(pd.Series([1.0, 3, 1, 3]), groups=pd.Series(list("aabb")))
    assert (found.f, found.icc1, found.icc2) == (0, -1, -np.inf)
    # No ratio is small enough: the lowest is -1/n, where the variance of a mean is 0.
    assert (found.icc1_low, found.icc2_low) == (pytest.approx(-1), -np.inf)
    assert found.icc1_low <= found.icc1_high < 1
    # Groups of other sizes have their bound at the largest, where the mean size has a reliability.
    other = icc(pd.Series([1.0, 3, 1, 3, 2]), groups=pd.Series(list("aabbb")))
    assert other.icc1_low == pytest.approx(-1 / 3 / (1 - 1 / 3))
    assert other.icc2_low == pytest.approx(-2.5 / 3 / (1 - 2.5 / 3))


def test_icc_does_not_depend_on_order_or_the_unit_of_weights_and_equal_weights_are_none() -> None:
    frame = planted()
    plain = icc(frame["y"], groups=frame["unit"])
    numbers = [name for name in plain.__slots__ if name != "remark"]

    def values(found: Any) -> list[float]:
        return [getattr(found, name) for name in numbers]

    shuffled = frame.sample(frac=1, random_state=1)
    equal = pd.Series(7.3, index=frame.index)
    for other in (
        icc(shuffled["y"], groups=shuffled["unit"]),
        icc(frame["y"], groups=frame["unit"], weights=equal),
        icc(
            pd.concat([frame["y"], pd.Series([np.nan, 1.0])]),
            groups=pd.concat([frame["unit"], pd.Series(["z", None])]),
        ),
    ):
        assert values(other) == pytest.approx(values(plain), rel=1e-8)
    weighted = icc(frame["y"], groups=frame["unit"], weights=frame["w"])
    again = icc(frame["y"], groups=frame["unit"], weights=1000 * frame["w"])
    assert values(again) == pytest.approx(values(weighted), rel=1e-8)
    assert weighted.icc1 != plain.icc1


def test_weighted_icc_by_hand() -> None:
    frame = planted(8)
    found = icc(frame["y"], groups=frame["unit"], weights=frame["w"])
    rows = []
    for _, part in frame.groupby("unit"):
        w, y = part["w"], part["y"]
        mean = np.average(y, weights=w)
        rows.append(
            (w.sum() ** 2 / (w**2).sum(), mean, (w * (y - mean) ** 2).sum(), w.sum() - (w**2).sum() / w.sum())
        )
    size, mean, squares, dof = (np.array(column) for column in zip(*rows, strict=True))
    msw = squares.sum() / dof.sum()
    msb = size @ (mean - np.average(mean, weights=size)) ** 2 / 7
    assert (found.msw, found.msb, found.k) == pytest.approx((msw, msb, size.mean()), rel=ROUNDING)
    assert found.df2 == pytest.approx(size.sum() - 8, rel=ROUNDING)
    assert found.n == len(frame)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": pd.Series([1, 1, 2])}, "groups must be as many as the values (4); got 3."),
        ({"weights": pd.Series([1.0])}, "weights must be as many as the values (4); got 1."),
        (
            {"weights": pd.Series([1.0, 0.0, np.nan, 1.0])},
            "icc takes weights above 0; 2 are missing, infinite, zero or negative.",
        ),
        ({"conf_level": 95}, "conf_level must be between 0 and 1; got 95."),
        ({"groups": pd.Series([1, 1, 1, 1])}, "icc needs at least two groups with answers; got 1."),
        ({"groups": pd.Series([1, 2, 3, 4])}, "icc needs a group with two answers; every group has one."),
        (
            {"groups": pd.Series([1, 2, 3, 3])},
            "icc needs answers that differ within a group; in every group they are all the same.",
        ),
    ],
)
def test_icc_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        icc(pd.Series([1.0, 2, 3, 3]), **({"groups": pd.Series([1, 1, 2, 2])} | change))
    assert str(error.value) == message


# rwg


def test_rwg_is_multilevel_group_by_group() -> None:
    data, expected = shared_table("bh1996.csv"), REFERENCE["rwg_bh1996_COHES"]
    found = rwg(data["COHES"], groups=data["GRP"], n_points=5)
    assert found["group"].astype(str).tolist() == expected["grpid"]
    assert found["n"].tolist() == expected["gsize"]
    assert found["rwg"].tolist() == pytest.approx(expected["rwg"], rel=ROUNDING)
    assert found["rwg"].median() == pytest.approx(expected["median"], rel=ROUNDING)


def test_rwg_j_is_multilevel_group_by_group() -> None:
    data, expected = shared_table("lq2002.csv"), REFERENCE["rwgj_lq2002_LEAD"]
    found = rwg_j(data[expected["items"]], groups=data["COMPID"], n_points=5)
    assert found["group"].astype(str).tolist() == expected["grpid"]
    assert found["n"].tolist() == expected["gsize"]
    assert found["rwg"].tolist() == pytest.approx(expected["rwg"], rel=ROUNDING)
    assert found["rwg"].mean() == pytest.approx(expected["mean"], rel=ROUNDING)


def test_rwg_j_of_two_companies_is_multilevel() -> None:
    rows, expected = REFERENCE["rows_lq2002"], REFERENCE["rwgj_lq2002_LEAD"]
    found = rwg_j(pd.DataFrame(rows["answers"]), groups=pd.Series(rows["COMPID"]), n_points=5)
    places = [expected["grpid"].index(name) for name in ("10", "14")]
    assert found["group"].tolist() == [10, 14]
    assert found["rwg"].tolist() == pytest.approx([expected["rwg"][place] for place in places], rel=ROUNDING)
    assert found["n"].tolist() == [expected["gsize"][place] for place in places]


def test_rwg_of_few_answers_disagreement_and_missing_ones() -> None:
    values = pd.Series([1.0, 5, 4, 4, 3, np.nan, 2, 3])
    groups = pd.Series(["b", "b", "a", "a", "c", "a", None, "d"])
    found = rwg(values, groups=groups, n_points=5)
    assert found["group"].tolist() == ["a", "b", "c", "d"]
    assert found["n"].tolist() == [2, 2, 1, 1]
    assert found["rwg"].tolist()[:2] == [1, 0]
    assert found["rwg"].isna().tolist() == [False, False, True, True]
    with_gap = pd.DataFrame({"x": [1.0, 2, 3], "y": [1.0, 2, np.nan]})
    assert rwg_j(with_gap, groups=pd.Series(["a", "a", "a"]), n_points=5)["n"].tolist() == [2]


def test_the_skewed_null_is_the_variance_of_its_published_shares() -> None:
    shares, points = np.array([0.05, 0.15, 0.20, 0.35, 0.25]), np.arange(1, 6)
    null = shares @ points**2 - (shares @ points) ** 2
    values, groups = pd.Series([3.0, 4, 4, 5, 4]), pd.Series(["a"] * 5)
    found = rwg(values, groups=groups, n_points=5, null="slightly_skewed")
    assert found["rwg"].item() == pytest.approx(1 - values.var() / null, rel=ROUNDING)
    assert found["rwg"].item() < rwg(values, groups=groups, n_points=5)["rwg"].item()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_points": 1}, "n_points must be 2 or more; got 1."),
        ({"null": "flat"}, "null must be one of uniform, slightly_skewed; got 'flat'."),
        (
            {"n_points": 6, "null": "slightly_skewed"},
            "the slightly skewed null is published for 5 and 7 points; got 6. Use null='uniform'.",
        ),
        ({"groups": pd.Series([1])}, "groups must be as many as the answers (2); got 1."),
    ],
)
def test_rwg_refuses(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        rwg(pd.Series([1.0, 2]), **({"groups": pd.Series([1, 1]), "n_points": 5} | change))
    assert str(error.value) == message


def test_rwg_j_needs_an_item() -> None:
    with pytest.raises(ValueError) as error:
        rwg_j(pd.DataFrame(index=[0, 1]), groups=pd.Series([1, 1]), n_points=5)
    assert str(error.value) == "items must have at least one column; it has none."


# Unit means


@pytest.mark.parametrize("weighted", [False, True])
def test_unit_means_are_robust_regressions_on_a_constant(weighted: bool) -> None:
    frame = planted(10)
    weights = frame["w"] if weighted else None
    found = unit_means(frame["y"], unit=frame["unit"], weights=weights, conf_level=0.9)
    assert found["unit"].tolist() == sorted(frame["unit"].unique())
    assert (found["wave"] == "all").all()
    pooled = 0
    for row, (_, part) in zip(found.itertuples(), frame.groupby("unit"), strict=True):
        w = part["w"] if weighted else pd.Series(1.0, index=part.index)
        fit = sm.WLS(part["y"], np.ones(len(part)), weights=w).fit(cov_type="HC1")
        assert (row.n, row.size, row.mean) == (
            len(part),
            pytest.approx(w.sum()),
            pytest.approx(fit.params.iloc[0]),
        )
        if len(part) < 5:
            pooled += 1
            continue
        assert row.std_error == pytest.approx(fit.bse.iloc[0], rel=1e-8)
        half = t.ppf(0.95, w.sum() ** 2 / (w**2).sum() - 1) * row.std_error
        assert (row.conf_low, row.conf_high) == pytest.approx((row.mean - half, row.mean + half), rel=1e-8)
        if not weighted:
            assert row.sd == pytest.approx(part["y"].std(), rel=1e-8)
    assert pooled < len(found)


def test_units_of_few_people_and_of_one_opinion_borrow_the_pooled_variance() -> None:
    sizes = {"big": 12, "few": 4, "same": 6, "one": 1}
    rng = np.random.default_rng(2)
    unit = pd.Series(np.repeat(list(sizes), list(sizes.values())))
    values = pd.Series(rng.normal(size=23)).where(unit != "same", 5.0)
    found = unit_means(values, unit=unit).set_index("unit")
    inside = [values[unit == name] for name in ("big", "few", "same")]
    pooled = sum(((part - part.mean()) ** 2).sum() for part in inside) / (11 + 3 + 5)
    assert found.loc["big", "std_error"] == pytest.approx(inside[0].std() / np.sqrt(12), rel=ROUNDING)
    for name in ("few", "same", "one"):
        assert found.loc[name, "std_error"] == pytest.approx(np.sqrt(pooled / sizes[name]), rel=ROUNDING)
        half = found.loc[name, "conf_high"] - found.loc[name, "mean"]
        assert half == pytest.approx(t.ppf(0.975, 19) * found.loc[name, "std_error"], rel=ROUNDING)
    assert (found.loc["same", "sd"], np.isnan(found.loc["one", "sd"])) == (0, True)
    everywhere = unit_means(values, unit=unit, own_variance_from=np.inf).set_index("unit")
    assert everywhere.loc["big", "std_error"] == pytest.approx(np.sqrt(pooled / 12), rel=ROUNDING)


def test_answers_of_one_person_are_one_cluster() -> None:
    frame = planted(6, waves=3)
    found = unit_means(frame["y"], unit=frame["unit"], weights=frame["w"], person=frame["person"])
    apart = unit_means(frame["y"], unit=frame["unit"], weights=frame["w"])
    pd.testing.assert_frame_equal(
        found[["unit", "n", "size", "mean", "sd"]], apart[["unit", "n", "size", "mean", "sd"]]
    )
    for row, (_, part) in zip(found.itertuples(), frame.groupby("unit"), strict=True):
        codes = pd.factorize(part["person"])[0]
        fit = sm.WLS(part["y"], np.ones(len(part)), weights=part["w"]).fit(
            cov_type="cluster", cov_kwds={"groups": codes}
        )
        if codes.max() + 1 >= 5:
            assert row.std_error == pytest.approx(fit.bse.iloc[0], rel=1e-8)
    # A person's waves resemble each other: taken for as many people the intervals would be too short.
    assert (found["std_error"] > apart["std_error"]).mean() > 0.8


def test_waves_missing_answers_and_the_order_of_rows() -> None:
    frame = planted(5, waves=2)
    frame.loc[::9, "y"] = np.nan
    frame.loc[::11, "unit"] = None
    options = {"unit": frame["unit"], "wave": frame["wave"], "weights": frame["w"]}
    found = unit_means(frame["y"], **options)
    kept = frame.dropna(subset=["y", "unit"])
    assert found[["unit", "wave"]].to_numpy().tolist() == sorted(
        kept[["unit", "wave"]].drop_duplicates().to_numpy().tolist()
    )
    assert found["n"].sum() == len(kept)
    mixed = frame.sample(frac=1, random_state=4)
    again = unit_means(mixed["y"], unit=mixed["unit"], wave=mixed["wave"], weights=50 * mixed["w"])
    columns = ["n", "mean", "sd", "std_error", "conf_low", "conf_high"]
    np.testing.assert_allclose(again[columns], found[columns], rtol=1e-9)
    np.testing.assert_allclose(again["size"], 50 * found["size"], rtol=1e-12)


def test_alone_in_every_unit_there_is_no_interval() -> None:
    found = unit_means(pd.Series([1.0, 2]), unit=pd.Series(["a", "b"]))
    assert found["mean"].tolist() == [1, 2]
    assert found[["sd", "std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    assert unit_means(pd.Series([np.nan]), unit=pd.Series(["a"])).empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": pd.Series(["a"])}, "unit must be as many as the values (2); got 1."),
        ({"person": pd.Series(["a"])}, "person must be as many as the values (2); got 1."),
        ({"conf_level": 1.0}, "conf_level must be between 0 and 1; got 1.0."),
        (
            {"weights": pd.Series([0.0, 1])},
            "unit_means takes weights above 0; 1 are missing, infinite, zero or negative.",
        ),
        (
            {"weights": pd.Series([np.inf, 1])},
            "unit_means takes weights above 0; 1 are missing, infinite, zero or negative.",
        ),
        (
            {"values": pd.Series([np.inf, -np.inf])},
            "unit_means takes finite values; 2 are infinite. Declare such codes missing.",
        ),
    ],
)
def test_unit_means_refuses(change: dict[str, Any], message: str) -> None:
    options = {"values": pd.Series([1.0, 2]), "unit": pd.Series(["a", "a"])} | change
    with pytest.raises(ValueError) as error:
        unit_means(options.pop("values"), **options)
    assert str(error.value) == message


@pytest.mark.parametrize("weight", [np.nan, pd.NA, np.inf, 0.0, -1.0])
def test_person_means_refuses_weights_that_are_none(weight: Any) -> None:
    weights = pd.Series([1.0, weight, 1.0, weight], dtype="Float64")
    options = {"unit": pd.Series(list("aabb")), "weights": weights}
    with pytest.raises(ValueError) as error:
        person_means(pd.Series([1.0, 2, 3, np.nan]), **options)
    # Of a row without an answer the weight does not matter.
    assert (
        str(error.value) == "person_means takes weights above 0; 1 are missing, infinite, zero or negative."
    )
    fine = person_means(pd.Series([1.0, np.nan, 3, np.nan]), **options)
    assert fine["weight"].tolist() == [1.0, 1.0]


def test_a_person_who_answers_twice_is_one_person_for_the_icc() -> None:
    frame = planted()
    once = icc(frame["y"], groups=frame["unit"])
    twice = pd.concat([frame, frame], ignore_index=True)
    people = person_means(twice["y"], unit=twice["unit"], person=twice["person"])
    assert (people["weight"] == 2).all()
    found = icc(people["value"], groups=people["unit"], weights=people["weight"])
    assert (found.icc1, found.icc2, found.df2, found.n) == pytest.approx(
        (once.icc1, once.icc2, once.df2, once.n)
    )
    assert icc(twice["y"], groups=twice["unit"]).icc2 > found.icc2 + 0.05
    # Without names every sheet is a person.
    assert len(person_means(twice["y"], unit=twice["unit"])) == len(twice)
    nameless = twice["person"].where(twice.index != 0)
    assert len(person_means(twice["y"], unit=twice["unit"], person=nameless)) == len(frame) + 1


# Shrinkage


def test_shrunken_means_are_the_predictions_of_mixedlm() -> None:
    frame = planted(25)
    parts = icc(frame["y"], groups=frame["unit"])
    means = unit_means(frame["y"], unit=frame["unit"])
    means["std_error"] = np.sqrt(parts.sigma2 / means["n"])
    found = shrunken_means(means, seed=1)
    # With the variance within units of the joint likelihood, that between them is its other half.
    assert reml_between(means["mean"].to_numpy(), means["std_error"].to_numpy() ** 2) == pytest.approx(
        parts.tau00, rel=1e-6
    )
    fit = sm.MixedLM(frame["y"], np.ones(len(frame)), groups=frame["unit"]).fit(reml=True)
    blup = [float(fit.fe_params.iloc[0] + fit.random_effects[name].iloc[0]) for name in found["unit"]]
    assert found["shrunken"].tolist() == pytest.approx(blup, abs=1e-4)


def test_shrunken_means_of_equal_errors_by_hand() -> None:
    rng = np.random.default_rng(5)
    y, error = rng.normal(size=8), 0.6
    means = pd.DataFrame({"unit": list("abcdefgh"), "n": 9, "mean": y, "std_error": error})
    found = shrunken_means(means, conf_level=0.9, seed=2)
    between = max(y.var(ddof=1) - error**2, 0)
    assert between > 0
    reliability = between / (between + error**2)
    shrunken = y.mean() + reliability * (y - y.mean())
    assert found["reliability"].tolist() == pytest.approx([reliability] * 8, rel=1e-6)
    assert found["shrunken"].tolist() == pytest.approx(list(shrunken), rel=1e-6)
    b = 5 / 7 * (1 - reliability)
    variance = error**2 * (1 - 7 / 8 * b) + 2 / 5 * b**2 * (y - y.mean()) ** 2
    half = norm.ppf(0.95) * np.sqrt(variance)
    assert (found["shrunken_high"] - found["shrunken"]).tolist() == pytest.approx(list(half), rel=1e-6)
    assert (found["shrunken"] - found["shrunken_low"]).tolist() == pytest.approx(list(half), rel=1e-6)
    assert found["rank"].tolist() == pd.Series(-y).rank().tolist()
    assert ((found["rank_low"] <= found["rank"]) & (found["rank"] <= found["rank_high"])).all()
    assert found["rank_low"].min() == 1
    assert found["rank_high"].max() == 8


def test_intervals_of_unequal_errors_are_those_of_morris() -> None:
    y, error = np.array([1.0, 2, 3, 5, 7, 9]), np.array([0.3, 1.5, 0.5, 1.0, 0.7, 2.0])
    means = pd.DataFrame({"unit": list("abcdef"), "n": 4, "mean": y, "std_error": error})
    found = shrunken_means(means, seed=1)
    v, between = error**2, reml_between(y, error**2)
    w = 1 / (v + between)
    centre = (w * y).sum() / w.sum()
    part = 3 / 5 * v / (v + between)
    ratio = (v.mean() + between) / (v + between)
    assert np.ptp(ratio) > 0.3
    variance = v * (1 - 5 / 6 * part) + 2 / 3 * part**2 * ratio * (y - centre) ** 2
    half = (found["shrunken_high"] - found["shrunken_low"]) / 2
    assert half.to_numpy() == pytest.approx(norm.ppf(0.975) * np.sqrt(variance), rel=1e-9)


def test_units_that_do_not_differ_share_one_value_and_one_rank() -> None:
    means = pd.DataFrame(
        {"unit": list("abcde"), "n": 9, "mean": [1.0, 1.1, 0.9, 1.05, 0.95], "std_error": 1.0}
    )
    found = shrunken_means(means, seed=1)
    assert found["reliability"].tolist() == [0] * 5
    assert found["shrunken"].tolist() == pytest.approx([1] * 5)
    assert found["rank"].tolist() == [3] * 5


def test_shrunken_means_err_less_and_cover() -> None:
    covered, ranked, plain, shrunken = [], [], 0.0, 0.0
    for seed in range(30):
        frame = planted(40, between=0.08, seed=100 + seed)
        truth = frame.groupby("unit")["truth"].first()
        means = unit_means(frame["y"], unit=frame["unit"], own_variance_from=np.inf)
        found = shrunken_means(means, seed=seed, n_draws=200).set_index("unit")
        covered.append(((found["shrunken_low"] <= truth) & (truth <= found["shrunken_high"])).mean())
        ranks = (-truth).rank()
        ranked.append(((found["rank_low"] <= ranks) & (ranks <= found["rank_high"])).mean())
        plain += ((found["mean"] - truth) ** 2).sum()
        shrunken += ((found["shrunken"] - truth) ** 2).sum()
    assert shrunken < 0.75 * plain
    assert 0.93 < np.mean(covered) < 0.97
    assert 0.93 < np.mean(ranked) < 0.99


def test_shrunken_means_repeat_and_do_not_depend_on_the_order_of_units() -> None:
    frame = planted(12)
    means = unit_means(frame["y"], unit=frame["unit"])
    found = shrunken_means(means, seed=9)
    pd.testing.assert_frame_equal(shrunken_means(means.sample(frac=1, random_state=2), seed=9), found)
    other = shrunken_means(means, seed=10)
    assert not other[["rank_low", "rank_high"]].equals(found[["rank_low", "rank_high"]])
    pd.testing.assert_frame_equal(
        other.drop(columns=["rank_low", "rank_high"]), found.drop(columns=["rank_low", "rank_high"])
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"columns": ["unit", "sd"]},
            "means must have the columns unit, n, mean, std_error; missing: n, mean, std_error.",
        ),
        ({"rows": 4}, "means must have at least 5 units; got 4."),
        ({"unit": "a"}, "means must have one row per unit; some units stand twice."),
        ({"std_error": 0.0}, "means must have a value and a standard error above 0 for every unit."),
        ({"mean": np.nan}, "means must have a value and a standard error above 0 for every unit."),
    ],
)
def test_shrunken_means_refuses(change: dict[str, Any], message: str) -> None:
    means = pd.DataFrame({"unit": list("abcde"), "n": 9, "mean": [1.0, 2, 3, 4, 5], "std_error": 1.0})
    means = means.reindex(columns=change.pop("columns", list(means))).head(change.pop("rows", 5))
    with pytest.raises(ValueError) as error:
        shrunken_means(means.assign(**change), seed=1)
    assert str(error.value) == message


# Gate


def test_the_gate_and_its_declared_limits_are_the_parameters() -> None:
    declared = Parameters.model_validate({})
    assert (declared.least_icc2, declared.least_rwg) == (LEAST_ICC2, LEAST_RWG) == (0.60, 0.70)
    agreement = pd.Series([0.9, 0.72, 0.4, np.nan])
    passed = aggregation_gate(0.60, agreement)
    assert (passed.passes, passed.fails, passed.reason) == (True, (), "")
    assert (passed.rwg_median, passed.rwg_share) == (0.72, pytest.approx(2 / 3))
    for icc2, least, fails in ((0.59, 0.7, ("icc2",)), (0.8, 0.8, ("rwg",)), (-0.2, 0.8, ("icc2", "rwg"))):
        gate = aggregation_gate(icc2, agreement, least_rwg=least)
        assert (gate.passes, gate.fails, gate.reason) == (False, fails, REASONS[fails])
    alone = aggregation_gate(0.9)
    assert (alone.passes, np.isnan(alone.rwg_median), np.isnan(alone.rwg_share)) == (True, True, True)
    with pytest.raises(ValueError) as error:
        aggregation_gate(float("nan"))
    assert str(error.value) == "aggregation_gate needs an ICC(2); it is missing."


# Attenuation


def test_disattenuated_correlation_and_what_lies_beyond_one() -> None:
    assert disattenuated_correlation(-0.3, reliability_x=0.5, reliability_y=0.72).estimate == pytest.approx(
        -0.5
    )
    beyond = disattenuated_correlation(0.8, reliability_x=0.7, reliability_y=0.8)
    assert beyond.estimate == pytest.approx(0.8 / np.sqrt(0.56))
    assert beyond.estimate > 1
    assert beyond.remark == ABOVE_ONE
    assert disattenuated_correlation(0.4, reliability_x=1, reliability_y=1).remark == ""
    for change, message in (
        ({"r": 1.2}, "r must be from -1 to 1; got 1.2."),
        ({"reliability_x": 0.0}, "reliability_x must be above 0 and at most 1; got 0.0."),
        ({"reliability_y": 1.1}, "reliability_y must be above 0 and at most 1; got 1.1."),
    ):
        options = {"r": 0.3, "reliability_x": 0.7, "reliability_y": 0.7} | change
        with pytest.raises(ValueError) as error:
            disattenuated_correlation(options.pop("r"), **options)
        assert str(error.value) == message


@pytest.fixture(scope="module")
def scales() -> tuple[pd.DataFrame, dict[str, pd.DataFrame], pd.DataFrame]:
    """Scores of three constructs in 25 units, their items, and weights with units; some answers missing."""
    rng = np.random.default_rng(8)
    unit = np.repeat(np.arange(25), 24)
    common = rng.standard_normal(25)[unit] * 0.3
    true = common[:, None] + rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 600)
    items = {
        name: pd.DataFrame(true[:, [place]] + rng.standard_normal((600, 4)) * 0.9, columns=list("abcd"))
        for place, name in enumerate(("x", "y"))
    }
    items["x"].iloc[::13, 2] = np.nan
    scores = pd.DataFrame({name: frame.mean(axis=1) for name, frame in items.items()})
    scores["z"] = rng.integers(1, 6, 600).astype("float64")
    scores.loc[::17, "z"] = np.nan
    return scores, items, pd.DataFrame({"unit": unit, "w": rng.uniform(0.3, 3, 600)})


def test_correlations_are_those_of_numpy_and_alpha_that_of_pingouin(scales: Any) -> None:
    scores, items, more = scales
    found = construct_correlations(
        scores, items=items, weights=more["w"], groups=more["unit"], n_boot=200, seed=1
    )
    assert found[["x", "y"]].to_numpy().tolist() == [["x", "y"], ["x", "z"], ["y", "z"]]
    for row in found.itertuples():
        pair = scores[[row.x, row.y]].dropna()
        expected = np.cov(pair.T, aweights=more.loc[pair.index, "w"])
        assert row.n == len(pair)
        assert row.r == pytest.approx(expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1]), rel=1e-8)
        assert row.conf_low < row.r < row.conf_high
    plain = construct_correlations(scores, items=items, groups=more["unit"], n_boot=200, seed=1).iloc[0]
    alphas = [pg.cronbach_alpha(items[name].dropna())[0] for name in ("x", "y")]
    assert plain["disattenuated"] == pytest.approx(plain["r"] / np.sqrt(alphas[0] * alphas[1]), rel=1e-8)
    assert plain["dis_low"] < plain["disattenuated"] < plain["dis_high"]
    assert plain["dis_low"] < 0.6 < plain["dis_high"]
    assert found["reason"].tolist() == ["", NO_CORRECTION["single_item"], NO_CORRECTION["single_item"]]
    assert found.loc[1:, ["disattenuated", "dis_low", "dis_high"]].isna().all(axis=None)


def test_a_known_reliability_stays_as_it_is_and_one_of_1_corrects_nothing(scales: Any) -> None:
    scores, items, more = scales
    options = {"groups": more["unit"], "n_boot": 200, "seed": 1}
    found = construct_correlations(
        scores, items=items, reliability={"x": 1.0, "y": 1.0, "z": 0.64}, **options
    )
    assert found.loc[0, "disattenuated"] == pytest.approx(found.loc[0, "r"])
    assert found.loc[1, "disattenuated"] == pytest.approx(found.loc[1, "r"] / 0.8)
    assert found["reason"].tolist() == ["", "", ""]
    free = construct_correlations(scores, items=items, **options)
    assert (
        free.loc[0, "dis_high"] - free.loc[0, "dis_low"] > found.loc[0, "dis_high"] - found.loc[0, "dis_low"]
    )


def test_the_replicates_are_those_of_resampled_rows(scales: Any) -> None:
    scores, items, more = scales
    found = construct_correlations(scores, items=items, groups=more["unit"], n_boot=40, seed=6).iloc[0]
    drawn = np.random.default_rng(6).multinomial(25, np.full(25, 1 / 25), size=40)
    content = np.column_stack([scores, np.ones(600), items["x"], items["y"]])
    numbers, _ = ordered_groups(content, more["unit"])
    assert len(set(zip(numbers, more["unit"], strict=True))) == 25
    r, corrected = [], []
    for counts in drawn:
        rows = np.repeat(np.arange(600), counts[numbers])
        r.append(scores[["x", "y"]].iloc[rows].corr().iloc[0, 1])
        alphas = [pg.cronbach_alpha(items[name].iloc[rows].dropna())[0] for name in ("x", "y")]
        corrected.append(r[-1] / np.sqrt(alphas[0] * alphas[1]))
    half = t.ppf(0.975, 24) * np.std(np.arctanh(r), ddof=1)
    centre = np.arctanh(found["r"])
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(
        (np.tanh(centre - half), np.tanh(centre + half))
    )
    half = t.ppf(0.975, 24) * np.std(corrected, ddof=1)
    assert (found["dis_low"], found["dis_high"]) == pytest.approx(
        (found["disattenuated"] - half, found["disattenuated"] + half)
    )


def test_many_groups_are_put_together_without_changing_the_interval_much() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal(3000)
    scores = pd.DataFrame({"x": x, "y": 0.5 * x + rng.standard_normal(3000)})
    row = construct_correlations(scores, items={}, n_boot=1500, seed=1).iloc[0]
    half = (np.arctanh(row["conf_high"]) - np.arctanh(row["conf_low"])) / 2
    assert half == pytest.approx(1.96 / np.sqrt(3000), rel=0.1)


def test_correlations_beyond_one_below_zero_and_without_spread() -> None:
    rng = np.random.default_rng(12)
    true = rng.standard_normal(400)
    noisy = pd.DataFrame({"a": true + rng.standard_normal(400), "b": true + rng.standard_normal(400)})
    # The same errors in both scores: they go together better than their reliabilities allow.
    twin = noisy + 0.3 * rng.standard_normal((400, 2))
    apart = pd.DataFrame({"a": true + rng.standard_normal(400), "b": rng.standard_normal(400) - true})
    items = {"noisy": noisy, "twin": twin, "apart": apart}
    scores = pd.DataFrame({name: frame.mean(axis=1) for name, frame in items.items()}).assign(flat=3.0)
    found = construct_correlations(scores, items=items, n_boot=200, seed=1).set_index(["x", "y"])
    assert found.loc[("noisy", "twin"), "disattenuated"] > 1
    assert found.loc[("noisy", "twin"), "reason"] == ABOVE_ONE
    assert found.loc[("noisy", "apart"), "reason"] == NO_CORRECTION["unreliable"]
    assert np.isnan(found.loc[("noisy", "apart"), "disattenuated"])
    flat = found.loc[("noisy", "flat")]
    assert (flat["reason"], flat["n"]) == (NO_CORRECTION["no_spread"], 400)
    assert flat[["r", "conf_low", "conf_high", "disattenuated"]].isna().all()
    nobody = construct_correlations(scores.head(0), items={}, n_boot=200, seed=1)
    assert set(nobody["reason"]) == {NO_CORRECTION["no_spread"]}


def test_construct_correlations_refuses(scales: Any) -> None:
    scores, items, more = scales
    for change, message in (
        ({"reliability": {"x": 0.0}}, "reliability of 'x' must be above 0 and at most 1; got 0.0."),
        ({"groups": more["unit"].head(3)}, "groups must be as many as the scores (600); got 3."),
        ({"items": {"x": items["x"].head(3)}}, "items['x'] must be as many as the scores (600); got 3."),
        ({"conf_level": 0}, "conf_level must be between 0 and 1; got 0."),
        (
            {"weights": more["w"] - 10},
            "weights must be above 0; 600 are missing, infinite, zero or negative.",
        ),
    ):
        with pytest.raises(ValueError) as error:
            construct_correlations(scores, **({"items": items, "seed": 1} | change))
        assert str(error.value) == message


# A study


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A demo company of 15 units and two waves."""
    folder = tmp_path_factory.mktemp("demo") / "tables"
    files = generate_demo(folder, seed=11, settings=DemoSettings(n_units=15, n_waves=2))
    return load_study(
        PARAMS / "demo.yaml",
        overrides={"tables": {name: str(file) for name, file in files.items()}, "synthetic": None},
    )


def test_aggregation_table_of_the_demo_by_hand(demo: Study) -> None:
    found = aggregation_table(demo)
    assert found["table"].unique().tolist() == ["employees", "customers", "partners"]
    assert set(found.loc[found["table"] == "customers", "construct"]) == {"cx", "nps"}
    assert {"engagement", "enps", "recognition", "need_growth"} <= set(found["construct"])
    row = found.set_index("construct").loc["engagement"]
    sheets = demo.table("employees")
    score = construct_score(sheets, codebook=demo.codebook, table="employees", construct="engagement")
    sheets = sheets.assign(score=score * sheets["weight"])[score.notna()]
    people = sheets.groupby(["unit", "person"])[["score", "weight"]].sum().reset_index()
    expected = icc(people["score"] / people["weight"], groups=people["unit"], weights=people["weight"])
    names = [
        "k",
        "icc1",
        "icc1_low",
        "icc1_high",
        "icc2",
        "icc2_low",
        "icc2_high",
        "f",
        "df1",
        "df2",
        "p_value",
    ]
    assert row[names].tolist() == pytest.approx([getattr(expected, name) for name in names], rel=1e-8)
    assert (row["n"], row["n_units"], row["n_units_left_out"], row["n_items"]) == (len(sheets), 15, 0, 3)
    agreement = rwg_j(
        demo.table("employees")[["eng_1", "eng_2", "eng_3"]],
        groups=demo.table("employees")["unit"],
        n_points=7,
    )
    assert row["rwg_median"] == pytest.approx(agreement["rwg"].median())
    assert row["rwg_share"] == pytest.approx((agreement["rwg"] >= 0.7).mean())
    assert bool(row["passes"]) is True
    assert row["label"]["en"] == "Engagement"
    enps = found.set_index("construct").loc["enps"]
    single = rwg(demo.table("employees")["enps"], groups=demo.table("employees")["unit"], n_points=11)
    assert enps["rwg_median"] == pytest.approx(single["rwg"].median())
    assert (enps["passes"], enps["reason"]) == (single["rwg"].median() >= 0.7, REASONS[("rwg",)])
    # Declared limits decide, and the numbers stay.
    strict = aggregation_table(
        demo, table="employees", construct="engagement", least_icc2=0.999, least_rwg=0.999
    )
    assert (strict["passes"].item(), strict["reason"].item()) == (False, REASONS[("icc2", "rwg")])
    assert strict["icc2"].item() == row["icc2"]


def test_aggregation_table_is_the_same_in_any_order_of_rows_and_unit_of_weights(demo: Study) -> None:
    tables = {
        name: frame.sample(frac=1, random_state=1).assign(
            weight=frame["weight"] * 9 if "weight" in frame else 1.0
        )
        for name, frame in demo.tables.items()
    }
    before, after = aggregation_table(demo), aggregation_table(replace(demo, tables=tables))
    pd.testing.assert_frame_equal(after.drop(columns="label"), before.drop(columns="label"), rtol=1e-8)


def test_small_units_fall_out_and_are_counted(client: Any) -> None:
    employees = client.tables["employees"]
    client.tables["employees"] = employees[(employees["team"] != "Unit C") | (employees.index % 10 < 3)]
    study = client.load()
    row = aggregation_table(study, table="employees", construct="engagement").iloc[0]
    assert (row["n"], row["n_units"], row["n_units_left_out"]) == (50, 5, 1)
    assert row["df1"] == 4
    kept = study.table("employees")
    kept = kept[kept["unit"] != "Unit C"]
    score = kept[["eng_1", "eng_2", "eng_3"]].mean(axis=1)
    assert row["icc2"] == pytest.approx(icc(score, groups=kept["unit"]).icc2)
    means = unit_mean_table(study, table="employees", construct="engagement", seed=1)
    assert means["unit"].tolist() == [f"Unit {letter}" for letter in "ABCDEF"]
    few = means[means["unit"] == "Unit C"].iloc[0]
    assert (few["n"], few["reason"]) == (3, NOT_RANKED["few_people"])
    assert few.drop(["unit", "n", "respondents", "reason"]).isna().all()
    assert (means.loc[means["unit"] != "Unit C", "reason"] == "").all()
    assert means["rank"].dropna().sum() == 15
    link = link_table(study, ex_measure="engagement", cx_measure="cx")
    assert (link.n_excluded, link.n_ex_out, link.n_cx_out) == (1, 1, 0)


def test_what_cannot_be_judged_has_a_reason(client: Any) -> None:
    employees = client.tables["employees"]
    employees["needs"] = employees["team"].map(
        {f"Unit {letter}": 1 + place for place, letter in enumerate("ABCDEF")}
    )
    study = client.load()
    found = aggregation_table(study).set_index("construct")
    assert found.loc["needs", "reason"] == NOT_JUDGED["no_spread"]
    many = aggregation_table(study, table="employees", construct="engagement", min_unit_n=11).iloc[0]
    assert (many["reason"], many["n"], many["n_units"], many["n_units_left_out"]) == (
        NOT_JUDGED["few_units"],
        0,
        0,
        6,
    )
    assert pd.isna(many["passes"])
    absent = aggregation_table(study, table="partners", construct="bx").iloc[0]
    assert (absent["reason"], absent["n_items"]) == (NOT_JUDGED["not_measured"], 0)
    blind = replace(study, tables={"employees": study.table("employees").drop(columns="unit")})
    assert aggregation_table(blind, construct="engagement", table="employees")["reason"].tolist() == [
        NOT_JUDGED["no_unit"]
    ]
    one = replace(
        study, tables={"employees": study.table("employees").assign(person=study.table("employees")["unit"])}
    )
    alone = aggregation_table(one, table="employees", construct="enps", min_unit_n=1)
    assert alone["reason"].tolist() == [NOT_JUDGED["one_each"]]
    same = replace(study, tables={"employees": study.table("employees").assign(enps=7.0)})
    assert aggregation_table(same, table="employees", construct="enps")["reason"].tolist() == [
        NOT_JUDGED["no_spread"]
    ]
    flat = unit_mean_table(same, table="employees", construct="enps", seed=1)
    assert set(flat["reason"]) == {NOT_RANKED["no_spread"]}
    assert flat["mean"].tolist() == [7.0] * 6
    for table, construct, reason in (("partners", "bx", "not_measured"), ("employees", "bx", "not_measured")):
        nothing = unit_mean_table(study, table=table, construct=construct, seed=1)
        assert nothing[["unit", "n", "reason"]].to_numpy().tolist() == [["", 0, NOT_JUDGED[reason]]]
    four = replace(study, tables={"employees": study.table("employees").query("unit < 'Unit E'")})
    few = unit_mean_table(four, table="employees", construct="engagement", seed=1)
    assert set(few["reason"]) == {NOT_RANKED["few_units"]}
    assert few["conf_low"].notna().all()
    assert few["shrunken"].isna().all()


def test_unit_mean_table_of_the_demo(demo: Study) -> None:
    found = unit_mean_table(demo, table="employees", construct="engagement", conf_level=0.9, seed=4)
    sheets = demo.table("employees")
    score = construct_score(sheets, codebook=demo.codebook, table="employees", construct="engagement")
    options = {
        "unit": sheets["unit"],
        "weights": sheets["weight"],
        "person": sheets["person"],
        "conf_level": 0.9,
    }
    own = unit_means(score, **options)
    pd.testing.assert_frame_equal(found[own.columns.drop("wave").tolist()], own.drop(columns="wave"))
    pooled = shrunken_means(unit_means(score, **options, own_variance_from=np.inf), conf_level=0.9, seed=4)
    names = ["shrunken", "shrunken_low", "shrunken_high", "reliability", "rank", "rank_low", "rank_high"]
    pd.testing.assert_frame_equal(found[names], pooled[names])
    # The mean is that of the link table.
    link = link_table(demo, ex_measure="satisfaction", cx_measure="cx").units
    means = unit_mean_table(demo, table="customers", construct="cx", seed=1)
    assert means["mean"].tolist() == pytest.approx(link["cx"].tolist(), rel=1e-12)
    again = unit_mean_table(demo, table="employees", construct="engagement", conf_level=0.9, seed=4)
    pd.testing.assert_frame_equal(found, again)


def test_correlation_table_of_the_demo(demo: Study) -> None:
    found = correlation_table(demo, n_boot=200, seed=1)
    assert list(found) == [
        "x", "x_label", "y", "y_label", "n", "respondents", "r", "conf_low", "conf_high", "disattenuated", "dis_low",
        "dis_high", "reason",
    ]  # fmt: skip
    sheets = demo.table("employees")
    pair = pd.DataFrame(
        {
            name: construct_score(sheets, codebook=demo.codebook, table="employees", construct=name)
            for name in ("engagement", "customer_orientation")
        }
    ).dropna()
    expected = np.cov(pair.T, aweights=sheets.loc[pair.index, "weight"])
    row = found.set_index(["x", "y"]).loc[("engagement", "customer_orientation")]
    assert row["r"] == pytest.approx(expected[0, 1] / np.sqrt(expected[0, 0] * expected[1, 1]))
    assert row["n"] == len(pair)
    assert row["disattenuated"] > row["r"] > 0
    assert row["x_label"]["en"] == "Engagement"
    pd.testing.assert_frame_equal(correlation_table(demo, n_boot=200, seed=1), found)
    nobody = correlation_table(demo, table="units", n_boot=200, seed=1)
    assert nobody.empty


# The finding


def link_finding(study: Study, **change: Any) -> Any:
    options: dict[str, Any] = {
        "ex_measure": "engagement", "cx_measure": "cx", "ex_alternative": "", "leader_share": 0.25, "set_apart": "",
        "engaged_definition": "highly_or_moderately", "engaged_threshold": 5.0, "min_unit_n": 5, "conf_level": 0.95,
        "n_boot": 200, "seed": 1, "rules": DisclosureRules(),
    }  # fmt: skip
    return engagement_and_cx(study, **options | change).finding


def about_units(finding: Any) -> list[dict[str, Any]]:
    """The caveats of this package as plain values."""
    words = ("ICC(2)", "rwg", "table of units", "units are left out")
    return [n.model_dump() for n in finding.caveats if any(word in n.message for word in words)]


def test_below_the_gate_the_link_runs_with_a_caveat_that_names_measure_and_numbers(demo: Study) -> None:
    plain = link_finding(demo)
    assert about_units(plain) == []
    strict = link_finding(demo, least_icc2=0.999, least_rwg=0.5)
    judged = aggregation_table(demo, min_unit_n=5).set_index(["table", "construct"])
    assert about_units(strict) == [
        {
            "message": (
                "Unit means of {measure} are less reliable than declared (ICC(2) {icc2:number2}, at least "
                "{least_icc2:number2}): the link is probably stronger than it looks here."
            ),
            "values": {
                "measure": demo.codebook.label(name),
                "icc2": judged.loc[side, "icc2"],
                "least_icc2": 0.999,
            },
        }
        for name, side in (("engagement", ("employees", "engagement")), ("cx", ("customers", "cx")))
    ]
    assert (strict.verdict, strict.estimate, strict.n_units) == (plain.verdict, plain.estimate, plain.n_units)
    both = about_units(link_finding(demo, least_icc2=0.999, least_rwg=0.999))
    assert [set(note["values"]) for note in both] == [
        {"measure", "icc2", "least_icc2", "rwg", "least_rwg"}
    ] * 2
    opinions = about_units(link_finding(demo, least_icc2=0.0, least_rwg=0.999))
    assert [note["message"] for note in opinions] == [
        "People of one unit agree less on {measure} than declared (median rwg {rwg:number2}, at least "
        "{least_rwg:number2}): a unit mean stands for opinions that differ."
    ] * 2
    assert opinions[0]["values"]["rwg"] == judged.loc[("employees", "engagement"), "rwg_median"]


def test_units_that_fall_out_are_said_per_side_and_a_table_of_units_cannot_be_judged(demo: Study) -> None:
    customers, sheets = demo.table("customers"), demo.table("employees")
    names = sorted(sheets["unit"].unique())
    fewer = replace(
        demo,
        tables=demo.tables
        | {
            "customers": customers[~customers["unit"].isin(names[:2])],
            "employees": sheets[(sheets["unit"] != names[1]) | (sheets.groupby("unit").cumcount() < 3)],
        },
    )
    finding = link_finding(fewer, cx_measure="productivity", min_unit_n=5)
    assert [note["message"].split(": ")[0] for note in about_units(finding)] == [
        "{n_out:integer} of {n_units:integer} units are left out, for want of {least:integer} answers on a side",
        "{measure} comes from a table of units without the answers behind it",
    ]
    assert about_units(finding)[1]["values"] == {"measure": demo.codebook.label("productivity")}
    finding = link_finding(fewer)
    assert finding.n_excluded == 2
    assert about_units(finding) == [
        {
            "message": (
                "{n_out:integer} of {n_units:integer} units are left out, for want of {least:integer} answers on a "
                "side: {ex:integer} on the employees’ side, {cx:integer} on the customers’ side; a unit can lack both."
            ),
            "values": {"n_out": 2, "n_units": 15, "least": 5, "ex": 1, "cx": 2},
        }
    ]


# Scores that cannot be computed, few people, and groups that are not known


def with_factor(study: Study, construct: str) -> Study:
    """The study with a factor score asked for."""
    declared = study.codebook.constructs.get(construct)
    asked = (
        Construct(en=construct, nl=construct, score="factor")
        if declared is None
        else declared.model_copy(update={"score": "factor"})
    )
    book = replace(study.codebook, constructs=dict(study.codebook.constructs) | {construct: asked})
    return replace(study, codebook=book)


def test_a_construct_without_a_factor_has_a_reason_everywhere(client: Any) -> None:
    employees = client.tables["employees"]
    employees["eng_2"] = employees["eng_1"]
    study = with_factor(client.load(), "engagement")
    reason = FACTOR_REASONS["alike"]
    judged = aggregation_table(study, table="employees", construct="engagement").iloc[0]
    assert (judged["reason"], judged["n_items"]) == (reason, 3)
    assert judged[["n", "k", "icc2", "passes"]].isna().all()
    means = unit_mean_table(study, table="employees", construct="engagement", seed=1)
    assert means[["unit", "n", "respondents", "reason"]].to_numpy().tolist() == [["", 0, 0, reason]]
    pairs = correlation_table(study, n_boot=100, seed=1)
    mine = (pairs["x"] == "engagement") | (pairs["y"] == "engagement")
    assert set(pairs.loc[mine, "reason"]) == {reason}
    assert pairs.loc[mine, ["r", "conf_low", "disattenuated"]].isna().all(axis=None)
    assert (pairs.loc[mine, "n"] == 0).all()
    assert reason not in set(pairs.loc[~mine, "reason"])
    assert pairs.loc[~mine, "r"].notna().all()
    caveats = aggregation_caveats(
        study,
        link_table(study, ex_measure="engagement", cx_measure="cx", min_unit_n=5),
        min_unit_n=5,
        least_icc2=-100.0,
        least_rwg=-1.0,
    )
    assert [note.message for note in caveats] == [
        "Whether unit means of {measure} are reliable cannot be judged: the codebook asks for a score that cannot be "
        "computed."
    ]


def test_people_and_not_their_sheets_make_a_unit_large_enough(client: Any) -> None:
    study = client.load()
    sheets = study.table("employees")
    # In unit A two people answer in three waves each: six sheets.
    few = sheets[(sheets["unit"] != "Unit A") | (sheets.groupby("unit").cumcount() < 2)]
    thrice = pd.concat([few.assign(wave=str(wave)) for wave in range(3)], ignore_index=True)
    panel = replace(study, tables=study.tables | {"employees": thrice})
    row = aggregation_table(panel, table="employees", construct="engagement", min_unit_n=5).iloc[0]
    assert (row["n"], row["n_units"], row["n_units_left_out"]) == (150, 5, 1)
    two = aggregation_table(panel, table="employees", construct="engagement", min_unit_n=2).iloc[0]
    assert (two["n"], two["n_units"], two["n_units_left_out"]) == (156, 6, 0)
    means = unit_mean_table(panel, table="employees", construct="engagement", min_unit_n=5, seed=1)
    out = means.set_index("unit").loc["Unit A"]
    assert (out["n"], out["respondents"], out["reason"]) == (6, 2, "Too few people of the unit answered.")
    assert pd.isna(out["mean"])
    assert means["mean"].notna().sum() == 5
    # Sheets that do not say whose they are may be anybody's.
    nameless = replace(study, tables=study.tables | {"employees": thrice.assign(person=None)})
    row = aggregation_table(nameless, table="employees", construct="engagement", min_unit_n=5).iloc[0]
    assert (row["n"], row["n_units"]) == (156, 6)
    blind = replace(study, tables=study.tables | {"employees": thrice.drop(columns="person")})
    assert unit_mean_table(blind, table="employees", construct="engagement", seed=1)["mean"].notna().all()


def test_a_link_says_of_a_negative_icc2_that_it_is_low_and_of_equal_units_that_they_are_equal(
    client: Any,
) -> None:
    # In every unit the same answers but for one person: the units differ less than chance would make them.
    customers = client.tables["customers"]
    customers["cx"] = [1, 3, 5, 7, 9, 2, 4, 6, 8, 10] * 6
    equal = client.load()
    customers.loc[0, "cx"] = 2
    study = client.load()
    limits = {"least_icc2": 0.6, "least_rwg": -1.0}

    def about_cx(of: Study, min_unit_n: int) -> Any:
        link = link_table(of, ex_measure="engagement", cx_measure="cx", min_unit_n=5)
        notes = aggregation_caveats(of, link, min_unit_n=min_unit_n, **limits)
        return next(one for one in notes if one.model_dump()["values"]["measure"] == of.codebook.label("cx"))

    negative = about_cx(study, 5)
    assert negative.message.startswith("Unit means of {measure} are less reliable than declared")
    assert -np.inf < negative.model_dump()["values"]["icc2"] < 0
    assert (
        about_cx(equal, 5).message
        == "Unit means of {measure} are all the same, so that they tell nothing apart."
    )
    # The least number of people is the one that is given.
    assert about_cx(study, 11).message.startswith(
        "Whether unit means of {measure} are reliable cannot be judged: the"
    )


@pytest.mark.parametrize("grouped", ["no", "named", "some"])
def test_the_order_of_rows_and_the_names_of_groups_do_not_change_the_replicates(
    scales: Any, grouped: str
) -> None:
    scores, items, more = scales
    scores, more = scores.head(300), more.head(300)
    items = {name: frame.head(300) for name, frame in items.items()}
    groups = {
        "no": None,
        "named": more["unit"].map("unit {}".format),
        "some": more["unit"].map("unit {}".format).where(more.index % 9 > 0),
    }[grouped]
    options: dict[str, Any] = {"n_boot": 100, "seed": 2}
    before = construct_correlations(scores, items=items, weights=more["w"], groups=groups, **options)
    order = np.random.default_rng(1).permutation(300)
    after = construct_correlations(
        scores.iloc[order],
        items={name: frame.iloc[order] for name, frame in items.items()},
        weights=more["w"].iloc[order],
        groups=None if groups is None else groups.iloc[order].map({g: g[::-1] for g in groups.dropna()}),
        **options,
    )
    pd.testing.assert_frame_equal(after, before, rtol=1e-9)
    assert before["conf_low"].notna().all()


def test_more_than_400_rows_are_put_together_alike_in_any_order(scales: Any) -> None:
    scores, items, _ = scales
    order = np.random.default_rng(1).permutation(600)
    before = construct_correlations(scores, items=items, n_boot=100, seed=2)
    shuffled = {name: frame.iloc[order] for name, frame in items.items()}
    after = construct_correlations(scores.iloc[order], items=shuffled, n_boot=100, seed=2)
    pd.testing.assert_frame_equal(after, before, rtol=1e-9)


def test_a_row_without_a_group_is_one_by_itself_in_correlations(scales: Any) -> None:
    scores, items, more = scales
    holes = more["unit"].astype("str").where(more.index >= 30)
    own = holes.fillna(pd.Series([f"alone {i}" for i in range(600)]))
    found, expected = (
        construct_correlations(scores, items=items, groups=groups, n_boot=100, seed=1)
        for groups in (holes, own)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_the_alpha_behind_a_corrected_correlation_is_weighted(scales: Any) -> None:
    scores, items, more = scales
    row = construct_correlations(scores, items=items, weights=more["w"], n_boot=100, seed=1).iloc[0]
    alphas = [cronbach_alpha(items[name], weights=more["w"]).estimate for name in ("x", "y")]
    assert row["disattenuated"] == pytest.approx(row["r"] / np.sqrt(alphas[0] * alphas[1]), rel=1e-9)
    plain = [cronbach_alpha(items[name]).estimate for name in ("x", "y")]
    assert abs(row["disattenuated"] - row["r"] / np.sqrt(plain[0] * plain[1])) > 1e-4


def test_a_missing_interval_has_a_reason_of_its_own(scales: Any) -> None:
    scores, items, more = scales
    options: dict[str, Any] = {"n_boot": 100, "seed": 1}
    one = construct_correlations(scores, items=items, groups=pd.Series(1, index=more.index), **options)
    assert one["r"].notna().all()
    assert one[["conf_low", "conf_high", "dis_low"]].isna().all(axis=None)
    assert set(one["reason"]) == {NO_CORRECTION["few_groups"]}
    line = pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 4, 6, 8]})
    perfect = construct_correlations(line, items={}, **options).iloc[0]
    assert (perfect["r"], perfect["reason"]) == (pytest.approx(1), NO_CORRECTION["perfect"])
    assert np.isnan(perfect["conf_low"])
    # One person alone differs: of the samples a third does not hold that one.
    rare = pd.DataFrame({"a": [0.0] * 19 + [1], "b": np.arange(20.0) % 7})
    found = construct_correlations(rare, items={}, **options).iloc[0]
    assert np.isfinite(found["r"])
    assert (np.isnan(found["conf_low"]), found["reason"]) == (True, NO_CORRECTION["no_interval"])
    # Alpha is hardly above 0, and below it in many samples.
    rng = np.random.default_rng(5)
    draws = rng.standard_normal((60, 2))
    weak = pd.DataFrame(np.linalg.qr(draws - draws.mean(axis=0))[0], columns=["a", "b"])
    weak["b"] += 0.15 * weak["a"]
    both = pd.DataFrame({"weak": weak.mean(axis=1), "other": rng.standard_normal(60)})
    found = construct_correlations(both, items={"weak": weak}, reliability={"other": 0.8}, **options).iloc[0]
    assert np.isfinite(found[["r", "conf_low", "disattenuated"]].astype("float64")).all()
    assert (np.isnan(found["dis_low"]), found["reason"]) == (True, NO_CORRECTION["no_corrected"])


def test_groups_without_answers_to_both_are_no_degrees_of_freedom(scales: Any) -> None:
    scores, items, more = scales
    few = scores.assign(y=scores["y"].where(more["unit"] < 12))
    row = construct_correlations(few, items=items, groups=more["unit"], n_boot=300, seed=1).iloc[0]
    numbers, _ = ordered_groups(np.column_stack([few, np.ones(600), items["x"], items["y"]]), more["unit"])
    drawn = np.random.default_rng(1).multinomial(25, np.full(25, 1 / 25), size=300)
    r = [
        few.iloc[np.repeat(np.arange(600), counts[numbers])][["x", "y"]].corr().iloc[0, 1] for counts in drawn
    ]
    half = t.ppf(0.975, 11) * np.std(np.arctanh(r), ddof=1)
    assert np.arctanh(row["conf_high"]) - np.arctanh(row["r"]) == pytest.approx(half)


def test_a_correlation_keeps_together_what_belongs_together_among_its_own_sheets(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheets = demo.table("employees")
    names = sorted(sheets["unit"].unique())
    # One question was asked in two units alone.
    few = demo.tables | {
        "employees": sheets.assign(enps=sheets["enps"].where(sheets["unit"].isin(names[:2])))
    }
    given: list[tuple[pd.Series | None, pd.DataFrame]] = []

    def spied(*args: Any, groups: pd.Series | None, **options: Any) -> pd.DataFrame:
        given.append((groups, construct_correlations(*args, groups=groups, **options)))
        return given[-1][1].copy()

    monkeypatch.setattr("exresearch.measures.aggregation.correlations.construct_correlations", spied)
    found = correlation_table(replace(demo, tables=few), n_boot=200, seed=1)
    assert [groups.name for groups, _ in given if groups is not None] == ["person", "unit"]
    with_enps = (found["x"] == "enps") | (found["y"] == "enps")
    assert 0 < with_enps.sum() < len(found)
    numbers = ["x", "y", "n", "r", "conf_low", "conf_high", "disattenuated", "dis_low", "dis_high", "reason"]
    for rows, (groups, expected) in zip((with_enps, ~with_enps), given, strict=True):
        pd.testing.assert_frame_equal(found.loc[rows, numbers], expected.loc[rows, numbers])
        assert groups is not None
        assert groups.equals(sheets[groups.name])
    assert found.loc[with_enps & (found["n"] > 0), "conf_low"].notna().all()
    given.clear()
    rows = replace(demo, tables={"employees": sheets.drop(columns=["unit", "person"])})
    correlation_table(rows, n_boot=100, seed=1)
    assert [groups for groups, _ in given] == [None]


def test_of_a_factor_score_nothing_is_corrected(demo: Study) -> None:
    study = with_factor(demo, "engagement")
    found = correlation_table(study, n_boot=100, seed=1)
    mine = (found["x"] == "engagement") | (found["y"] == "engagement")
    assert found.loc[mine, ["disattenuated", "dis_low", "dis_high"]].isna().all(axis=None)
    assert found.loc[mine, ["r", "conf_low", "conf_high"]].notna().all(axis=None)
    assert set(found.loc[mine, "reason"]) == {
        "At least one of the two is a factor score, and alpha is that of a plain sum."
    }
    assert found.loc[~mine, "disattenuated"].notna().any()
    assert NO_CORRECTION["factor_score"] not in set(found.loc[~mine, "reason"])

"""Colleagues' means, regression within persons and its groups, and regression on means known roughly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from exresearch.models import (
    NotEstimable,
    binned_deviations,
    calibrated_regression,
    colleague_means,
    within_regression,
)
from exresearch.models.calibration import _slopes

ROUNDING = 1e-9
KEYS: dict[str, Any] = {"person": "who", "unit": "team", "wave": "wave", "waves": ["w1", "w2", "w3"]}


@pytest.fixture(scope="module")
def sheets() -> pd.DataFrame:
    """12 teams, three waves, people who come, go, move and skip a wave."""
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(
        [(f"p{i:03d}", f"t{i % 12:02d}", wave) for i in range(140) for wave in KEYS["waves"]],
        columns=["who", "team", "wave"],
    )
    rows = rows[rng.random(len(rows)) < 0.75].reset_index(drop=True)
    moved = rows["who"].isin(["p003", "p017"]) & (rows["wave"] == "w3")
    rows.loc[moved, "team"] = "t05"
    rows["y"] = rng.integers(0, 11, len(rows)).astype(float)
    rows.loc[rng.random(len(rows)) < 0.05, "y"] = np.nan
    rows.loc[[4, 40], "who"] = None
    rows["w"] = rng.uniform(0.5, 2.0, len(rows))
    return rows.assign(fan=(rows["y"] >= 9).astype(float).where(rows["y"].notna()))


@pytest.mark.parametrize("lag", [1, 0, -1])
@pytest.mark.parametrize("both", [False, True])
def test_colleagues_are_all_others_of_the_unit_and_never_oneself(
    sheets: pd.DataFrame, lag: int, both: bool
) -> None:
    found = colleague_means(
        sheets, columns=["fan", "y"], **KEYS, weights="w", lag=lag, least=4, present_in_both=both
    )
    order = KEYS["waves"]
    # Every fourth row is enough: the loop is slow.
    for place, row in sheets.iloc[::4].iterrows():
        at = order.index(row["wave"]) - lag
        expected = {"fan": np.nan, "y": np.nan}
        if pd.notna(row["who"]) and 0 <= at < 3:
            others = sheets[(sheets["team"] == row["team"]) & (sheets["wave"] == order[at])]
            others = others[others["who"] != row["who"]]
            if both:
                now = sheets[(sheets["team"] == row["team"]) & (sheets["wave"] == row["wave"])]
                others = others[others["who"].isin(now["who"].dropna())]
            for name in expected:
                has = others[others[name].notna()]
                if len(has) >= 4:
                    expected[name] = float(np.average(has[name], weights=has["w"]))
        for name, value in expected.items():
            assert found.loc[place, name] == pytest.approx(value, abs=ROUNDING, nan_ok=True)


def test_what_cannot_be_a_table_of_colleagues_is_refused(sheets: pd.DataFrame) -> None:
    with pytest.raises(ValueError) as caught:
        colleague_means(pd.concat([sheets, sheets.head(2)]), columns=["y"], **KEYS)
    assert str(caught.value) == "2 rows repeat a person in a wave: keep one row per 'who' and 'wave'."
    with pytest.raises(ValueError) as caught:
        colleague_means(sheets, columns=["y"], **{**KEYS, "waves": ["w1", "w2"]})
    assert str(caught.value) == "column 'wave' holds waves ['w3'] that are not in waves ['w1', 'w2']."
    with pytest.raises(ValueError) as caught:
        colleague_means(sheets, columns=["y"], **KEYS, least=0)
    assert str(caught.value) == "least must be a whole number of at least 1, got 0."


def panel(seed: int, *, effect: float = 0.5, weighted: bool = False) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame({"who": np.repeat(np.arange(150), 4), "wave": np.tile([1, 2, 3, 4], 150)})
    rows["team"] = rows["who"] // 6
    person, team = rng.normal(0, 2, 150)[rows["who"]], rng.normal(0, 1, 25)[rows["team"]]
    shock = rng.normal(0, 0.4, (25, 5))[rows["team"], rows["wave"]]
    rows["x"] = rng.normal(0, 1, len(rows)) + person + team
    rows["z"] = rng.normal(0, 1, len(rows)) + 0.3 * rows["x"]
    rows["y"] = (
        effect * rows["x"]
        - 0.2 * rows["z"]
        + 0.3 * rows["wave"]
        + person
        + shock
        + rng.normal(0, 1, len(rows))
    )
    rows["w"] = rng.uniform(0.5, 2, len(rows)) if weighted else 1.0
    return rows[rng.random(len(rows)) < 0.8].reset_index(drop=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_within_persons_is_the_regression_with_a_dummy_for_everybody(weighted: bool) -> None:
    rows = panel(1, weighted=weighted)
    options: dict[str, Any] = {"entity": "who", "wave": "wave", "cluster": "team"}
    fit = within_regression(
        rows, outcome="y", predictors=["x", "z"], weights="w" if weighted else None, **options
    )
    kept = rows[rows.groupby("who")["who"].transform("size") > 1]
    design = pd.get_dummies(kept[["who", "wave"]].astype(str), dtype=float).drop(columns=["wave_1"])
    design = pd.concat([kept[["x", "z"]], design], axis=1)
    other = sm.WLS(kept["y"], design, weights=kept["w"]).fit(
        cov_type="cluster", cov_kwds={"groups": kept["team"], "use_correction": False}
    )
    table = fit.table.set_index("term")
    for name in ("x", "z"):
        assert table.loc[name, "estimate"] == pytest.approx(other.params[name], abs=1e-8)
        # CR2 against CR0 with 25 clusters.
        assert 1.0 < table.loc[name, "std_error"] / other.bse[name] < 1.1
    assert table["n"].tolist() == [len(kept)] * 2
    assert fit.table["n_excluded"].tolist() == [len(rows) - len(kept)] * 2
    assert fit.table["n_entities"].tolist() == [kept["who"].nunique()] * 2
    shuffled = rows.sample(frac=1, random_state=1)
    again = within_regression(
        shuffled, outcome="y", predictors=["x", "z"], weights="w" if weighted else None, **options
    )
    pd.testing.assert_frame_equal(again.table, fit.table)


def test_standardised_slopes_use_the_spread_within_persons() -> None:
    rows = panel(2)
    options: dict[str, Any] = {
        "outcome": "y",
        "predictors": ["x"],
        "entity": "who",
        "wave": "wave",
        "cluster": "team",
    }
    raw, z = (within_regression(rows, **options, standardised=one).table.iloc[0] for one in (False, True))
    kept = rows[rows.groupby("who")["who"].transform("size") > 1]
    own = kept[["y", "x"]] - kept.groupby("who")[["y", "x"]].transform("mean")
    waves = pd.get_dummies(kept["wave"], dtype=float).iloc[:, 1:]
    waves = waves - waves.groupby(kept["who"]).transform("mean")
    rest = {name: sm.OLS(own[name], waves).fit().resid for name in ("y", "x")}
    factor = np.sqrt((rest["x"] ** 2).mean() / (rest["y"] ** 2).mean())
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert z[name] == pytest.approx(raw[name] * factor, rel=1e-9)
    assert z["p_value"] == raw["p_value"]


def test_the_interval_within_persons_covers_as_often_as_it_says() -> None:
    held, times = 0, 60
    for seed in range(times):
        row = within_regression(
            panel(100 + seed), outcome="y", predictors=["x", "z"], entity="who", wave="wave", cluster="team"
        ).table.iloc[0]
        held += row["conf_low"] < 0.5 < row["conf_high"]
    # Of 60 intervals of 95 % fewer than 51 hold the truth once in two thousand times.
    assert held >= 51


def test_groups_of_deviations_lie_on_the_line() -> None:
    rows = panel(5)
    fit = within_regression(
        rows, outcome="y", predictors=["x", "z"], entity="who", wave="wave", cluster="team"
    )
    bins = binned_deviations(fit, predictor="x", n_bins=5)
    assert bins["n"].sum() == fit.table["n"][0]
    assert np.average(bins["y"], weights=bins["n"]) == pytest.approx(0, abs=1e-10)
    slope = fit.table.set_index("term").loc["x", "estimate"]
    assert np.polyfit(bins["x"], bins["y"], 1, w=np.sqrt(bins["n"]))[0] == pytest.approx(slope, abs=0.08)
    assert (bins["conf_low"] < bins["y"]).all()
    with pytest.raises(ValueError, match=r"predictor must be one of \['x', 'z'\], got 'q'"):
        binned_deviations(fit, predictor="q")


def test_what_does_not_vary_within_persons_is_not_estimated() -> None:
    rows = panel(6).assign(age=lambda r: r["who"] * 1.0)
    with pytest.raises(NotEstimable) as caught:
        within_regression(rows, outcome="y", predictors=["age"], entity="who", wave="wave", cluster="team")
    assert str(caught.value) == "columns ['age'] do not vary within 'who' beyond the effects of waves."
    with pytest.raises(NotEstimable, match="nobody, or hardly anybody, has two complete rows"):
        within_regression(
            rows.drop_duplicates("who"),
            outcome="y",
            predictors=["x"],
            entity="who",
            wave="wave",
            cluster="team",
        )
    with pytest.raises(ValueError, match="some of 'team' lie in several of 'who'"):
        within_regression(rows, outcome="y", predictors=["x"], entity="team", wave="wave", cluster="who")


def calibrated(n: int, *, seed: int, noise: float, n_boot: int = 99) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    mix = np.linalg.cholesky(np.array([[1.0, 0.3], [0.3, 1.0]]))
    true = rng.normal(size=(n, 2)) @ mix.T
    error = noise * np.array([[1.0, 0.5], [0.5, 1.0]])
    units = pd.DataFrame(true + rng.multivariate_normal([0, 0], error, n), columns=["a", "b"])
    units["y"] = 0.3 * true[:, 0] + 0.2 * true[:, 1] - 0.25 * true.prod(axis=1) + rng.normal(0, 0.8, n)
    return calibrated_regression(
        units, outcome="y", predictors=["a", "b"], products={"ab": ("a", "b")}, errors=np.tile(error, (n, 1, 1)),
        n_boot=n_boot, seed=1,
    ).set_index("term")  # fmt: skip


def test_without_errors_it_is_the_plain_regression() -> None:
    rng = np.random.default_rng(2)
    units = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "y"])
    found = calibrated_regression(
        units, outcome="y", predictors=["a", "b"], products={"ab": ("a", "b")}, errors=np.zeros((80, 2, 2)),
        n_boot=99, seed=1,
    )  # fmt: skip
    z = (units - units.mean()) / units.std()
    plain = sm.OLS(z["y"], sm.add_constant(z[["a", "b"]].assign(ab=z["a"] * z["b"]))).fit()
    np.testing.assert_allclose(found["estimate"], plain.params[["a", "b", "ab"]], atol=ROUNDING)
    np.testing.assert_allclose(found["reliability"][:2], 1.0)


def test_errors_that_are_known_are_undone() -> None:
    clean, rough = (calibrated(20_000, seed=4, noise=noise, n_boot=39)["estimate"] for noise in (1e-9, 0.4))
    # Three standard errors of the rougher one.
    np.testing.assert_allclose(rough, clean, atol=0.04)
    with pytest.raises(NotEstimable, match="no more than their sampling errors explain"):
        calibrated(60, seed=4, noise=40.0)


def test_a_block_of_replicates_is_what_each_of_them_gives_alone() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(40, 3))
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    # So much noise that some replicates have nothing beyond it.
    noise = np.einsum("ni,nj->nij", *(2 * [rng.normal(size=(40, 2)) * 0.85]))
    counts = rng.multinomial(40, np.full(40, 1 / 40), size=60).astype(float)
    alone = []
    for w in counts:
        total = w.sum()
        y, x = values[:, 0], values[:, 1:]
        centred = x - (w @ x) / total
        observed = (centred * w[:, None]).T @ centred / (total - 1.0)
        true = observed - np.tensordot(w, noise, axes=1) / total
        if np.linalg.eigvalsh(true)[0] <= 1e-8 * np.trace(observed):
            continue
        guess = centred @ np.linalg.solve(observed, true) / np.sqrt(np.diag(true))
        design = np.column_stack([np.ones(len(y)), guess, guess[:, 0] * guess[:, 1]])
        rise = y - (w @ y) / total
        slopes = np.linalg.solve((design * w[:, None]).T @ design, (design * w[:, None]).T @ rise)[1:]
        alone.append(slopes / np.sqrt((w @ rise**2) / (total - 1.0)))
    assert 5 < len(alone) < 55
    np.testing.assert_allclose(_slopes(counts, values, noise, [(0, 1)])[0], alone, rtol=1e-8)


def test_the_corrected_interval_covers_as_often_as_it_says() -> None:
    truth = calibrated(40_000, seed=9, noise=1e-9, n_boot=39)["estimate"]
    held, times = np.zeros(3), 40
    for seed in range(times):
        found = calibrated(100, seed=200 + seed, noise=0.2, n_boot=59)
        held += ((found["conf_low"] < truth) & (truth < found["conf_high"])).to_numpy()
    # Of 40 intervals of 95 % fewer than 33 hold the truth once in two thousand times.
    assert (held >= 33).all()

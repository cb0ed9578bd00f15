"""Links of three measures: against other implementations, by identities, on planted truth, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy.stats import spearmanr

from exresearch.models import (
    NotEstimable,
    composite_sensitivity,
    consistency_index,
    cross_lagged_panel,
    disattenuated_network,
    lagged_influence,
    lagged_regression,
    linear_regression,
    partial_network,
    unit_association,
    weakest_link,
)

NAMES = ["a", "b", "c"]
ROUNDING = 1e-10
# Two optimisers stop where the likelihood is flat to their own tolerance.
OPTIMISER = 1e-5
DRAWS: dict[str, Any] = {"n_boot": 399, "seed": 5}


@pytest.fixture(scope="module")
def units() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(rng.normal(size=(90, 1)) + rng.normal(size=(90, 3)), columns=NAMES).assign(
        size=rng.normal(size=90)
    )


def panel(n: int = 120, n_waves: int = 4, *, seed: int = 1, effect: float = 0.4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level, now, rows = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), []
    arrows = np.array([[0.3, effect, 0.0], [0.0, 0.3, 0.0], [0.0, 0.0, 0.3]])
    for wave in range(n_waves):
        rows.append(pd.DataFrame(level + now, columns=NAMES).assign(unit=np.arange(n), wave=wave))
        now = now @ arrows + rng.normal(size=(n, 3))
    return pd.concat(rows, ignore_index=True)


def test_partial_correlations_are_those_of_other_implementations(units: pd.DataFrame) -> None:
    found = partial_network(units, columns=NAMES, **DRAWS)
    inverse = np.linalg.inv(units[NAMES].corr().to_numpy())
    for row, (i, j) in zip(found.table.itertuples(), ((0, 1), (0, 2), (1, 2)), strict=True):
        third = next(name for name in NAMES if name not in (row.x, row.y))
        other = pingouin.partial_corr(units, x=row.x, y=row.y, covar=third)
        assert row.estimate == pytest.approx(other["r"].iloc[0], abs=ROUNDING)
        assert row.estimate == pytest.approx(
            -inverse[i, j] / np.sqrt(inverse[i, i] * inverse[j, j]), abs=ROUNDING
        )
        assert row.df == 90 - 2 - 1
    assert found.marginal["estimate"].tolist() == pytest.approx(
        units[NAMES].corr().to_numpy()[[0, 0, 1], [1, 2, 2]], abs=ROUNDING
    )
    held = partial_network(units, columns=NAMES, covariates=["size"], **DRAWS).table
    other = pingouin.partial_corr(units, x="b", y="c", covar=["a", "size"])
    assert held["estimate"].iloc[2] == pytest.approx(other["r"].iloc[0], abs=ROUNDING)


def test_intervals_are_those_of_the_link_between_units(units: pd.DataFrame) -> None:
    found = partial_network(units, columns=NAMES, **DRAWS).table.set_index("term")
    one = unit_association(units, ex="a", cx="b", covariates=["c"], **DRAWS).set_index("term")
    for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
        assert found.loc["a--b", name] == pytest.approx(one.loc["partial_correlation", name], abs=1e-9)


def test_order_of_rows_and_columns_changes_nothing(units: pd.DataFrame) -> None:
    one = partial_network(units, columns=NAMES, **DRAWS).table
    other = partial_network(units.sample(frac=1, random_state=1), columns=NAMES, **DRAWS).table
    turned = partial_network(units, columns=NAMES[::-1], **DRAWS).table
    assert one["estimate"].tolist() == pytest.approx(other["estimate"], abs=ROUNDING)
    assert one["estimate"].tolist() == pytest.approx(turned["estimate"][::-1], abs=ROUNDING)
    scaled = partial_network(units.assign(a=1e6 + 1e-3 * units["a"]), columns=NAMES, **DRAWS).table
    assert one["conf_low"].tolist() == pytest.approx(scaled["conf_low"], abs=1e-6)


def test_rows_of_a_unit_stay_together(units: pd.DataFrame) -> None:
    twice = pd.concat([units, units], ignore_index=True).assign(unit=[*range(90), *range(90)])
    once = partial_network(units.assign(unit=range(90)), columns=NAMES, cluster="unit", **DRAWS).table
    both = partial_network(twice, columns=NAMES, cluster="unit", **DRAWS).table
    assert both["n"].tolist() == [180] * 3
    assert both["n_units"].tolist() == [90] * 3
    for name in ("estimate", "conf_low", "conf_high"):
        assert both[name].tolist() == pytest.approx(once[name], abs=1e-8)


def test_the_correction_finds_what_noise_hid() -> None:
    rng = np.random.default_rng(8)
    true = rng.multivariate_normal([0, 0, 0], [[1, 0.5, 0.25], [0.5, 1, 0.5], [0.25, 0.5, 1]], size=4000)
    frame = pd.DataFrame(true + rng.normal(0, 0.8, true.shape), columns=NAMES).assign(e=0.64)
    found = disattenuated_network(frame, columns=NAMES, errors=["e"] * 3, **DRAWS)
    # a and c have nothing in common beyond b, which noise hides from who measures b roughly.
    raw = partial_network(frame, columns=NAMES, **DRAWS).table.set_index("term")
    table = found.table.set_index("term")
    assert raw.loc["a--c", "conf_low"] > 0
    assert table.loc["a--c", "conf_low"] < 0 < table.loc["a--c", "conf_high"]
    assert table.loc["a--b", "conf_low"] < 0.4472 < table.loc["a--b", "conf_high"]
    assert found.reliability["estimate"].tolist() == pytest.approx([1 / 1.64] * 3, abs=0.03)
    # Without error the correction changes nothing.
    none = disattenuated_network(frame.assign(e=0.0), columns=NAMES, errors=["e"] * 3, **DRAWS).table
    assert none["estimate"].tolist() == pytest.approx(raw["estimate"].tolist(), abs=1e-9)


def test_what_cannot_be_linked_is_refused(units: pd.DataFrame) -> None:
    with pytest.raises(
        NotEstimable, match=r"^links between \['a', 'b', 'c'\] need at least 10 units, got 9\.$"
    ):
        partial_network(units.head(9), columns=NAMES, **DRAWS)
    message = "'a' does not vary between units, or not beyond what the other columns explain."
    with pytest.raises(NotEstimable, match=f"^{message}$"):
        partial_network(units.assign(a=1.0), columns=NAMES, **DRAWS)
    with pytest.raises(NotEstimable, match=f"^{message}$"):
        partial_network(units.assign(a=units["b"] + units["c"]), columns=NAMES, **DRAWS)
    with pytest.raises(ValueError, match=r"^columns must name two measures or more, got \['a'\]\.$"):
        partial_network(units, columns=["a"], **DRAWS)
    message = "the values of a measure differ hardly more than their sampling error explains."
    with pytest.raises(NotEstimable, match=f"^{message}$"):
        disattenuated_network(units.assign(e=3.0), columns=NAMES, errors=["e"] * 3, **DRAWS)
    with pytest.raises(ValueError, match=r"^\['e', 'e', 'e'\] are variances: they cannot be negative\.$"):
        disattenuated_network(units.assign(e=-1.0), columns=NAMES, errors=["e"] * 3, **DRAWS)


def test_consistency_is_the_intraclass_correlation_of_an_analysis_of_variance(units: pd.DataFrame) -> None:
    found = consistency_index(units, columns=NAMES, **DRAWS).set_index("term")
    z = (units[NAMES] - units[NAMES].mean()) / units[NAMES].std()
    # McGraw & Wong (1996), table 4: mean squares of a two-way analysis of variance.
    x = z.to_numpy()
    rows, columns = x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    of_rows = 3 * ((rows - x.mean()) ** 2).sum() / 89
    error = ((x - rows - columns + x.mean()) ** 2).sum() / (89 * 2)
    single, mean = (of_rows - error) / (of_rows + 2 * error), (of_rows - error) / of_rows
    assert found.loc["icc_single", "estimate"] == pytest.approx(single, abs=ROUNDING)
    assert found.loc["icc_mean", "estimate"] == pytest.approx(mean, abs=ROUNDING)
    r = units[NAMES].corr().to_numpy()
    assert found.loc["icc_single", "estimate"] == pytest.approx((r.sum() - 3) / 6, abs=ROUNDING)
    # Both rows are one quantity on two scales, limits included.
    low = found.loc["icc_single", "conf_low"]
    assert found.loc["icc_mean", "conf_low"] == pytest.approx(3 * low / (1 + 2 * low), abs=ROUNDING)


def test_thirds_are_counted_as_by_hand(units: pd.DataFrame) -> None:
    found = consistency_index(units, columns=NAMES, **DRAWS).set_index("term")
    thirds = units[NAMES].rank().sub(1).floordiv(30)
    same = thirds.nunique(axis=1).eq(1).mean()
    opposite = (thirds.min(axis=1).eq(0) & thirds.max(axis=1).eq(2)).mean()
    assert found.loc["same_third", "estimate"] == pytest.approx(same, abs=ROUNDING)
    assert found.loc["opposite_thirds", "estimate"] == pytest.approx(opposite, abs=ROUNDING)
    chance = found["by_chance"]
    assert chance.to_dict() == pytest.approx(
        {"icc_single": 0, "icc_mean": 0, "same_third": 1 / 9, "opposite_thirds": 12 / 27}
    )
    rng = np.random.default_rng(2)
    noise = pd.DataFrame(rng.normal(size=(600, 3)), columns=NAMES)
    apart = consistency_index(noise, columns=NAMES, **DRAWS).set_index("term")
    assert ((apart["conf_low"] <= chance) & (chance <= apart["conf_high"])).all()
    assert apart.loc["same_third", "p_value"] > 0.05


def test_a_sides_weight_decides_a_composite(units: pd.DataFrame) -> None:
    options: dict[str, Any] = {"n_draws": 400, "seed": 2}
    frame = units.assign(outcome=units["a"] + 0.1 * units["size"])
    found = composite_sensitivity(frame, weights={"a": 2, "b": 1, "c": 1}, outcome="outcome", **options)
    z = (units[NAMES] - units[NAMES].mean()) / units[NAMES].std()
    declared = z @ np.array([0.5, 0.25, 0.25])
    draw = found.draws.iloc[7]
    assert draw[NAMES].sum() == pytest.approx(1.0)
    composite = z @ draw[NAMES].to_numpy(dtype=float)
    assert draw["rank_correlation"] == pytest.approx(spearmanr(declared, composite).statistic, abs=ROUNDING)
    assert draw["outcome_correlation"] == pytest.approx(
        np.corrcoef(composite, frame["outcome"])[0, 1], abs=ROUNDING
    )
    place = [np.minimum((4 * (x.rank() - 0.5) / 90).astype(int), 3) for x in (declared, composite)]
    assert draw["same_group"] == pytest.approx((place[0] == place[1]).mean(), abs=ROUNDING)
    summary = found.summary.set_index("term")
    assert summary.loc["rank_correlation", "declared"] == pytest.approx(1.0)
    assert (summary["lowest"] <= summary["low"]).all()
    assert found.groups["n_units"].sum() == 90
    assert found.draws[NAMES].mean().tolist() == pytest.approx([1 / 3] * 3, abs=0.04)
    doubled = composite_sensitivity(frame, weights={"a": 4, "b": 2, "c": 2}, outcome="outcome", **options)
    pd.testing.assert_frame_equal(found.draws, doubled.draws)
    # Three copies of one measure: no weight can change anything.
    copies = pd.DataFrame(dict.fromkeys(NAMES, units["a"]))
    still = composite_sensitivity(copies, weights=dict.fromkeys(NAMES, 1.0), **options)
    assert still.summary["lowest"].tolist() == pytest.approx([1.0, 1.0])
    assert still.groups["steady"].sum() == 90


@pytest.mark.parametrize("weights", [{"a": 0, "b": 0, "c": 0}, {"a": -1, "b": 2, "c": 0}, {"a": 1}])
def test_weights_must_make_a_composite(units: pd.DataFrame, weights: dict[str, float]) -> None:
    with pytest.raises(
        ValueError, match=r"^weights must be of two measures or more, zero or more and not all zero; got"
    ):
        composite_sensitivity(units, weights=weights, seed=1)


def test_the_weakest_link_is_named_only_when_it_is_one() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=400)
    frame = pd.DataFrame({"a": a, "b": a + rng.normal(size=400), "c": a + rng.normal(size=400)})
    network = partial_network(frame, columns=NAMES, **DRAWS)
    rows, clear = weakest_link(network)
    links = rows[rows["kind"] == "link"].set_index("term")
    assert clear
    assert links["probability"].idxmax() == "b--c"
    assert links["lowest"].sum() == 1
    assert rows.groupby("kind")["probability"].sum().tolist() == pytest.approx([1.0, 1.0])
    sides = rows[rows["kind"] == "measure"].set_index("term")
    estimates = network.table.set_index("term")["estimate"]
    assert sides.loc["a", "estimate"] == pytest.approx((estimates["a--b"] + estimates["a--c"]) / 2)
    even = pd.DataFrame(rng.normal(size=(60, 1)) + rng.normal(size=(60, 3)), columns=NAMES)
    assert not weakest_link(partial_network(even, columns=NAMES, **DRAWS))[1]


def test_with_two_measures_it_is_the_cross_lagged_panel() -> None:
    frame = panel()
    mine = lagged_influence(frame, columns=["a", "b"], unit="unit", wave="wave")
    other = cross_lagged_panel(frame, unit="unit", wave="wave", ex="a", cx="b", errors="widened")
    rows = other.table[other.table["scale"] == "standardised"].set_index("term")
    table = mine.table.set_index("term")
    for term, name in (("a->a", "ex_autoregressive"), ("a->b", "ex_to_cx"), ("b->a", "cx_to_ex")):
        for column in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
            assert table.loc[term, column] == pytest.approx(rows.loc[name, column], abs=OPTIMISER)
    assert mine.fit.chisq == pytest.approx(other.fit.chisq, abs=1e-4)
    assert mine.fit.df == other.fit.df


def test_a_planted_effect_and_no_other_is_found() -> None:
    table = lagged_influence(panel(300), columns=NAMES, unit="unit", wave="wave").table
    assert (table["n_units"] == 300).all()
    cross = table[table["predictor"] != table["outcome"]].set_index("term")
    # 0.4 of the deviations; their standard deviations grow from 1 to about 1.1 for b.
    assert cross.loc["a->b", "conf_low"] < 0.36 < cross.loc["a->b", "conf_high"]
    assert cross.loc["a->b", "conf_low"] > 0
    assert (cross.drop("a->b")["p_value"] > 0.01).all()


def test_two_waves_are_a_regression_on_the_wave_before() -> None:
    frame = panel(60, 2)
    found = lagged_regression(frame, columns=NAMES, unit="unit", wave="wave").set_index("term")
    z = frame.assign(**{name: (frame[name] - frame[name].mean()) / frame[name].std(ddof=0) for name in NAMES})
    first, second = (z[z["wave"] == wave].set_index("unit")[NAMES] for wave in (0, 1))
    both = first.join(second.add_suffix(" later")).reset_index()
    other = linear_regression(both, outcome="b later", predictors=NAMES, cluster="unit").table.set_index(
        "term"
    )
    for name in ("estimate", "std_error", "conf_low", "p_value"):
        assert found.loc["a->b", name] == pytest.approx(other.loc["a", name], abs=1e-9)
    with pytest.raises(
        NotEstimable, match=r"^effects within units need at least 3 waves in column 'wave', got 2\.$"
    ):
        lagged_influence(frame, columns=NAMES, unit="unit", wave="wave")
    with pytest.raises(NotEstimable, match=r"^what follows what needs at least two waves\.$"):
        lagged_regression(frame[frame["wave"] == 0], columns=NAMES, unit="unit", wave="wave")
    few = panel(30, 12)
    message = r"^effects over 12 waves of 3 measures need at least 41 units, got 30\.$"
    with pytest.raises(NotEstimable, match=message):
        lagged_influence(few, columns=NAMES, unit="unit", wave="wave")

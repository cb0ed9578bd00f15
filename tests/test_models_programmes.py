"""Effects of programmes against differences and pyfixest, two-by-two tables by hand, planted truth and null panels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from exresearch.models import NotEstimable
from exresearch.models.programmes import (
    baseline_balance,
    placebo_effects,
    staggered_effects,
    two_way_fixed_effects,
)
from exresearch.models.programmes.aggregate import cell_average, cohort_average, unit_average
from exresearch.models.programmes.cells import group_time_cells
from exresearch.models.programmes.panel import read_panel

# Another order of summation.
EXACT = 1e-10
REFERENCE = json.loads((Path(__file__).parent / "reference" / "programmes.json").read_text(encoding="utf-8"))
COLUMNS = {"unit": "unit", "wave": "wave", "outcome": "y"}


def planted(units: int = 60, waves: int = 6) -> pd.DataFrame:
    """Starts at 3, 4, 5 or never; made of whole numbers, so that it is the same on every machine."""
    rows = []
    for u in range(units):
        start = {0: 3, 1: 4, 2: 5}.get(u % 5, 0)
        x = (u * 7 % 11) / 5
        for t in range(1, waves + 1):
            noise = ((u * u * 13 + t * t * 29 + u * t * 17) % 97) / 97 - 0.5
            effect = 0.5 + 0.4 * (t - start) + 0.2 * (start == 3) if start and t >= start else 0
            y = (u * 5 % 13) / 4 + 0.3 * t + 0.1 * x * t + 2 * noise + effect
            rows.append((u, t, start or np.nan, x, y, u % 20))
    frame = pd.DataFrame(rows, columns=["unit", "wave", "start", "x", "y", "region"])
    return frame.assign(w=1.0 + frame["unit"] % 3, flag=(frame["wave"] >= frame["start"]).astype(float))


def drawn(
    rng: np.random.Generator,
    *,
    units: int,
    treated: int,
    waves: int = 5,
    first: float = 0.0,
    growth: float = 0.0,
) -> pd.DataFrame:
    """Units with a level of their own, starts at 2, 3, ..., and effects that grow from wave to wave."""
    unit, wave = np.repeat(np.arange(units), waves), np.tile(np.arange(waves), units)
    start = np.where(np.arange(units) < treated, 2.0 + np.arange(units) % (waves - 2), np.nan)[unit]
    effect = np.where(wave >= start, first + growth * (wave - start), 0.0)
    y = rng.normal(size=units)[unit] + 0.3 * wave + 0.6 * rng.normal(size=len(unit)) + effect
    return pd.DataFrame({"unit": unit, "wave": wave, "start": start, "y": y})


def fast(data: pd.DataFrame, **options: object):
    arguments = {"start": "start", "seed": 1, "n_boot": 199, "n_permutations": 0, **COLUMNS, **options}
    return staggered_effects(data, **arguments)


@pytest.mark.parametrize("name", sorted(REFERENCE["att"]))
def test_estimates_and_influence_agree_with_differences(name: str) -> None:
    expected = REFERENCE["att"][name]
    options = {
        "control": "never" if name == "never" else "not_yet",
        "anticipation": int(name == "anticipation"),
        "weights": "w" if name == "weights" else None,
        "covariates": ["x"] if name == "covariate" else [],
    }
    found = fast(planted(), **options)
    table = found.by_event_time
    assert table["event_time"].tolist() == expected["event_time"]
    assert_allclose(table["estimate"], expected["event"], rtol=0, atol=EXACT)
    assert_allclose(found.by_cohort["estimate"], expected["cohort"], rtol=0, atol=EXACT)
    assert_allclose(found.overall["estimate"], expected["overall"], rtol=0, atol=EXACT)
    assert table.loc[table["phase"] == "anticipation", "event_time"].tolist() == (
        [-1] if name == "anticipation" else []
    )
    # Ours are scaled for few units; the influences themselves are the reference's.
    panel = read_panel(
        planted(),
        start="start",
        flag=None,
        waves=None,
        cluster=None,
        ends="refuse",
        weights=options["weights"],
        covariates=options["covariates"],
        **COLUMNS,
    )
    cells, _ = group_time_cells(panel, control=options["control"], anticipation=options["anticipation"])
    effects = [cell for cell in cells if cell.event_time >= 0]
    events = [
        cell_average([cell for cell in cells if cell.event_time == time], panel, term="")
        for time in expected["event_time"]
    ]
    cohorts = [
        cohort_average([cell for cell in effects if cell.cohort == start], term="")
        for start in sorted({cell.cohort for cell in effects})
    ]
    overall = [unit_average(effects, panel, term=""), cell_average(effects, panel, term="")]
    for averages, errors in ((events, "event_se"), (cohorts, "cohort_se"), (overall, "overall_se")):
        raw = [float(np.sqrt((one.influence**2).sum())) for one in averages]
        assert_allclose(raw, expected[errors], rtol=EXACT)
    # n / (n - 1) on each side of 60 units is between 1 and 12 / 11.
    ratio = (found.overall["std_error"] / expected["overall_se"]) ** 2
    assert ratio.between(1.0, 12 / 11).all()


def test_the_overall_effect_alone_is_that_of_all_tables() -> None:
    data, options = (
        planted(),
        {"unit": "unit", "wave": "wave", "outcome": "y", "start": "start", "n_boot": 99},
    )
    every = staggered_effects(data, **options, weights="w", covariates=["x"], seed=1)
    alone = staggered_effects(data, **options, weights="w", covariates=["x"], parts=False, seed=1)
    pd.testing.assert_frame_equal(alone.overall, every.overall, check_exact=True)
    assert (alone.n_treated, alone.n_controls, alone.baseline_sd, alone.left_out) == (
        every.n_treated,
        every.n_controls,
        every.baseline_sd,
        every.left_out,
    )
    assert alone.by_event_time.empty
    assert not every.by_event_time.empty


def test_never_treated_controls_are_sun_and_abraham() -> None:
    table = fast(planted(), control="never").by_event_time
    expected = [REFERENCE["saturated"][str(float(time))] for time in table["event_time"]]
    assert_allclose(table["estimate"], expected, rtol=0, atol=1e-8)


def test_each_cell_is_a_two_by_two_table() -> None:
    data = planted()
    data = data[(data["unit"] * 3 + data["wave"]) % 11 != 0]
    wide = data.pivot(index="unit", columns="wave", values="y")
    start = data.groupby("unit")["start"].first()
    table = fast(data).group_time
    for row in table.itertuples():
        change = (wide[row.wave] - wide[row.start - 1]).dropna()
        began = start[change.index]
        treated = change[began == row.start]
        controls = change[(began.isna() | (began > max(row.wave, row.start - 1))) & (began != row.start)]
        assert_allclose(row.estimate, treated.mean() - controls.mean(), rtol=0, atol=EXACT)
        variance = treated.var(ddof=1) / len(treated) + controls.var(ddof=1) / len(controls)
        if len(treated) >= 10:
            assert_allclose(row.std_error, np.sqrt(variance), rtol=EXACT)
        assert (row.n_treated, row.n_controls) == (len(treated), len(controls))


def test_welch_t_test_for_one_start_and_two_waves() -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(5)
    data = drawn(rng, units=30, treated=12, waves=3)
    data["start"] = data["start"].where(data["start"].isna(), 2)
    data = data[data["wave"] > 0]
    change = data.pivot(index="unit", columns="wave", values="y").pipe(lambda d: d[2] - d[1])
    expected = ttest_ind(change[:12], change[12:], equal_var=False)
    interval = expected.confidence_interval()
    row = fast(data).overall.iloc[0]
    assert_allclose(
        [row["statistic"], row["p_value"], row["df"], row["conf_low"], row["conf_high"]],
        [expected.statistic, expected.pvalue, expected.df, interval.low, interval.high],
        rtol=EXACT,
    )


def test_growing_effects_are_found_where_two_way_fixed_effects_are_wrong() -> None:
    # 24 units at each of the starts 2, 3, 4 and six that never start: effects 1, 2, 3 by time since the start.
    data = drawn(np.random.default_rng(2), units=150, treated=144, first=1.0, growth=1.0)
    found = fast(data)
    events = found.by_event_time.set_index("event_time")
    for time, truth in ((0, 1.0), (1, 2.0), (2, 3.0)):
        assert events.loc[time, "conf_low"] < truth < events.loc[time, "conf_high"]
        assert events.loc[time, "band_low"] <= events.loc[time, "conf_low"]
    # Starts 2, 3, 4 have averages of 2, 1.5 and 1 over their waves.
    overall = found.overall.iloc[0]
    assert overall["conf_low"] < 1.5 < overall["conf_high"]
    later = fast(data, delay=1).overall.iloc[0]
    assert later["conf_low"] < 2.25 < later["conf_high"]
    plain = two_way_fixed_effects(data, start="start", **COLUMNS)
    assert plain.table["conf_high"][0] < 1.3
    assert plain.forbidden_share > 0.2
    assert plain.negative_weight_share > 0.0 > plain.negative_weight_sum


def test_coverage_over_few_treated_units() -> None:
    held, band, leads = [], [], []
    for draw in range(150):
        found = fast(drawn(np.random.default_rng(draw), units=24, treated=8, first=0.5))
        row = found.overall.iloc[0]
        held.append(row["conf_low"] < 0.5 < row["conf_high"])
        table = found.by_event_time
        truth = np.where(table["event_time"] >= 0, 0.5, 0.0)
        inside = (table["band_low"] < truth) & (table["band_high"] > truth)
        band.append((inside | table["band_low"].isna()).all())
        leads.append(found.pretrend["p_value"] < 0.05)
    # 150 draws have a standard error of 0.018.
    assert 0.90 <= np.mean(held) <= 0.995
    assert 0.88 <= np.mean(band) <= 0.995
    assert np.mean(leads, axis=0).max() <= 0.11


def test_randomisation_stands_beside_few_treated_units() -> None:
    data = drawn(np.random.default_rng(1), units=20, treated=4, first=3.0)
    few = fast(data, n_permutations=None)
    assert (few.few_treated, few.n_treated_clusters) == (True, 4)
    # 1 of 1000: no re-drawn start reaches it, apart from itself.
    assert 0.001 <= few.randomisation_p_value < 0.02
    assert fast(data, n_permutations=99).randomisation_p_value >= 0.01
    many = fast(drawn(np.random.default_rng(1), units=30, treated=12), n_permutations=None)
    assert (many.few_treated, np.isnan(many.randomisation_p_value)) == (False, True)
    levels = [
        fast(
            drawn(np.random.default_rng(draw), units=12, treated=3, waves=3), n_permutations=39
        ).randomisation_p_value
        for draw in range(60)
    ]
    assert 0.4 < np.mean(levels) < 0.62


def test_order_of_rows_and_form_of_the_start_change_nothing() -> None:
    data = planted()
    found = fast(data, cluster="region", weights="w")
    shuffled = data.sample(frac=1.0, random_state=3)
    for again in (
        fast(shuffled, cluster="region", weights="w"),
        fast(data.drop(columns="start"), start=None, flag="flag", cluster="region", weights="w"),
        # Starts between two waves count from the second.
        fast(data.assign(start=data["start"] - 0.5), cluster="region", weights="w"),
        fast(
            data.assign(
                wave=data["wave"].map("wave {}".format),
                start=data["start"].map("wave {:.0f}".format, na_action="ignore"),
            ),
            cluster="region",
            weights="w",
        ),
    ):
        pd.testing.assert_frame_equal(
            found.by_event_time, again.by_event_time, check_exact=False, rtol=0, atol=1e-9
        )
        assert_allclose(again.overall["estimate"], found.overall["estimate"], rtol=0, atol=1e-12)


def test_dates_nullable_numbers_and_an_empty_table() -> None:
    data = planted()
    expected = fast(data).overall["estimate"]
    dates = {
        column: pd.Timestamp(2020, 1, 1) + pd.to_timedelta(data[column], unit="D")
        for column in ("wave", "start")
    }
    nullable = {column: data[column].astype("Int64") for column in ("wave", "start")}
    for columns in (dates, nullable):
        assert_allclose(fast(data.assign(**columns)).overall["estimate"], expected, rtol=EXACT)
    with pytest.raises(NotEstimable) as error:
        fast(data[:0])
    assert (
        str(error.value) == "the effect on 'y' needs at least 10 independent units, got 0 (0 units left out)."
    )


def test_outcomes_without_noise_have_no_error() -> None:
    data = planted()
    data["y"] = data["unit"] + 2.0 * data["flag"]
    found = fast(data)
    assert_allclose(found.overall["estimate"], 2.0, rtol=EXACT)
    assert found.overall[["std_error", "p_value", "conf_low"]].isna().all(axis=None)
    assert found.pretrend["p_value"].isna().all()


def test_clusters_sum_the_influences() -> None:
    # Each unit three times over, as a cluster: the same estimate and the same error as the units alone.
    data = planted()
    copies = pd.concat([data.assign(unit=data["unit"] + 1000 * k, region=data["unit"]) for k in range(3)])
    alone, together = fast(data).overall, fast(copies, cluster="region").overall
    for column in ("estimate", "std_error", "df", "conf_low"):
        assert_allclose(together[column], alone[column], rtol=EXACT)


def test_standardised_effects_and_what_was_left_out() -> None:
    data = planted()
    extra = data[data["unit"] < 2].assign(unit=lambda d: d["unit"] + 500, start=1.0)
    gaps = data.assign(y=data["y"].where(data["unit"] != 7))
    found = fast(pd.concat([gaps, extra]), covariates=["x"])
    deviation = gaps.loc[gaps["wave"] == 1, "y"].std(ddof=1)
    assert_allclose(found.baseline_sd, deviation, rtol=EXACT)
    assert_allclose(found.overall["standardised"], found.overall["estimate"] / deviation, rtol=EXACT)
    assert found.left_out == {
        "rows without unit or wave": 0,
        "rows without outcome": 6,
        "units never measured": 1,
        "units treated from the first wave": 2,
        "units without weight, covariate or cluster": 0,
        "cohorts without a wave before the start": 0,
        "cells without controls": 0,
        "treated units without an effect": 0,
    }
    assert (found.n_treated, found.n_controls) == (35, 24)
    given = fast(gaps, baseline_sd=2.0).overall
    assert_allclose(given["standardised"], given["estimate"] / 2.0, rtol=EXACT)


def test_a_programme_that_ends() -> None:
    data = planted()
    data.loc[(data["unit"] == 0) & (data["wave"] == 6), "flag"] = 0.0
    with pytest.raises(ValueError) as error:
        fast(data, start=None, flag="flag")
    assert str(error.value) == (
        "flag column 'flag' turns back to 0 in 1 units: leave out the waves after their programme ended, or give "
        "ends='absorbing' to count them as treated from the start on."
    )
    kept = fast(data, start=None, flag="flag", ends="absorbing")
    assert_allclose(kept.overall["estimate"], fast(planted()).overall["estimate"], rtol=EXACT)


def test_leads_and_placebo_starts_find_trends_that_differ() -> None:
    rng = np.random.default_rng(4)
    quiet = drawn(rng, units=80, treated=40, first=1.0)
    steep = quiet.assign(y=quiet["y"] + 0.6 * quiet["wave"] * quiet["start"].notna())
    assert fast(quiet).pretrend["p_value"].min() > 0.05
    assert fast(steep).pretrend["p_value"].max() < 0.01
    options = {"start": "start", **COLUMNS}
    calm = placebo_effects(quiet, shifts=[1, 2], **options)
    assert calm["shift"].tolist() == [1, 2]
    # Start 2 moved by two waves has no wave before it.
    assert calm["n_left_out"].tolist() == [0, 14]
    assert (calm["p_value"] > 0.05).all()
    trend = placebo_effects(steep, **options)
    assert trend["conf_low"][0] < 0.6 < trend["conf_high"][0]
    assert trend["p_value"][0] < 0.01
    # By hand for one start: the change up to the wave before it.
    one = quiet[quiet["start"].isna() | (quiet["start"] == 4)]
    wide = one.pivot(index="unit", columns="wave", values="y")
    change = wide[3] - wide[2]
    treated = one.groupby("unit")["start"].first() == 4
    found = placebo_effects(one, **options)
    assert_allclose(found["estimate"], change[treated].mean() - change[~treated].mean(), rtol=EXACT)


def test_selection_of_low_units_is_seen() -> None:
    rng = np.random.default_rng(6)
    data = drawn(rng, units=200, treated=0, waves=4)
    level = data[data["wave"] == 2].set_index("unit")["y"]
    low = data["unit"].map(level < level.median())
    chosen = data.assign(start=np.where(low, 3.0, np.nan))
    options = {"start": "start", **COLUMNS}
    found = baseline_balance(chosen, **options)
    assert (found.selected_low, found.selected_high) == (True, False)
    effects = found.effects.set_index("term")
    assert effects.loc["difference_in_differences", "conf_low"] > 0.1
    for term in ("lag_adjusted", "earlier_base"):
        assert effects.loc[term, "conf_low"] < 0.0 < effects.loc[term, "conf_high"]
    # Above and below the median share only the middle third.
    assert effects.loc["within_thirds", "n_treated"] < 100
    # Without selection all four are right: the mean over 30 draws has a standard error of 0.03.
    worlds = (drawn(np.random.default_rng(draw), units=120, treated=60, first=1.0) for draw in range(30))
    fair = [baseline_balance(world, **options) for world in worlds]
    assert_allclose(np.mean([one.effects["estimate"] for one in fair], axis=0), 1.0, atol=0.1)
    assert sum(one.selected_low or one.selected_high for one in fair) <= 5


def test_lag_adjustment_is_a_regression_among_controls() -> None:
    data = drawn(np.random.default_rng(8), units=60, treated=0, waves=3)
    data["start"] = np.where(data["unit"] < 20, 2.0, np.nan)
    wide = data.pivot(index="unit", columns="wave", values="y")
    change = wide[2] - wide[1]
    slope, level = np.polyfit(wide.loc[20:, 1], change[20:], 1)
    expected = (change[:20] - level - slope * wide.loc[:19, 1]).mean()
    third = pd.qcut(wide[1], 3, labels=False)
    within = (change[:20] - third[:20].map(change[20:].groupby(third[20:]).mean())).mean()
    effects = baseline_balance(data, start="start", **COLUMNS).effects.set_index("term")["estimate"]
    assert_allclose(effects["lag_adjusted"], expected, rtol=0, atol=EXACT)
    assert_allclose(effects["within_thirds"], within, rtol=0, atol=EXACT)


@pytest.mark.parametrize("name", sorted(REFERENCE["two_way"]))
def test_two_way_fixed_effects_agree_with_pyfixest(name: str) -> None:
    data, options = planted(), {}
    if name == "gaps_weights":
        data = data[(data["unit"] * 3 + data["wave"]) % 11 != 0]
        options = {"weights": "w"}
    elif name == "region":
        options = {"cluster": "region"}
    found = two_way_fixed_effects(data, start="start", **COLUMNS, **options)
    row, expected = found.table.iloc[0], REFERENCE["two_way"][name]
    assert_allclose(
        [row["estimate"], row["std_error"]], [expected["estimate"], expected["std_error"]], rtol=1e-7
    )
    assert row["n"] == expected["n"]
    assert found.comparisons.empty == (name == "gaps_weights")


def test_comparisons_add_up_to_the_coefficient() -> None:
    found = two_way_fixed_effects(planted(), start="start", **COLUMNS)
    table = found.comparisons
    assert_allclose(table["weight"].sum(), 1.0, rtol=EXACT)
    assert_allclose((table["weight"] * table["estimate"]).sum(), found.table["estimate"][0], rtol=EXACT)
    assert_allclose(table.loc[table["forbidden"], "weight"].sum(), found.forbidden_share, rtol=EXACT)
    # Three starts: each against never, and each of three pairs in two windows.
    assert (len(table), int(table["forbidden"].sum())) == (9, 3)
    one = planted().query("start != 3 and start != 4")
    plain = two_way_fixed_effects(one, start="start", **COLUMNS)
    assert (plain.forbidden_share, plain.negative_weight_share, plain.negative_weight_sum) == (0.0, 0.0, 0.0)


def test_nothing_to_estimate() -> None:
    data = planted()
    starters = data[data["start"].notna()]
    cases = [
        (
            data.assign(start=np.nan),
            {},
            "no unit starts the programme after the first wave, so there is no effect to estimate.",
        ),
        (
            starters,
            {"control": "never"},
            "every unit starts the programme within the data, so there are no controls that never start: with "
            "control='not_yet' units that start later are the controls.",
        ),
        (
            starters.assign(start=3.0),
            {},
            "no start has, in a wave after it, enough units as controls that were measured then and before the start, "
            "so there is no effect to estimate.",
        ),
        (
            data[data["start"].isna() | (data["wave"] >= data["start"]) | (data["wave"] == 1)]
            .assign(start=lambda d: d["start"].where(d["start"].isna(), 5))
            .query("wave != 4 or start != start"),
            {},
            "no treated unit was measured in the wave before its start and 0 waves of anticipation, so there is "
            "nothing to compare with.",
        ),
        (
            data.query("start != start or unit == 0"),
            {},
            "only 1 independent unit starts the programme and can be compared: what happened to it alone cannot be "
            "told from the programme.",
        ),
        (
            data.query("unit < 9"),
            {},
            "the effect on 'y' needs at least 10 independent units, got 9 (0 units left out).",
        ),
        (
            data.assign(y=data["y"].where(data["wave"] > 1, 2.0)),
            {},
            "'y' does not vary between the 60 units of the first wave, so that effects cannot be standardised: give "
            "baseline_sd.",
        ),
    ]
    for frame, options, message in cases:
        with pytest.raises(NotEstimable) as error:
            fast(frame, **options)
        assert str(error.value) == message


def test_wrong_input() -> None:
    data = planted()
    cases = [
        (
            data,
            {"start": None},
            "give either start (column with the first wave of the programme) or flag (0/1 per wave), got start=None "
            "and flag=None.",
        ),
        (data, {"control": "all"}, "control must be 'never' or 'not_yet', got 'all'."),
        (data, {"ends": "stop"}, "ends must be 'refuse' or 'absorbing', got 'stop'."),
        (data, {"baseline_sd": 0.0}, "baseline_sd must be a positive number, got 0.0."),
        (data, {"delay": -1}, "delay must be an integer of 0 or more, got -1."),
        (
            pd.concat([data, data[:3]]),
            {},
            "3 rows repeat a unit in a wave: aggregate to one row per 'unit' and 'wave'.",
        ),
        (
            data.assign(start=data["start"].where(data["wave"] > 1)),
            {},
            "column 'start' is not the same in all rows of 36 units: give each unit one value.",
        ),
        (
            data.assign(start=data["start"].map("later {}".format, na_action="ignore")),
            {},
            "start column 'start' holds 'later 3.0', which is not among the waves [1, 2, 3, 4, 5, 6]: write starts as "
            "waves, and leave them missing for units that never start.",
        ),
        (
            data.assign(flag=2.0),
            {"start": None, "flag": "flag"},
            "flag column 'flag' holds 360 values that are missing or not 0 or 1: correct them.",
        ),
        (
            data,
            {"waves": [1, 2, 3]},
            "column 'wave' holds waves ['4', '5', '6'] that are not in waves [1, 2, 3].",
        ),
    ]
    for frame, options, message in cases:
        with pytest.raises(ValueError) as error:
            fast(frame, **options)
        assert str(error.value) == message
    with pytest.raises(ValueError) as error:
        placebo_effects(data, start="start", shifts=[0], **COLUMNS)
    assert str(error.value) == "shifts must be a list of whole numbers above anticipation=0, got [0]."
    with pytest.raises(NotEstimable) as error:
        placebo_effects(data, start="start", shifts=[5], **COLUMNS)
    assert str(error.value) == (
        "no placebo start can be had: no unit starts the programme after the first wave, so there is no effect to "
        "estimate."
    )

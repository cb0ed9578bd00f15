"""What rates, survival and lags refuse, and in which words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from exresearch.models import (
    NotEstimable,
    cox_regression,
    kaplan_meier,
    lagged_frame,
    lead_lag,
    proportional_hazards_test,
    rate_regression,
)


def counts() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "team": np.repeat(range(10), 4),
            "x": rng.normal(size=40),
            "years": rng.uniform(1, 5, 40),
            "left": rng.poisson(2.0, 40),
        }
    )


def rates(frame: pd.DataFrame, **options: object) -> object:
    asked = {"events": "left", "exposure": "years", "predictors": ["x"], **options}
    return rate_regression(frame, **asked)  # type: ignore[arg-type]


def staff() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "x": rng.normal(size=30),
            "z": rng.normal(size=30),
            "begin": 0.0,
            "years": rng.uniform(1, 5, 30),
            "left": [1, 0, 1] * 10,
        }
    )


def cox(frame: pd.DataFrame, **options: object) -> object:
    asked = {"duration": "years", "event": "left", "predictors": ["x"], **options}
    return cox_regression(frame, **asked)  # type: ignore[arg-type]


def refusal(call: Callable[[], object], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, NotEstimable) == (kind is NotEstimable)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            {"years": 0.0},
            {},
            "exposure column 'years' holds 40 values of zero or below, and must be positive: correct them, or remove "
            "those rows first and say so.",
        ),
        (
            {"left": -1},
            {},
            "events column 'left' holds 40 negative values, and counts are 0 or more: correct them.",
        ),
        (
            {"left": 0.5},
            {},
            "events column 'left' holds 40 values that are not whole numbers: give the count itself (a rate times its "
            "exposure), and the exposure in its own column.",
        ),
        (
            {},
            {"model": "gamma"},
            "model must be one of ['auto', 'poisson', 'negative_binomial'], got 'gamma'.",
        ),
        ({}, {"standardise": ["y"]}, "standardise names ['y'], which are not among the predictors ['x']."),
        (
            {},
            {"predictors": ["x", "no"]},
            "columns ['no'] are not in the data: check the spelling, or leave them out.",
        ),
        (
            {"intercept": 1.0},
            {"predictors": ["intercept"]},
            "a predictor is called 'intercept', the name of the constant: rename the column.",
        ),
    ],
)
def test_rates_refuse_wrong_input(
    change: dict[str, object], options: dict[str, object], message: str
) -> None:
    assert refusal(lambda: rates(counts().assign(**change), **options), ValueError) == message


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"left": 0}, {}, "events column 'left' is 0 in all 40 complete rows: nothing happened."),
        ({"left": np.nan}, {}, "no row has values in all of the columns ['left', 'years', 'x']."),
        ({"x": 1.0}, {}, "columns ['x'] are constant over the complete rows: leave them out."),
        (
            {"team": 1},
            {"cluster": "team"},
            "standard errors within clusters compare clusters and there is 1 in column 'team': name a cluster with two "
            "or more units, or leave cluster out to take rows.",
        ),
        (
            {"x": [0.0] * 36 + [1.0] * 4},
            {"cluster": "team"},
            "columns ['x'] are constant but for one unit in column 'team', so that units say nothing of the precision "
            "of their coefficients: leave them out.",
        ),
        (
            {"x": [1.0, 0.0, 2.0, 1.0] + [3.0] * 36},
            {"cluster": "team"},
            "columns ['x'] are constant but for one unit in column 'team', so that units say nothing of the precision "
            "of their coefficients: leave them out.",
        ),
        (
            {"x": [1.0, -1.0] * 20},
            {"cluster": "team", "standardise": ["x"]},
            "the means of 'x' do not differ between units, so there is no standard deviation over units: leave it out "
            "of standardise.",
        ),
        (
            {"left": [1, 2] * 20},
            {"model": "negative_binomial"},
            "the counts 'left' vary no more than Poisson, so the negative binomial has no finite theta: use "
            "model='poisson' or 'auto'.",
        ),
        (
            {"x": [0.0, 1.0] * 20, "left": [3, 6] * 20, "years": 1.0},
            {},
            "the counts 'left' are fitted exactly by ['x'], so nothing is left to estimate the precision from: use "
            "fewer predictors.",
        ),
    ],
)
def test_rates_say_why_there_is_no_answer(
    change: dict[str, object], options: dict[str, object], message: str
) -> None:
    assert refusal(lambda: rates(counts().assign(**change), **options), NotEstimable) == message


def test_copies_among_predictors_are_named() -> None:
    frame = counts().assign(copy=lambda d: 2 * d["x"], other=lambda d: d["years"] ** 2)
    assert refusal(lambda: rates(frame, predictors=["x", "copy", "other"]), NotEstimable) == (
        "columns ['x', 'copy'] are copies or linear combinations among themselves (to 1e-10 of their variance), so "
        "their coefficients are not unique: leave one of them out of each such set."
    )


SEPARATED = (
    "single out rows in which no event happened, so their rate ratio has no finite estimate (separation): leave them "
    "out, or merge categories."
)


def test_separated_counts_are_refused_by_name() -> None:
    frame = counts().assign(small=lambda d: (d.index < 8) * 1.0)
    frame.loc[frame["small"] == 1, "left"] = 0
    assert (
        refusal(lambda: rates(frame, predictors=["x", "small"]), NotEstimable)
        == f"columns ['small'] {SEPARATED}"
    )
    # By two columns together: no event where either of two dummies differs from the other.
    both = counts().assign(a=lambda d: d.index % 2 * 1.0, b=lambda d: (d.index % 2) * 1.0)
    both.loc[[1, 3, 5], "b"] = 0.0
    both.loc[[1, 3, 5], "left"] = 0
    found = refusal(lambda: rates(both, predictors=["a", "b", "x"]), NotEstimable)
    assert found == f"columns ['a', 'b'] {SEPARATED}"
    # With an event on the other side it is estimable.
    both.loc[[0, 2], "b"] = 1.0
    both.loc[[0, 2], "left"] = [0, 2]
    assert len(rate_regression(both, events="left", exposure="years", predictors=["a", "b", "x"]).table) == 4


def test_the_separation_example_of_the_reference_is_refused_by_name_as_hazards() -> None:
    """glm.fit reports convergence on it as a logistic regression; as counts it has a finite estimate."""
    frame = pd.DataFrame({"y": [0, 0, 0, 0, 1, 1, 1, 1], "x": range(1, 9)})
    frame["time"] = 9 - frame["x"]
    assert refusal(
        lambda: cox_regression(frame, duration="time", event="y", predictors=["x"]), NotEstimable
    ) == monotone(["x"])
    assert rate_regression(frame, events="y", exposure=None, predictors=["x"]).model == "poisson"


def monotone(columns: list[str]) -> str:
    return (
        f"at every event those who have it hold the largest (or all the smallest) value of {columns} among those at "
        "risk, so the hazard ratio has no finite estimate (monotone likelihood): leave out or merge categories of "
        "these columns, or describe the groups with kaplan_meier."
    )


def test_monotone_likelihood_is_refused_by_name() -> None:
    rng = np.random.default_rng(4)
    frame = staff().assign(stays=lambda d: 1.0 - d["left"] * 1.0)
    assert refusal(lambda: cox(frame, predictors=["x", "stays"]), NotEstimable) == monotone(["stays"])
    # No column alone, but their sum decides who leaves; a third has nothing to do with it.
    sums = pd.DataFrame(rng.normal(size=(60, 3)), columns=["x", "z", "other"])
    sums["years"] = 10.0 - sums["x"] - sums["z"]
    assert refusal(
        lambda: cox(sums.assign(left=1), predictors=["x", "z", "other"]), NotEstimable
    ) == monotone(["x", "z"])


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (
            {"left": 2},
            {},
            "event column 'left' holds 30 values other than 0 and 1: give 1 where the event happened at the end of the "
            "row's time, and 0 where it had not happened by then.",
        ),
        (
            {"years": 0.0},
            {},
            "duration column 'years' holds 30 values of zero or below: an exit on the first day is half a day, and "
            "other such rows are to be corrected.",
        ),
        (
            {"begin": 9.0},
            {"start": "begin"},
            "30 rows start ('begin') at or after the time they end ('years'): correct them, or remove those rows first "
            "and say so.",
        ),
        ({}, {"ties": "exact"}, "ties must be one of ['efron', 'breslow'], got 'exact'."),
    ],
)
def test_hazards_refuse_wrong_input(
    change: dict[str, object], options: dict[str, object], message: str
) -> None:
    assert refusal(lambda: cox(staff().assign(**change), **options), ValueError) == message


def test_hazards_say_why_there_is_no_answer() -> None:
    none = "event column 'left' is 0 in all 30 complete rows: nothing happened."
    assert refusal(lambda: cox(staff().assign(left=0)), NotEstimable) == none
    assert (
        refusal(lambda: kaplan_meier(staff().assign(left=0), duration="years", event="left"), NotEstimable)
        == none
    )
    region = staff().assign(x=lambda d: d.index % 2 * 1.0)
    assert refusal(lambda: cox(region.assign(region=region["x"]), strata="region"), NotEstimable) == (
        "among those at risk together, columns ['x'] do not vary or are combinations of one another at every event, so "
        "they have no hazard ratio: leave some of them out, or use fewer strata."
    )
    once = cox_regression(staff().assign(years=1.0), duration="years", event="left", predictors=["x"])
    assert refusal(lambda: proportional_hazards_test(once), NotEstimable) == (
        "all events happened at the same time, so hazards cannot change between events."
    )
    assert refusal(lambda: proportional_hazards_test(once, time="days"), ValueError) == (  # type: ignore[arg-type]
        "time must be one of ['km', 'identity', 'rank', 'log'], got 'days'."
    )


def test_kaplan_meier_refuses_unknown_options() -> None:
    def curve(**options: object) -> object:
        return kaplan_meier(staff(), duration="years", event="left", **options)  # type: ignore[arg-type]

    assert refusal(lambda: curve(interval="exact"), ValueError) == (
        "interval must be one of ['log-log', 'log', 'plain'], got 'exact'."
    )
    assert (
        refusal(lambda: curve(at=[2, 1]), ValueError) == "at must be a list of times that rise, got [2, 1]."
    )


def test_lags_refuse_wrong_input() -> None:
    units = pd.DataFrame(
        {"team": ["a", "a", "b"], "wave": [1, 2, 1], "ex": [1.0, 2.0, 3.0], "cx": [1.0, 1.0, 2.0]}
    )

    def lagged(frame: pd.DataFrame = units, **options: object) -> object:
        return lagged_frame(frame, unit="team", wave="wave", columns=["ex"], **options)  # type: ignore[arg-type]

    assert refusal(lambda: lagged(lag=0), ValueError) == (
        "lag must be a whole number other than 0, got 0: use 1 for the wave before, -1 for the one after."
    )
    assert (
        refusal(lambda: lagged(waves=[1]), ValueError)
        == "column 'wave' holds waves ['2'] that are not in waves [1]."
    )
    assert (
        refusal(lambda: lagged(waves=[1, 2, 1]), ValueError)
        == "waves names a wave more than once: [1, 2, 1]."
    )
    assert refusal(lambda: lagged(units.assign(wave=1)), ValueError) == (
        "1 rows repeat a unit in a wave: aggregate to one row per 'team' and 'wave'."
    )
    assert refusal(lambda: lagged(units.assign(team=["a", None, "b"])), ValueError) == (
        "1 rows have no 'team' or 'wave', and no place in the panel: fill these in, or remove the rows "
        "first and say so."
    )
    assert refusal(lambda: lagged(units.assign(**{"ex before 1": 1.0})), ValueError) == (
        "columns ['ex before 1'] are in the data already: rename them."
    )

    def both(frame: pd.DataFrame, **options: object) -> object:
        return lead_lag(frame, unit="team", wave="wave", outcome="cx", predictor="ex", **options)  # type: ignore[arg-type]

    assert (
        refusal(lambda: both(units, lag=0), ValueError) == "lag must be a whole number of 1 or more, got 0."
    )
    assert refusal(lambda: both(units.assign(ex=1.0)), NotEstimable) == (
        "the means of 'ex' do not differ between units, so there is no link to look for."
    )
    assert refusal(lambda: both(units), NotEstimable) == (
        "'ex' 1 wave(s) before 'cx': 2 coefficients need more than 2 complete rows, got 1 (2 left out as incomplete): "
        "use fewer predictors."
    )

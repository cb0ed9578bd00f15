"""Links within units, sampling errors of unit means, and panel models that take them as known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import NotMeasured, complaint_rate, link_table, side_scores, unit_mean_errors
from exresearch.models import NotEstimable, change_on_change, cross_lagged_panel, within_association

# The same sums in another order.
ROUNDING = 1e-9
ROLES = {"unit": "unit", "wave": "wave", "ex": "ex", "cx": "cx"}


def panel(n_units: int = 60, n_waves: int = 3, *, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    level = rng.multivariate_normal([0, 0], [[4, 3], [3, 4]], n_units)
    noise = rng.multivariate_normal([0, 0], [[1, -0.4], [-0.4, 1]], (n_units, n_waves))
    values = level[:, None, :] + noise + np.arange(n_waves)[None, :, None]
    return pd.DataFrame(
        {"unit": np.repeat(np.arange(n_units), n_waves), "wave": np.tile(np.arange(n_waves), n_units),
         "ex": values[..., 0].ravel(), "cx": values[..., 1].ravel()}
    )  # fmt: skip


def test_the_link_within_units_is_that_of_residuals_after_units_and_waves() -> None:
    frame = panel().drop(index=[3, 10, 11]).reset_index(drop=True)
    found = within_association(frame, **ROLES, n_boot=400, seed=1)
    # Rows that are alone in their unit tell nothing about change.
    kept = frame[frame.groupby("unit")["unit"].transform("size") > 1]
    dummies = pd.get_dummies(kept[["unit", "wave"]].astype(str), drop_first=True).to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(kept)), dummies])
    values = kept[["ex", "cx"]].to_numpy()
    rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    row = found.table.iloc[0]
    assert row["estimate"] == pytest.approx(np.corrcoef(rest.T)[0, 1], abs=ROUNDING)
    assert (row["n"], row["n_units"], row["n_excluded"]) == (len(kept), 59, 1)
    np.testing.assert_allclose(found.deviations[["ex", "cx"]], rest, atol=ROUNDING)
    assert row["conf_low"] < row["estimate"] < row["conf_high"] < 0
    again = within_association(frame.sample(frac=1, random_state=1), **ROLES, n_boot=400, seed=1)
    assert again.table.iloc[0].to_dict() == pytest.approx(row.to_dict(), abs=ROUNDING)


def test_with_two_waves_it_is_the_link_of_changes() -> None:
    frame = panel(n_waves=2)
    within = within_association(frame, **ROLES, n_boot=400, seed=1).table.iloc[0]
    changes = change_on_change(frame, **ROLES, n_boot=400, seed=1).iloc[0]
    assert within["estimate"] == pytest.approx(changes["estimate"], abs=ROUNDING)
    # Changes have a mean that is drawn anew in every replicate, deviations do not.
    for name in ("conf_low", "conf_high"):
        assert within[name] == pytest.approx(changes[name], abs=0.02)


def test_what_does_not_vary_within_units_has_no_link() -> None:
    frame = panel()
    with pytest.raises(NotEstimable) as caught:
        within_association(frame.assign(ex=frame["unit"] + 5.0 * frame["wave"]), **ROLES, seed=1)
    assert str(caught.value) == "within units one of the two does not vary beyond what all units share."
    with pytest.raises(NotEstimable, match="at least 10 units with two waves, got 9"):
        within_association(frame[frame["unit"] < 9], **ROLES, seed=1)


def answers(*, n_units: int, n_people: int, waves: int, stays: float, seed: int = 5) -> pd.DataFrame:
    """People with a lasting deviation from their unit, of whom a share `stays` of the variance comes again."""
    rng = np.random.default_rng(seed)
    lasting = np.sqrt(stays) * rng.normal(size=(n_units, n_people, 1))
    passing = np.sqrt(1 - stays) * rng.normal(size=(n_units, n_people, waves))
    unit, person, wave = np.indices((n_units, n_people, waves))
    return pd.DataFrame(
        {"value": (lasting + passing).ravel(), "unit": unit.ravel(), "wave": [str(w) for w in wave.ravel()],
         "person": (unit * n_people + person).ravel()}
    )  # fmt: skip


def test_sampling_errors_are_the_variance_of_means_and_come_again_with_the_people() -> None:
    frame = answers(n_units=400, n_people=8, waves=3, stays=0.6)
    columns: dict[str, Any] = {"unit": frame["unit"], "wave": frame["wave"], "waves": ["0", "1", "2"]}
    errors = unit_mean_errors(frame["value"], **columns, person=frame["person"])
    by_cell = frame.groupby(["unit", "wave"])["value"]
    expected = (by_cell.var() / by_cell.size()).groupby("wave").mean()
    np.testing.assert_allclose(np.diag(errors), expected, rtol=1e-12)
    # All units have the same level here, so that their means vary by sampling alone.
    observed = by_cell.mean().unstack().cov().to_numpy()
    np.testing.assert_allclose(errors, observed, atol=4 * np.sqrt(2 / 400) / 8)
    assert errors[0, 1] == pytest.approx(0.6 / 8, abs=0.01)
    strangers = unit_mean_errors(frame["value"], **columns)
    np.testing.assert_allclose(strangers, np.diag(np.diag(errors)), atol=ROUNDING)
    equal = unit_mean_errors(frame["value"], **columns, weights=pd.Series(7.0, index=frame.index))
    np.testing.assert_allclose(equal, strangers, atol=ROUNDING)
    alone = unit_mean_errors(
        pd.Series([1.0, 2.0]), unit=pd.Series(["a", "b"]), wave=pd.Series(["0", "0"]), waves=["0"]
    )
    assert np.isnan(alone).all()
    with pytest.raises(ValueError) as caught:
        unit_mean_errors(frame["value"], **{**columns, "unit": frame["unit"].head(2)})
    assert str(caught.value) == f"unit must have one entry per value ({len(frame)})."


def test_known_errors_bring_back_what_unreliable_means_hide() -> None:
    rng = np.random.default_rng(8)
    n, waves, lag = 600, 4, np.array([[0.4, 0.0], [0.3, 0.4]])
    level, now = rng.normal(size=(n, 2)), rng.normal(size=(n, 2)) * 1.15
    common = 0.6 * rng.normal(size=n)
    rows = []
    for wave in range(waves):
        seen = level + now
        seen[:, 0] += common + 0.8 * rng.normal(size=n)
        rows.append(pd.DataFrame(seen, columns=["ex", "cx"]).assign(unit=range(n), wave=wave))
        now = now @ lag.T + rng.normal(size=(n, 2))
    frame = pd.concat(rows)
    errors = {"ex": 0.36 + 0.64 * np.eye(waves)}
    plain, corrected = (cross_lagged_panel(frame, **ROLES, known_errors=known) for known in (None, errors))
    for fit, holds in ((plain, False), (corrected, True)):
        raw = fit.table[(fit.table["scale"] == "raw") & (fit.table["term"] == "ex_to_cx")].iloc[0]
        assert (raw["conf_low"] <= 0.3 <= raw["conf_high"]) == holds
    assert corrected.method.endswith("known errors of ex")
    assert corrected.fit.df == plain.fit.df
    zero = cross_lagged_panel(frame, **ROLES, known_errors={"ex": np.zeros((4, 4)), "cx": np.zeros((4, 4))})
    assert zero.effects.to_numpy() == pytest.approx(plain.effects.to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known_errors": {"ex": np.eye(3)}, "model": "clpm"},
         "known_errors need random intercepts: set model to 'ri_clpm'."),
        ({"known_errors": {"bx": np.eye(3)}}, "known_errors are given for 'ex' and 'cx', got ['bx']."),
        ({"known_errors": {"ex": np.eye(2)}},
         "known_errors of 'ex' must be a symmetric matrix of 3 by 3 finite numbers, one row per wave; got the shape "
         "(2, 2)."),
    ],
)  # fmt: skip
def test_errors_that_fit_no_model_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        cross_lagged_panel(panel(), **ROLES, **options)
    assert str(caught.value) == message


def test_complaints_per_head_are_a_customer_side(client: Any) -> None:
    client.tables["units"]["complaints"] = [0, 6, 12, 3, 24, 12]
    client.variables["units.staff"] |= {"construct": "headcount"}
    client.variables["units.complaints"] = client.entry(
        "units", "complaints", "count", construct="complaints"
    )
    study = client.load()
    side = complaint_rate(study)
    # Twelve people in every unit; fewer complaints are better.
    assert side.frame["value"].tolist() == [0.0, -0.5, -1.0, -0.25, -2.0, -1.0]
    assert side.frame["n"].tolist() == [12.0] * 6
    link = link_table(
        study, ex_measure="engagement", cx_measure="complaints", engaged_definition="highly_or_moderately"
    )
    assert link.units["cx"].tolist() == side.frame["value"].tolist()
    scores, kind = side_scores(study, "engagement", "employees")
    means = scores.groupby(study.table("employees")["unit"]).mean()
    assert kind == "share"
    assert link.units["ex"].to_numpy() == pytest.approx(means.to_numpy(dtype=float), abs=ROUNDING)
    del client.variables["units.complaints"]
    with pytest.raises(NotMeasured) as caught:
        complaint_rate(client.load())
    assert str(caught.value) == "complaints per head need counts of complaints and of heads in table 'units'."
    with pytest.raises(NotMeasured) as caught:
        side_scores(study, "joy", "employees")
    assert str(caught.value) == "construct 'joy' has no items in table 'employees' with a unit."

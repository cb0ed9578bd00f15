"""The response surface against least squares written out, surfaces of known shape, and planted truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS, WLS

from exresearch.models import NotEstimable
from exresearch.models.surface import response_surface
from exresearch.models.surface.axes import axes_gradient, bootstrap_coefficients, surface_axes

# Another order of summation.
EXACT = 1e-9
SEVEN = {"x_limits": (1, 7), "y_limits": (1, 7)}
NAMES = {"outcome": "z", "x": "ex", "y": "cx"}


def planted(seed: int = 2, n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.uniform(1, 7, (n, 2)), columns=["ex", "cx"])
    x, y = frame["ex"] - 4, frame["cx"] - 4
    frame["z"] = 2 + 0.3 * x - 0.2 * y - 0.3 * x**2 + 0.4 * x * y - 0.2 * y**2 + rng.normal(size=n)
    return frame.assign(size=rng.normal(size=n), team=np.arange(n) // 6, w=rng.uniform(0.5, 2, n))


def refusal(call: object, kind: type[Exception] = ValueError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize(("scale", "weights"), [("midpoint", None), ("grand_mean", "w"), ("midpoint", "w")])
def test_lines_and_tests_by_matrices(scale: str, weights: str | None) -> None:
    frame = planted()
    surface = response_surface(
        frame,
        **NAMES,
        **SEVEN,
        scale=scale,
        weights=weights,
        covariates=["size"],
        covariance="classical",
        n_boot=99,
        seed=1,
    )
    w = frame["w"].to_numpy() if weights else np.ones(len(frame))
    centre = 4.0 if scale == "midpoint" else float(np.average(frame[["ex", "cx"]].mean(axis=1), weights=w))
    assert_allclose(surface.centre, [centre, centre])
    x, y = frame["ex"] - centre, frame["cx"] - centre
    design = np.column_stack([np.ones(len(frame)), x, y, x**2, x * y, y**2, frame["size"]])
    fit = WLS(frame["z"], design, weights=w).fit()
    assert_allclose(surface.coefficients["estimate"], fit.params, rtol=EXACT, atol=EXACT)
    rows = np.zeros((5, 7))
    rows[:, 1:6] = [[1, 1, 0, 0, 0], [0, 0, 1, 1, 1], [1, -1, 0, 0, 0], [0, 0, 1, -1, 1], [0, 0, 1, 0, -1]]
    for row, (_, line) in zip(rows, surface.lines.iterrows(), strict=True):
        expected = fit.t_test(np.array(row, float))
        assert_allclose(line["estimate"], float(expected.effect.item()), rtol=EXACT)
        assert_allclose(line["std_error"], float(np.asarray(expected.sd).item()), rtol=EXACT)
        assert_allclose(
            line[["conf_low", "conf_high"]].astype(float), np.asarray(expected.conf_int())[0], rtol=1e-8
        )
    joint = {
        "second_order": [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
        "difference_score": [[1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]],
        "squared_difference": [[1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 1, 0, -1], [0, 0, 2, 1, 0]],
    }
    assert surface.tests["term"].tolist() == list(joint)
    for name, (_, row) in zip(joint, surface.tests.iterrows(), strict=True):
        assert_allclose(
            row["statistic"],
            fit.f_test(np.pad(np.array(joint[name], float), [(0, 0), (1, 1)])).fvalue,
            rtol=1e-8,
        )


def test_the_bootstrap_is_least_squares_of_each_draw() -> None:
    from exresearch.models import bootstrap_counts

    frame = planted(n=60)
    design = np.column_stack([np.ones(60), frame["ex"], frame["cx"]])
    codes = frame["team"].to_numpy()
    drawn = bootstrap_coefficients(
        design, frame["z"].to_numpy(), frame["w"].to_numpy(), codes, n_boot=5, seed=3
    )
    for counts, row in zip(bootstrap_counts(10, n_boot=5, seed=3), drawn, strict=True):
        expected = WLS(frame["z"], design, weights=frame["w"] * counts[codes]).fit().params
        assert_allclose(row, expected, rtol=1e-8)


def test_axes_of_a_known_surface() -> None:
    """A ridge turned by a known angle around a known point, from its eigenvectors."""
    angle, x0, y0 = 0.6, 0.7, -0.4
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for values in ([-0.2, -1.0], [1.0, 0.3], [0.5, -0.8]):
        form = turn @ np.diag(values) @ turn.T
        slope = -2 * form @ [x0, y0]
        found = surface_axes(np.array([*slope, form[0, 0], 2 * form[0, 1], form[1, 1]]))
        first, second = np.tan(angle), -1 / np.tan(angle)
        assert_allclose(found, [x0, y0, y0 - first * x0, first, y0 - second * x0, second], rtol=1e-10)
    # Derivatives against those of the stationary point, for a bowl along the axes.
    gradient = axes_gradient(np.array([0.4, 0.2, -1.0, 1e-3, -0.5]))
    assert_allclose(gradient[0, 0], 0.5, rtol=1e-4)
    assert not np.isfinite(surface_axes(np.array([1.0, 1.0, 0.0, 0.0, 0.0]))).any()


def test_planted_truth_lies_in_the_intervals() -> None:
    truth = surface_axes(np.array([0.3, -0.2, -0.3, 0.4, -0.2]))
    lines = [0.1, -0.1, 0.5, -0.9, -0.1]
    inside = []
    for seed in range(40):
        surface = response_surface(
            planted(seed=seed), **NAMES, **SEVEN, cluster="team", n_boot=199, seed=seed
        )
        assert surface.lines["method"].iloc[0].startswith("least squares, CR2")
        held = [
            (table["conf_low"] < true) & (true < table["conf_high"])
            for table, true in ((surface.lines, lines), (surface.axes, truth))
        ]
        inside.append(np.concatenate(held))
    # 95 % of 40 draws, with four standard errors of room.
    assert np.mean(inside, axis=0).min() > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 40)


def test_delta_method_and_bootstrap_agree_in_large_samples() -> None:
    surface = response_surface(planted(n=3000), **NAMES, **SEVEN, n_boot=999, seed=1)
    axes = surface.axes.set_index("term")
    width = (axes["conf_high"] - axes["conf_low"]) / (2 * 1.96 * axes["std_error"])
    assert_allclose(width.loc[["stationary_x", "stationary_y", "first_axis_slope"]], 1.0, atol=0.2)
    assert axes["null"].tolist() == [0.0, 0.0, 0.0, 1.0, 0.0, -1.0]
    # The planted axis is not the line of congruence (slope 1.28), nor are the lines of a difference score.
    assert axes.loc["first_axis_slope", "p_value"] < 0.05
    assert surface.tests.set_index("term").loc["difference_score", "p_value"] < 1e-6


def test_standardised_is_a_surface_of_z_scores() -> None:
    frame = planted().assign(cx=lambda d: 40 * d["cx"] - 3)
    surface = response_surface(frame, **NAMES, scale="standardised", n_boot=99, seed=1)
    z = (frame - frame.mean()) / frame.std(ddof=0)
    design = np.column_stack([np.ones(150), z["ex"], z["cx"], z["ex"] ** 2, z["ex"] * z["cx"], z["cx"] ** 2])
    assert_allclose(surface.coefficients["estimate"], OLS(z["z"], design).fit().params, rtol=1e-8, atol=1e-10)


def test_order_of_rows_and_missing_values() -> None:
    frame = planted()
    one = response_surface(frame, **NAMES, **SEVEN, cluster="team", n_boot=99, seed=1)
    holed = pd.concat([frame, frame.iloc[:3].assign(z=np.nan)])
    other = response_surface(
        holed.sample(frac=1, random_state=1), **NAMES, **SEVEN, cluster="team", n_boot=99, seed=1
    )
    assert_allclose(one.axes["conf_low"], other.axes["conf_low"], rtol=1e-6)
    assert_allclose(one.lines["std_error"], other.lines["std_error"], rtol=1e-8)
    assert other.lines["n"].tolist() == [150] * 5
    assert other.lines["n_excluded"].tolist() == [3] * 5


def test_too_few_clusters_for_a_joint_test_is_a_row_with_a_reason() -> None:
    frame = planted(n=40).assign(team=np.arange(40) % 10)
    tests = response_surface(
        frame, **NAMES, **SEVEN, cluster="team", covariance="CR1", n_boot=99, seed=1
    ).tests
    assert tests["reason"].isna().all()
    tests = response_surface(frame, **NAMES, **SEVEN, cluster="team", n_boot=99, seed=1).tests
    assert (tests["reason"].isna() == tests["p_value"].notna()).all()


def test_balance_counts_both_sides() -> None:
    frame = planted(n=100).round({"ex": 0, "cx": 0})
    balance = response_surface(frame, **NAMES, **SEVEN, n_boot=99, seed=1).balance.set_index("group")
    assert balance.loc["x_above_y", "n"] == (frame["ex"] > frame["cx"]).sum()
    assert balance.loc["equal", "n"] == (frame["ex"] == frame["cx"]).sum()
    assert_allclose(balance.loc[["x_above_y", "y_above_x", "equal"], "share"].sum(), 1.0)
    assert balance.loc["x_far_above_y", "n"] <= balance.loc["x_above_y", "n"]


def test_refusals() -> None:
    frame = planted()

    def run(data: pd.DataFrame = frame, kind: type[Exception] = ValueError, **options: object) -> str:
        return refusal(lambda: response_surface(data, **{**NAMES, **SEVEN, "seed": 1, **options}), kind)

    assert run(y_limits=(0, 10)) == (
        "'ex' and 'cx' are on different scales ((1, 7) and (0, 10)), so that being equal has no meaning: rescale "
        "both to one scale first, or give scale='standardised' to compare positions relative to others."
    )
    assert run(x_limits=None) == (
        "x_limits must be the lowest and highest possible answer, as in (1, 7), got None: without a common scale give "
        "scale='standardised'."
    )
    assert run(frame.assign(cx=frame["cx"] + 5)).startswith("column 'cx' holds ")
    assert run(frame.assign(gap=lambda d: (d["ex"] - d["cx"]).abs()), covariates=["gap"]) == (
        "columns ['gap'] are difference scores of 'ex' and 'cx', which hide what each of them does: leave "
        "them out, the surface holds them as a special case."
    )
    assert run(frame.assign(z=frame["ex"] - frame["cx"])).startswith("columns ['z'] are difference scores")
    assert run(scale="z") == "scale must be 'midpoint', 'grand_mean' or 'standardised', got 'z'."
    assert run(frame.rename(columns={"size": "x*y"}), covariates=["x*y"]) == (
        "covariates ['x*y'] have the name of a term of the surface: rename them."
    )
    assert run(frame.iloc[:8], NotEstimable) == (
        "a response surface needs at least 10 units with ['z', 'ex', 'cx'], got 8 (0 rows left out as incomplete)."
    )
    assert run(frame.assign(ex=3.0), NotEstimable) == "columns ['ex'] are constant over the complete rows."

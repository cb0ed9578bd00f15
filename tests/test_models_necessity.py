"""Necessary conditions: by hand, against brute force, by identities, and on a planted ceiling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exresearch.models import NotEstimable, bottlenecks, ceiling_line, necessity
from exresearch.models.necessity import _permuted

X = [1.0, 2.0, 2.0, 3.0, 4.0, 5.0]
Y = [2.0, 1.0, 4.0, 3.0, 7.0, 6.0]


def test_a_small_example_by_hand() -> None:
    """Corners (1, 2), (2, 4), (4, 7); scope 4 x 6. Above the steps: 1 * 5 + 2 * 3 + 1 * 0 = 11 of 24.

    The line through the corners: slope 23/14 = 1.642857, intercept 13/3 - slope * 7/3 = 0.5. It leaves the scope at
    y = 7 with x = 3.956522; at x = 1 it has y = 2.142857. The triangle above it: 2.956522 * 4.857143 / 2 = 7.180124.
    """
    steps = ceiling_line(X, Y)
    assert steps.peers.tolist() == [[1, 2], [2, 4], [4, 7]]
    assert steps.effect_size == pytest.approx(11 / 24)
    assert steps.accuracy == 1.0
    line = ceiling_line(X, Y, method="cr_fdh")
    assert line.slope == pytest.approx(23 / 14)
    assert line.intercept == pytest.approx(0.5)
    assert line.effect_size == pytest.approx(2.9565217391 * 4.8571428571 / 2 / 24)
    # (2, 4) lies above the line, at 3.785714.
    assert line.accuracy == pytest.approx(5 / 6)


def test_bottlenecks_by_hand() -> None:
    lines = {"steps": ceiling_line(X, Y), "line": ceiling_line(X, Y, method="cr_fdh")}
    table = bottlenecks(lines, levels=[2, 3, 7, 8])
    assert table["steps"].tolist()[1:] == [2.0, 4.0, np.inf]
    assert np.isnan(table["steps"][0])
    assert np.isnan(table["line"][0])
    assert table["line"][1] == pytest.approx((3 - 0.5) * 14 / 23)
    assert table["line"][2] == pytest.approx((7 - 0.5) * 14 / 23)
    assert table["line"][3] == pytest.approx((8 - 0.5) * 14 / 23)


@pytest.mark.parametrize("seed", range(4))
def test_the_area_is_that_of_a_fine_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.random(25), rng.random(25)
    grid = (np.arange(1500) + 0.5) / 1500
    low, high = min(x), max(x)
    across = low + grid * (high - low)
    steps = ceiling_line(x, y)
    highest = np.array([y[x <= at].max() for at in across])
    assert steps.effect_size == pytest.approx(np.mean((max(y) - highest) / (max(y) - min(y))), abs=1e-3)
    line = ceiling_line(x, y, method="cr_fdh")
    heights = np.clip(line.intercept + line.slope * across, min(y), max(y))
    expected = np.mean((max(y) - heights) / (max(y) - min(y))) if line.slope > 0 else 0.0
    assert line.effect_size == pytest.approx(expected, abs=1e-3)


def test_identities() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=60), rng.normal(size=60)
    for method in ("ce_fdh", "cr_fdh"):
        found = ceiling_line(x, y, method=method)
        order = rng.permutation(60)
        assert ceiling_line(x[order], y[order], method=method).effect_size == pytest.approx(found.effect_size)
        # The effect size has no unit, and the straight line with it.
        scaled = ceiling_line(3 * x - 2, 10 * y + 4, method=method)
        assert scaled.effect_size == pytest.approx(found.effect_size)
        assert scaled.accuracy == found.accuracy
    wide = (float(min(x)), float(max(x)), float(min(y)), float(max(y)) + (max(y) - min(y)))
    # A scope twice as high adds an empty half above.
    assert ceiling_line(x, y, scope=wide).effect_size == pytest.approx(
        (1 + ceiling_line(x, y).effect_size) / 2
    )


def test_permutations_are_ceilings_of_shuffled_answers() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.integers(1, 8, 50).astype(float), rng.integers(0, 11, 50).astype(float)
    found = _permuted(x, y, scope=(1, 7, 0, 10), n=20, seed=[1, 2])
    again = np.random.default_rng([1, 2]).permuted(np.tile(y, (20, 1)), axis=1)
    for method, sizes in found.items():
        expected = [
            ceiling_line(np.sort(x), row, method=method, scope=(1, 7, 0, 10)).effect_size for row in again
        ]
        np.testing.assert_allclose(sizes, expected, atol=1e-12)


def test_a_planted_ceiling_is_found_and_noise_is_not() -> None:
    rng = np.random.default_rng(7)
    rating = rng.integers(1, 8, 800)
    data = pd.DataFrame({"last": rating, "other": rng.integers(1, 8, 800)})
    data["enps"] = np.minimum(rng.integers(0, 11, 800), 4 + rating)
    data.loc[:9, "enps"] = np.nan
    found = necessity(
        data, outcome="enps", conditions=["last", "other"], scope=(1, 7, 0, 10), n_permutations=399, seed=1
    ).set_index(["condition", "method"])
    # Steps of 5, 4, 3, 2 and 1 above the ceiling, of 6 x 10; a triangle of 5 x 5 for the line.
    assert found.loc[("last", "ce_fdh"), "effect_size"] == pytest.approx(15 / 60)
    assert found.loc[("last", "cr_fdh"), "effect_size"] == pytest.approx(12.5 / 60)
    assert found.loc[("last", "cr_fdh"), "slope"] == pytest.approx(1)
    assert found.loc[("last", "cr_fdh"), "intercept"] == pytest.approx(4)
    assert (found.loc["last", "p_value"] == 1 / 400).all()
    assert (found.loc["other", "effect_size"] == 0).all()
    assert (found.loc["other", "p_value"] == 1).all()
    assert (found["n"] == 790).all()
    assert (found["n_excluded"] == 10).all()


def test_the_permutation_test_keeps_its_level() -> None:
    rng = np.random.default_rng(8)
    below = 0
    for number in range(80):
        data = pd.DataFrame({"x": rng.normal(size=40), "y": rng.normal(size=40)})
        found = necessity(data, outcome="y", conditions=["x"], n_permutations=99, seed=number)
        below += int(found["p_value"].iloc[0] <= 0.05)
    # Binomial(80, 0.05): 11 or fewer in 99.9 % of cases.
    assert below <= 11


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"^method must be 'ce_fdh' or 'cr_fdh', got 'c_lp'\.$"):
        ceiling_line(X, Y, method="c_lp")
    with pytest.raises(
        ValueError, match=r"^x and y must be of the same length, got shapes \(2,\) and \(1,\)\.$"
    ):
        ceiling_line([1, 2], [1])
    with pytest.raises(ValueError, match=r"^x and y must be finite: leave out what is missing first\.$"):
        ceiling_line([1, np.nan], [1, 2])
    with pytest.raises(NotEstimable, match=r"^the condition or the outcome does not vary\.$"):
        ceiling_line([1, 1], [1, 2])
    with pytest.raises(
        ValueError, match=r"^scope \(2, 5, 0, 10\) leaves observations out; give the ends of both scales\.$"
    ):
        ceiling_line(X, Y, scope=(2, 5, 0, 10))
    data = pd.DataFrame({"x": X, "y": Y})
    with pytest.raises(ValueError, match=r"^necessity needs columns that the data lack: z, w\.$"):
        necessity(data, outcome="z", conditions=["w"], seed=1)
    with pytest.raises(NotEstimable, match=r"^6 rows are too few to draw a ceiling; 10 are needed\.$"):
        necessity(data, outcome="y", conditions=["x"], seed=1)

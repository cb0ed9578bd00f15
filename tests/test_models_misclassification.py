"""Agreement and corrected shares: closed forms, another implementation, and what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exresearch.models import NotEstimable
from exresearch.models.misclassification import _unmixed, corrected_shares, nominal_agreement

ROUNDING = 1e-9


def test_kappa_is_that_of_sklearn_and_alpha_that_of_pairs() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    table = np.array([[12, 3, 1], [2, 9, 4], [0, 5, 14]])
    true, given = (np.repeat(np.indices(table.shape)[axis].ravel(), table.ravel()) for axis in (0, 1))
    found = nominal_agreement(table, seed=1).set_index("term")["estimate"]
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(true, given), abs=ROUNDING)
    # Krippendorff by brute force: disagreement within things over disagreement between all pairs of values.
    values = np.concatenate([true, given])
    between = (values[:, None] != values[None, :]).sum() / (values.size * (values.size - 1))
    assert found["alpha"] == pytest.approx(1 - np.mean(true != given) / between, abs=ROUNDING)
    assert found["accuracy"] == pytest.approx(np.mean(true == given), abs=ROUNDING)


def test_all_draws_are_unmixed_as_each_of_them_alone() -> None:
    rng = np.random.default_rng(6)
    mistakes = rng.dirichlet([2.0, 1.0, 0.5], size=(7, 3))
    seen = rng.integers(0, 30, size=(7, 3)).astype(float)
    seen[2] = 0.0
    found = _unmixed(seen, mistakes)
    for given, chances, shares in zip(seen, mistakes, found, strict=True):
        expected = np.full(3, 1 / 3)
        for _ in range(300):
            joint = expected[:, None] * chances
            expected = (joint * (given / np.maximum(joint.sum(axis=0), 1e-300))).sum(axis=1) / max(
                given.sum(), 1
            )
        np.testing.assert_allclose(shares, expected, atol=1e-12)


def coded(shares: list[float], table: np.ndarray, *, n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    true = rng.choice(len(shares), n, p=shares)
    given = [rng.choice(len(shares), p=table[code]) for code in true]
    return pd.DataFrame(
        {"where": "here", "code": np.array(list("abc"))[given], "by": "x", "who": np.arange(n) // 2}
    )


TABLE = np.array([[0.8, 0.15, 0.05], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
OPTIONS = {
    "group": "where",
    "code": "code",
    "stratum": "by",
    "codes": ["a", "b", "c"],
    "cluster": "who",
    "seed": 1,
}


def test_two_codes_are_rogan_and_gladen() -> None:
    given = pd.DataFrame({"where": 1, "code": ["a"] * 40 + ["b"] * 60, "by": "x"})
    options = {
        "group": "where",
        "code": "code",
        "stratum": "by",
        "codes": ["a", "b"],
        "seed": 1,
        "n_boot": 50,
    }
    found = corrected_shares(given, confusion={"x": [[90, 10], [20, 80]]}, **options)
    assert found["estimate"].iloc[0] == pytest.approx((0.4 + 0.8 - 1) / (0.9 + 0.8 - 1), abs=1e-6)


def test_planted_shares_come_back_and_lie_in_the_interval() -> None:
    shares = [0.6, 0.3, 0.1]
    found = corrected_shares(
        coded(shares, TABLE, n=4000, seed=2), confusion={"x": TABLE * 500}, n_boot=200, **OPTIONS
    )
    np.testing.assert_allclose(found["estimate"], shares, atol=0.04)
    assert ((found["conf_low"] < shares) & (shares < found["conf_high"])).all()
    assert found["estimate"].sum() == pytest.approx(1.0)
    assert found["n"].sum() == 4000


def test_strata_have_tables_of_their_own() -> None:
    one, two = (
        coded([0.6, 0.3, 0.1], TABLE, n=2000, seed=3),
        coded([0.6, 0.3, 0.1], TABLE[::-1], n=2000, seed=4),
    )
    both = pd.concat([one, two.assign(by="y", who=two["who"] + 10_000)], ignore_index=True)
    tables = {"x": TABLE * 1e4, "y": TABLE[::-1] * 1e4}
    found = corrected_shares(both, confusion=tables, n_boot=20, **OPTIONS)
    np.testing.assert_allclose(found["estimate"], [0.6, 0.3, 0.1], atol=0.06)


def test_refusals() -> None:
    frame = coded([0.6, 0.3, 0.1], TABLE, n=20, seed=1)
    with pytest.raises(NotEstimable, match="a sample with every code"):
        corrected_shares(frame, confusion={"x": [[1, 0, 0], [0, 1, 0], [0, 0, 0]]}, **OPTIONS)
    with pytest.raises(ValueError, match="are not known"):
        corrected_shares(frame.assign(by="z"), confusion={"x": TABLE}, **OPTIONS)
    with pytest.raises(ValueError, match="must be square"):
        nominal_agreement([[1, 2]], seed=1)

"""Segments: against poLCA, mclust, StepMix and scikit-learn, by identities, on planted truth and on noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import adjusted_rand_score
from stepmix.stepmix import StepMix
from threadpoolctl import threadpool_limits

from exresearch.models import NotEstimable
from exresearch.models.segmentation import (
    adjusted_rand,
    choose_segments,
    comparison_data,
    em,
    held_out_fits,
    held_out_predictions,
    k_means,
    latent_classes,
    latent_profiles,
    leaps,
    refit_segments,
    structure_test,
)
from exresearch.models.segmentation.em import Search
from exresearch.models.segmentation.features import profile_features
from exresearch.models.segmentation.ridge import PENALTIES
from exresearch.models.segmentation.steps import ground, step

# Both search until the likelihood hardly rises; a flat top leaves this much in its place.
FLAT = 1e-3
EXACT = Search(tolerance=1e-11, most=5000)
ITEMS = [f"V{number}" for number in range(1, 7)]
REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "segmentation.json").read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def lca() -> pd.DataFrame:
    counted = pd.DataFrame(REFERENCE["patterns"]["rows"], columns=REFERENCE["patterns"]["columns"])
    return counted.loc[counted.index.repeat(counted["count"])].reset_index(drop=True).astype(float)


def planted(n: int = 400, *, seed: int = 1, step: float = 2.0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    segment = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    mean = 4.0 + step * np.repeat(np.eye(3), 2, axis=1)
    answers = np.clip(np.rint(mean[segment] + rng.standard_normal((n, 6))), 1, 7)
    return pd.DataFrame(answers, columns=list("abcdef")), segment


@pytest.mark.parametrize("k", [1, 2, 3])
def test_latent_classes_are_those_of_polca(lca: pd.DataFrame, k: int) -> None:
    found, theirs = latent_classes(lca[ITEMS], k=k, search=EXACT), REFERENCE["lca_sim"][f"k{k}"]
    assert found.log_likelihood == pytest.approx(theirs["llik"], abs=FLAT)
    assert found.aic == pytest.approx(theirs["aic"], abs=FLAT)
    assert found.bic == pytest.approx(theirs["bic"], abs=FLAT)
    assert found.n_parameters == theirs["npar"]
    assert found.converged
    shares = np.atleast_1d(theirs["P"])
    order = np.argsort(-shares)
    np.testing.assert_allclose(found.shares, shares[order], atol=FLAT)
    for item in ITEMS:
        their_item = np.array(theirs["probs"][item]["data"])[order]
        np.testing.assert_allclose(found.probabilities[item].to_numpy(), their_item, atol=FLAT)
        np.testing.assert_allclose(found.means[item], their_item @ [1, 2], atol=FLAT)
    if k > 1:
        assert found.entropy == pytest.approx(theirs["entropy_rel"], abs=FLAT)


@pytest.mark.parametrize(("k", "runs"), [(2, 20), (3, 20), (4, 8)])
def test_the_best_likelihood_is_found_from_almost_every_random_beginning(
    lca: pd.DataFrame, k: int, runs: int
) -> None:
    best = REFERENCE["lca_sim"][f"k{k}"]["llik"]
    # With four classes the top is a long ridge: a tenth from it is on the same hill, the next one is 0.8 below.
    near, search = (FLAT, EXACT) if k < 4 else (0.1, Search(tolerance=1e-8, most=1500))
    fits = [latent_classes(lca[ITEMS], k=k, seed=seed, search=search) for seed in range(runs)]
    assert sum(fit.log_likelihood >= best - near for fit in fits) >= runs - 1
    assert max(fit.log_likelihood for fit in fits) <= best + FLAT


def test_known_classes_are_recovered(lca: pd.DataFrame) -> None:
    found = latent_classes(lca[ITEMS], k=3)
    assert adjusted_rand(found.segment, lca["true"]) > 0.6


def test_profiles_of_iris_are_those_of_mclust() -> None:
    iris = pd.DataFrame(load_iris().data, columns=["a", "b", "c", "d"])
    for name, variances in (("EEI", "equal"), ("VVI", "free")):
        for k in (1, 2, 3):
            found = latent_profiles(iris, k=k, variances=variances, search=EXACT)  # type: ignore[arg-type]
            theirs = REFERENCE["mclust_bic"][name][k - 1]
            # Theirs starts once, from a tree: random starts find the same hill or a higher one.
            assert -found.bic >= theirs - FLAT
            if k < 3:
                assert -found.bic == pytest.approx(theirs, abs=FLAT)
    two = latent_profiles(iris, k=2, variances="free").segment
    rand = adjusted_rand(two, load_iris().target)
    assert rand == pytest.approx(adjusted_rand_score(two, load_iris().target))
    species = load_iris().target
    assert adjusted_rand(species > 0, species) == pytest.approx(REFERENCE["ari"]["iris_mclust2_vs_species"])


def test_profiles_with_weights_and_missing_answers_are_those_of_stepmix() -> None:
    answers, _ = planted(300)
    weights = np.random.default_rng(2).uniform(0.5, 2, 300)
    holed = answers.mask(np.random.default_rng(3).random(answers.shape) < 0.1)
    found = latent_profiles(holed, k=3, weights=weights, variances="free", search=EXACT, least_variance=1e-6)
    judge = StepMix(
        n_components=3, measurement="gaussian_diag_nan", n_init=10, max_iter=3000, abs_tol=1e-12, rel_tol=0.0,
        random_state=1, progress_bar=0, verbose=0,
    ).fit(holed.to_numpy(), sample_weight=weights)  # fmt: skip
    scaled = judge.score(holed.to_numpy(), sample_weight=weights) * 300
    assert found.log_likelihood == pytest.approx(scaled, abs=0.01)


def test_two_rows_weigh_as_one_that_counts_twice() -> None:
    answers, _ = planted(120)
    twice = np.where(np.arange(120) < 60, 2.0, 1.0)
    doubled = pd.concat([answers, answers.iloc[:60]], ignore_index=True)
    one = latent_profiles(answers, k=3, weights=twice, search=EXACT, seed=3)
    two = latent_profiles(doubled, k=3, search=EXACT, seed=3)
    np.testing.assert_allclose(one.means, two.means, atol=1e-4)
    np.testing.assert_allclose(one.shares, two.shares, atol=1e-4)


def test_rows_held_out_take_no_part_in_a_fit_and_are_divided_all_the_same() -> None:
    answers, segment = planted(300)
    kept = np.ones((300, 2))
    kept[:60, 0] = 0
    found = refit_segments(answers, k=3, weights=kept)
    assert found.segments.shape == (300, 2)
    alone = refit_segments(answers.iloc[60:], k=3, weights=np.ones((240, 1)))
    assert adjusted_rand(found.segments[60:, 0], alone.segments[:, 0]) > 0.98
    assert adjusted_rand(found.segments[:60, 0], segment[:60]) > 0.8
    with pytest.raises(ValueError, match="weights must be at least 0, a row for each of 300"):
        refit_segments(answers, k=3, weights=np.ones((10, 1)))


def test_agreement_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    for _ in range(5):
        a, b = rng.integers(0, 4, 60), rng.integers(0, 3, 60)
        assert adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b))
    with pytest.raises(ValueError, match="the same two or more people"):
        adjusted_rand([1, 2, 3], [1, 2])


def test_groups_by_distance_are_those_of_scikit_learn() -> None:
    answers, _ = planted(300)
    z = (answers - answers.mean()) / answers.std(ddof=0)
    judge = KMeans(3, n_init=20, random_state=1).fit(z)
    ours = k_means(answers, k=3)
    assert adjusted_rand(ours, judge.labels_) == 1.0


def test_comparison_data_keep_margins_holes_and_correlations() -> None:
    answers, _ = planted(1500)
    holed = answers.mask(np.random.default_rng(3).random(answers.shape) < 0.1)
    drawn = [comparison_data(holed, rng=np.random.default_rng(seed)) for seed in range(8)]
    for name in holed:
        assert (drawn[0][name].isna() == holed[name].isna()).all()
        assert sorted(drawn[0][name].dropna()) == sorted(holed[name].dropna())
    mean = np.mean([frame.corr().to_numpy() for frame in drawn], axis=0)
    np.testing.assert_allclose(mean, holed.corr().to_numpy(), atol=0.04)


def test_segments_are_told_from_dimensions() -> None:
    answers, _ = planted(500)
    assert structure_test(answers, k=3, n_draws=19).p_value == 0.05
    rng = np.random.default_rng(5)
    common = np.clip(np.rint(4 + rng.standard_normal((500, 1)) + rng.standard_normal((500, 6))), 1, 7)
    none = structure_test(pd.DataFrame(common), k=3, n_draws=19)
    assert none.p_value > 0.05
    # Nothing is left to find out once one draw does as well.
    assert none.n_draws < 19
    with pytest.raises(ValueError, match="n_draws must be at least 19"):
        structure_test(answers, k=2, n_draws=9)


def test_planted_segments_are_chosen_and_come_back() -> None:
    answers, segment = planted(400)
    found = choose_segments(answers, most=4, n_boot=6, n_draws=19)
    assert found.refusal is None
    assert found.mixture is not None
    assert found.mixture.k == 3
    assert adjusted_rand(found.mixture.segment, segment) > 0.85
    assert found.table.loc[found.table["chosen"], "stability"].iloc[0] > 0.85
    assert found.structure is not None
    assert found.structure.gain > found.structure.expected
    soon = choose_segments(answers, most=4, n_boot=6, n_draws=19, describe=False)
    pd.testing.assert_frame_equal(soon.table[found.table["chosen"]], found.table[found.table["chosen"]])
    assert soon.table["stability"].count() < found.table["stability"].count()


@pytest.mark.parametrize("kind", ["independent", "dimension"])
def test_on_noise_no_segment_is_named(kind: str) -> None:
    rng = np.random.default_rng(6)
    common = 0.9 * rng.standard_normal((400, 1)) if kind == "dimension" else 0.0
    answers = pd.DataFrame(np.clip(np.rint(4.5 + common + rng.standard_normal((400, 6))), 1, 7))
    found = choose_segments(answers, most=4, n_boot=8, n_draws=19)
    assert found.mixture is None
    assert found.refusal is not None
    assert not found.table["chosen"].any()
    assert choose_segments(answers, most=4, n_boot=8, n_draws=19, describe=False).refusal == found.refusal


def test_predictions_are_those_of_ridge_regression_by_hand() -> None:
    rng = np.random.default_rng(8)
    x, fold, weights = rng.normal(size=(90, 4)), np.arange(90) % 3, rng.uniform(0.5, 2, 90)
    y = x @ [0.5, 0.2, 0.0, 0.0] + rng.normal(size=90)
    found = held_out_predictions(x, y[:, None], fold=fold, weights=weights)[:, 0]

    def fit(train: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray, Ridge]:
        share = weights[train] / weights[train].sum()
        centre = share @ x[train]
        scale = np.sqrt(share @ (x[train] - centre) ** 2)
        model = Ridge(alpha=penalty).fit((x[train] - centre) / scale, y[train], sample_weight=share)
        return centre, scale, model

    def errors(penalty: float, outer: int) -> np.ndarray:
        made = []
        for inner in set(range(3)) - {outer}:
            train, test = (fold != outer) & (fold != inner), fold == inner
            centre, scale, model = fit(train, penalty)
            made.append(float(weights[test] @ (y[test] - model.predict((x[test] - centre) / scale)) ** 2))
        return np.array(made)

    for outer in range(3):
        table = np.stack([errors(penalty, outer) for penalty in PENALTIES])
        gap = table - table[table.sum(axis=1).argmin()]
        within = gap.sum(axis=1) <= np.sqrt(2) * gap.std(axis=1, ddof=1) + 1e-12
        best = PENALTIES[within].max()
        centre, scale, model = fit(fold != outer, best)
        test = fold == outer
        np.testing.assert_allclose(found[test], model.predict((x[test] - centre) / scale), atol=1e-8)
    with pytest.raises(ValueError, match="needs three folds; got 2"):
        held_out_predictions(x, y[:, None], fold=fold % 2, weights=weights)


def test_influence_through_training_is_what_refits_with_other_weights_give() -> None:
    rng = np.random.default_rng(11)
    n, unit = 240, np.arange(240) // 12
    places = np.eye(4)[rng.integers(0, 4, n)]
    x = np.hstack([rng.normal(size=(n, 3)), places, np.eye(2)[rng.integers(0, 2, n)]])
    y = np.column_stack([x @ np.linspace(-0.4, 0.6, 9), places[:, 1]]) + rng.normal(size=(n, 2))
    y[::9, 1] = np.nan
    weights, fold = rng.uniform(0.5, 2, n), unit % 5
    own = [np.hstack([x[:, :3], np.eye(3)[rng.integers(0, 3, n)]]) for _ in range(5)]
    for design, options in ((x, {}), (x, {"most_columns": 3}), (own, {"free": 3})):
        found = held_out_fits(design, y, fold=fold, weights=weights, groups=unit, **options)
        plain = held_out_predictions(design, y, fold=fold, weights=weights, **options)
        np.testing.assert_array_equal(found.predictions, plain)

        def errors(in_training: np.ndarray, design: object = design, options: dict = options) -> np.ndarray:
            made = held_out_predictions(design, y, fold=fold, weights=in_training, **options)
            return np.nansum(weights[:, None] * (y - made) ** 2, axis=0)

        step, close = 1e-5, 1e-6
        for group in (0, 7, 19):
            more, less = (weights * (1 + sign * step * (unit == group)) for sign in (1, -1))
            slope = (errors(more) - errors(less)) / (2 * step)
            np.testing.assert_allclose(found.training[group], slope, atol=close)
        # All weights times a number is the same fit.
        np.testing.assert_allclose(found.training.sum(axis=0), 0, atol=close)
    assert np.abs(found.training).max() > 0.01


def test_only_the_best_columns_are_kept_and_missing_outcomes_left_out() -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(400, 5))
    y = np.column_stack([x[:, 3], x[:, 1]])
    y[::7, 0] = np.nan
    found = held_out_predictions(x, y, fold=np.arange(400) % 5, weights=np.ones(400), most_columns=1)
    np.testing.assert_allclose(found[:, 0], x[:, 3], atol=0.05)
    np.testing.assert_allclose(found[:, 1], x[:, 1], atol=0.05)


@pytest.mark.parametrize("variances", ["equal", "free"])
def test_leaps_lead_to_the_top_that_steps_lead_to(variances: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers, _ = planted(500, step=1.5)
    holed = answers.mask(np.random.default_rng(3).random(answers.shape) < 0.05)
    weights = np.random.default_rng(4).uniform(0.5, 2, 500)
    search = Search(starts=20, kept=4, tolerance=1e-10, most=3000)
    options: dict[str, Any] = {"k": 3, "weights": weights, "variances": variances, "search": search}
    plain = latent_profiles(holed, **options)
    counted: list[int] = []

    def counting(*given: Any) -> Any:
        counted.append(1)
        return step(*given)

    monkeypatch.setattr(em, "_NEAR", 100)
    monkeypatch.setattr(leaps, "step", counting)
    found = latent_profiles(holed, **options)
    # A leap has to have been tried, or this tests nothing.
    assert len(counted) > 10
    assert found.converged
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-4)
    np.testing.assert_allclose(found.means, plain.means, atol=0.01)
    np.testing.assert_allclose(found.shares, plain.shares, atol=0.001)


def test_a_step_is_the_same_on_one_thread_and_on_two() -> None:
    rng = np.random.default_rng(5)
    data = pd.DataFrame(rng.normal(size=(30_000, 12)), columns=[f"q{number}" for number in range(12)])
    features = profile_features(data, variances="equal")
    found = ground(features, np.ones((1, len(features.rows)))).single()
    begun = features.started(rng.integers(len(features.rows), size=(4, 5)), rng)
    shares, owner = np.full((4, 5), -np.log(5.0)), np.zeros(4, dtype=np.intp)
    made = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            made.append(step(found, begun, shares, owner))
    assert all(np.array_equal(one, other) for one, other in zip(*made, strict=True))


def test_refusals() -> None:
    answers, _ = planted(60)
    with pytest.raises(ValueError, match="k must be at least 1; got 0"):
        latent_profiles(answers, k=0)
    with pytest.raises(ValueError, match="weights must be 60 finite numbers"):
        latent_profiles(answers, k=1, weights=[1.0])
    with pytest.raises(ValueError, match="finite or missing"):
        latent_profiles(answers.assign(a=np.inf), k=1)
    with pytest.raises(NotEstimable, match="these do not vary: a"):
        latent_classes(answers.assign(a=3.0), k=1)
    with pytest.raises(NotEstimable, match="5 rows are too few"):
        latent_profiles(answers.head(5), k=2)

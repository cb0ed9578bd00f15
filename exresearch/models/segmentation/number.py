"""How many segments there are, by a rule laid down beforehand, or that there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from exresearch.models.resampling import NotEstimable
from exresearch.models.segmentation.comparison import StructureTest, structure_test
from exresearch.models.segmentation.em import Search
from exresearch.models.segmentation.features import Kind
from exresearch.models.segmentation.mixtures import Mixture, check_answers, fitted, normalised
from exresearch.models.segmentation.refits import featured, stability

#: Adjusted Rand index of bootstrap samples from which segments count as stable.
STABLE = 0.6
#: Least share of the people in a segment.
LEAST_SHARE = 0.05
Refusal = Literal["one", "small", "unstable", "dimension"]
_ROWS_FOR_STABILITY = 2000
# Of the test against comparison data.
_LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Number of segments, and the fit with that number.

    Attributes
    ----------
    table : DataFrame
        Per number of segments ``k, log_likelihood, n_parameters, aic, bic, entropy, smallest`` (people in the smallest
        segment), ``stability, stability_low`` (mean and fifth percentile over bootstrap samples; missing where BIC is
        not below that of one), ``converged,
        chosen``.
    refusal : {"one", "small", "unstable", "dimension"} or None
        Why no segment is named: one segment fits best; only with segments that are too small; not found again; or no
        more than dimensions give. None where segments were found.
    mixture : Mixture or None
        The chosen fit.
    structure : StructureTest or None
        Of the number that was chosen before this test, or of one more if that refuses; None where none was chosen.
    """

    table: pd.DataFrame
    refusal: Refusal | None
    mixture: Mixture | None
    structure: StructureTest | None


def choose_segments(
    data: pd.DataFrame,
    *,
    weights: ArrayLike | None = None,
    kind: Kind = "profiles",
    most: int = 6,
    min_size: int = 30,
    n_boot: int = 20,
    n_draws: int = 39,
    search: Search | None = None,
    describe: bool = True,
    seed: int = 0,
) -> Segmentation:
    """Choose the number of segments, or refuse to name any.

    Of two or more segments, the number with the lowest BIC that is below the BIC of one, whose smallest segment holds
    `min_size` people and 5 % of them, and that bootstrap samples find again with a mean adjusted Rand index of 0.6 or
    more. Then these segments have to fit better than the same number does on comparison data without any, and so does
    one segment more: a dimension whose distribution the comparison data do not have is caught up with by another slice,
    segments are not.

    Parameters
    ----------
    data : DataFrame [n, items]
        Answers, one row per person.
    weights : array-like [n], optional
        Survey weights.
    kind : {"profiles", "classes"}
        Model.
    most : int
        Segments at most.
    min_size : int
        People in the smallest segment at least.
    n_boot : int
        Bootstrap samples per number; of more than 2,000 people as many are sampled first.
    n_draws : int
        Comparison data sets.
    search : Search, optional
        Starts of every fit.
    describe : bool
        Measure stability also of numbers on which nothing depends any more. Without it the answer is the same, and
        comes sooner.
    seed : int
        For everything that is drawn.

    Returns
    -------
    Segmentation

    Raises
    ------
    NotEstimable
        If there are fewer than two numbers of segments to choose from.

    Notes
    -----
    BIC: Nylund, Asparouhov & Muthén 2007, doi:10.1080/10705510701575396. Stability: Hennig 2007,
    doi:10.1016/j.csda.2006.11.025. Comparison data: :func:`structure_test`.
    """
    search = search or Search(starts=40, kept=4, tolerance=1e-7, most=400)
    check_answers(data)
    features = featured(data, kind=kind)
    fits: list[Mixture] = []
    for k in range(1, most + 1):
        try:
            fits.append(fitted(features, k=k, weights=weights, search=search, seed=seed))
        except NotEstimable:
            if k < 3:
                raise
            break
    table = pd.DataFrame([_row(found) for found in fits])
    weight = normalised(weights, n=len(data))
    rows = np.arange(len(data))
    if len(data) > _ROWS_FOR_STABILITY:
        rows = np.sort(np.random.default_rng([seed, 3]).choice(len(data), _ROWS_FOR_STABILITY, replace=False))
    part = data.iloc[rows]
    # Whatever comes back of a number that fits no better than one segment, it is not chosen.
    several = table[(table["k"] > 1) & (table["bic"] < table["bic"].iloc[0])].sort_values(
        "bic", kind="stable"
    )
    large = several[several["smallest"] >= max(min_size, LEAST_SHARE * len(data))]
    for place in (several if describe else large).index:
        rand = stability(
            part,
            fits[place].segment[rows],
            k=fits[place].k,
            weights=weight[rows],
            kind=kind,
            n_boot=n_boot,
            least=None if describe else STABLE,
            seed=seed,
        )
        table.loc[place, ["stability", "stability_low"]] = [rand.mean(), np.quantile(rand, 0.05)]
        if not describe and rand.mean() >= STABLE:
            break
    large = table.loc[large.index]
    steady = large[large["stability"] >= STABLE]
    if steady.empty:
        refusal: Refusal = "one" if several.empty else "small" if large.empty else "unstable"
        return Segmentation(table.assign(chosen=False), refusal, None, None)
    k = int(steady["k"].iloc[0])
    tests: list[StructureTest] = []
    for number in (k, k + 1):
        tests.append(structure_test(data, k=number, kind=kind, n_draws=n_draws, seed=seed))
        if tests[-1].p_value > _LEVEL:
            return Segmentation(table.assign(chosen=False), "dimension", None, tests[-1])
    return Segmentation(table.assign(chosen=table["k"] == k), None, fits[k - 1], tests[0])


def _row(found: Mixture) -> dict[str, float | int | bool]:
    return {
        "k": found.k,
        "log_likelihood": found.log_likelihood,
        "n_parameters": found.n_parameters,
        "aic": found.aic,
        "bic": found.bic,
        "entropy": found.entropy,
        "smallest": int(np.bincount(found.segment, minlength=found.k).min()),
        "stability": float("nan"),
        "stability_low": float("nan"),
        "converged": found.converged,
    }

"""Reversed items are found in simulated scales, and nothing is said where nothing can be seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from exresearch.study.draft import likely_reversed

# The issue asks for 95 % found and 5 % false on six items, mean correlation 0.4, 200 people.
FOUND, FALSE = 0.95, 0.05


def simulated(
    rng: np.random.Generator, *, points: int, n_reversed: int, n: int = 200, r: float = 0.4, items: int = 6
) -> pd.DataFrame:
    """One factor behind all items, cut into answer points of about equal width; the last items turned round."""
    factor = rng.standard_normal((n, 1))
    latent = np.sqrt(r) * factor + np.sqrt(1 - r) * rng.standard_normal((n, items))
    answers = 1.0 + np.searchsorted(np.linspace(-1.6, 1.6, points - 1), latent)
    answers[:, items - n_reversed :] = points + 1 - answers[:, items - n_reversed :]
    return pd.DataFrame(answers, columns=[f"q{number}" for number in range(items)])


def test_the_simulated_scales_are_as_the_issue_says() -> None:
    rng = np.random.default_rng(3)
    # The cuts into points take a little off a latent correlation; 0.45 latent gives about 0.4 observed.
    matrices = [np.corrcoef(simulated(rng, points=5, n_reversed=0, r=0.45).T) for _ in range(40)]
    observed = float(np.mean([matrix[np.triu_indices(6, 1)].mean() for matrix in matrices]))
    assert observed == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize("points", [5, 7])
@pytest.mark.parametrize("n_reversed", [0, 1, 2])
def test_reversed_items_are_found_and_others_are_not(points: int, n_reversed: int) -> None:
    rng = np.random.default_rng(2016)
    found = false = 0
    scales = 60
    for _ in range(scales):
        # A latent correlation of 0.4 is a little less in answers: the harder case.
        said = set(likely_reversed(simulated(rng, points=points, n_reversed=n_reversed)).items)
        truth = {f"q{number}" for number in range(6 - n_reversed, 6)}
        found += len(said & truth)
        false += len(said - truth)
    assert found >= FOUND * scales * n_reversed
    assert false <= FALSE * scales * (6 - n_reversed)


def test_the_verdict_does_not_hang_on_order_names_or_missing_answers() -> None:
    rng = np.random.default_rng(1)
    answers = simulated(rng, points=5, n_reversed=2)
    said = set(likely_reversed(answers).items)
    assert said == {"q4", "q5"}
    assert set(likely_reversed(answers[list(answers)[::-1]]).items) == said
    assert set(likely_reversed(answers.sample(frac=1, random_state=1)).items) == said
    assert set(likely_reversed(6 - answers).items) == said
    gaps = answers.mask(rng.random(answers.shape) < 0.2)
    before = gaps.copy()
    assert set(likely_reversed(gaps).items) == said
    pd.testing.assert_frame_equal(gaps, before)


def test_evidence_is_that_of_a_plain_item_rest_correlation() -> None:
    answers = simulated(np.random.default_rng(5), points=7, n_reversed=1)
    evidence = likely_reversed(answers).evidence.set_index("item")
    turned = answers.assign(q5=8 - answers["q5"])
    # Standardised first, as the correlations are.
    scores = (turned - turned.mean()) / turned.std()
    for item in answers:
        rest = scores.drop(columns=item).sum(axis=1)
        expected = np.corrcoef(scores[item], rest)[0, 1] * (-1 if item == "q5" else 1)
        assert evidence.loc[item, "item_rest"] == pytest.approx(expected, abs=1e-10)
        assert evidence.loc[item, "n"] == 200


@pytest.mark.parametrize(
    ("reason", "n_reversed", "options"),
    [
        ("mixed", 3, {}),
        ("weak", 1, {"r": 0.02, "n": 500}),
        ("few_items", 1, {"items": 2}),
        ("few_answers", 1, {"n": 12}),
    ],
)
def test_nothing_is_said_where_nothing_can_be_seen(
    reason: str, n_reversed: int, options: dict[str, float]
) -> None:
    answers = simulated(np.random.default_rng(2), points=5, n_reversed=n_reversed, **options)  # type: ignore[arg-type]
    verdict = likely_reversed(answers)
    assert (verdict.items, verdict.reason) == ((), reason)


def test_a_constant_item_and_an_empty_one_are_left_aside() -> None:
    answers = simulated(np.random.default_rng(4), points=5, n_reversed=1).assign(same=3.0, none=np.nan)
    verdict = likely_reversed(answers)
    assert verdict.items == ("q5",)
    assert verdict.evidence["item"].tolist() == ["q0", "q1", "q2", "q3", "q4", "q5"]


def test_many_sheets_are_judged_by_an_even_selection() -> None:
    answers = simulated(np.random.default_rng(6), points=5, n_reversed=1, n=50_001)
    verdict = likely_reversed(answers)
    assert verdict.items == ("q5",)
    assert int(verdict.evidence["n"].max()) == len(answers.iloc[::3])


def test_forty_answers_that_hardly_go_together_say_nothing() -> None:
    # Correlations of 0.15 to 0.4 with the others: clear from a thousand answers, luck from forty.
    rng = np.random.default_rng(3)
    common = rng.normal(size=(40, 1))
    frame = pd.DataFrame(0.5 * common + rng.normal(size=(40, 5)), columns=list("abcde"))
    frame["e"] = -frame["e"]
    few = likely_reversed(frame)
    assert (few.items, few.reason) == ((), "weak")
    many = likely_reversed(pd.concat([frame] * 25, ignore_index=True))
    assert (many.items, many.reason) == (("e",), "")

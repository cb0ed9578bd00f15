"""Which items of a scale were probably asked the other way round."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

# In this room correlations only help to guess how a column is coded, here and for codes beside a scale, for somebody to
# confirm; no number of them reaches a finding.
Z = 2.5
WEAKEST_ITEM = 0.15
_WEAKEST_SCALE = 0.10
_LARGEST_MINORITY = 0.4
_MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class ReversedItems:
    """What the answers say about the direction of the items of one scale.

    Attributes
    ----------
    items : tuple of str
        Columns that were probably asked the other way round than most of the others, in the order of the frame.
    reason : str
        Why nothing can be said, empty where something can: ``few_items``, ``few_answers``, ``weak`` (the items hardly
        go together) or ``mixed`` (about as many one way as the other).
    evidence : pandas.DataFrame
        One row per item that varies: ``item, n, loading, item_rest``. ``loading`` is that on the first principal
        component, positive for the majority; ``item_rest`` is the correlation with the sum of the other items, each
        of these turned to the majority's direction, so that it is negative for an item the other way round.
    """

    items: tuple[str, ...]
    reason: str
    evidence: pd.DataFrame


def likely_reversed(frame: pd.DataFrame, *, min_answers: int = 30) -> ReversedItems:
    """Find items that were probably asked the other way round.

    When to use it: on the items of one construct, or of one block with one answer scale, before scores are made. The
    direction of the scale itself cannot be seen in answers: most items are taken to point the right way.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers, one row per answer sheet and one column per item, all on one scale; missing answers are NaN.
    min_answers : int
        Answers an item needs before anything is said about it.

    Returns
    -------
    ReversedItems

    Notes
    -----
    Each item takes the sign of its loading on the first principal component of the correlations between the items.
    An item counts as clear when its correlation with the other items, turned, is at least 0.15 and, by Fisher's z, more
    than two and a half standard errors from zero; clear items against the majority of the clear ones are called
    reversed. Nothing is said with fewer than three clear items, when the mean correlation after turning is below 0.10,
    or when the minority is more than two fifths. Of more than 20,000 sheets an even selection is looked at.
    ``benchmarks/reversed_items.py`` measures how often this is right. Reversed items in general: Weijters, Baumgartner
    and Schillewaert (2013), doi:10.1037/a0032121.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 3, 4, 5] * 20, "b": [1, 2, 3, 5, 4] * 20, "c": [5, 4, 2, 3, 1] * 20})
    >>> likely_reversed(answers).items
    ('c',)
    """
    frame = frame.iloc[evenly(len(frame))]
    counts = frame.notna().sum()
    varying = [
        str(name)
        for name in frame.columns
        if counts[name] >= min_answers and frame[name].max() > frame[name].min()
    ]
    nothing = pd.DataFrame(columns=["item", "n", "loading", "item_rest"])
    if len(varying) < 3:
        lacking = len(frame.columns) >= 3 and int((counts >= min_answers).sum()) < 3
        return ReversedItems((), "few_answers" if lacking else "few_items", nothing)
    matrix = frame[varying].corr(min_periods=min_answers).fillna(0.0).to_numpy(copy=True)
    np.fill_diagonal(matrix, 1.0)
    values, vectors = np.linalg.eigh(matrix)
    loadings = vectors[:, -1] * np.sqrt(max(float(values[-1]), 0.0))
    signs = np.where(loadings < 0, -1.0, 1.0)
    turned = matrix * np.outer(signs, signs)
    n_items = len(varying)
    together = (turned.sum() - n_items) / (n_items * (n_items - 1))
    item_rest = np.array([_item_rest(turned, number) for number in range(n_items)])
    n = counts[varying].to_numpy()
    fisher = np.arctanh(np.clip(item_rest, 0, 0.999999)) * np.sqrt(np.maximum(n - 3, 1))
    clear = (item_rest >= WEAKEST_ITEM) & (fisher > Z)
    # The component has no direction of its own: it is that of most items, and with a tie of the first one.
    n_against, n_clear = int((clear & (signs < 0)).sum()), int(clear.sum())
    if 2 * n_against > n_clear or (2 * n_against == n_clear and signs[0] < 0):
        loadings, signs, n_against = -loadings, -signs, n_clear - n_against
    evidence = pd.DataFrame({"item": varying, "n": n, "loading": loadings, "item_rest": signs * item_rest})
    if together < _WEAKEST_SCALE or n_clear < 3:
        return ReversedItems((), "weak", evidence)
    if n_against > _LARGEST_MINORITY * n_clear:
        return ReversedItems((), "mixed", evidence)
    found = clear & (signs < 0)
    return ReversedItems(
        tuple(name for name, marked in zip(varying, found, strict=True) if marked), "", evidence
    )


def evenly(n: int) -> slice:
    """Which of n rows :func:`likely_reversed` looks at; taken beforehand, the others need not be copied."""
    return slice(None, None, -(-n // _MOST_ROWS) if n > _MOST_ROWS else 1)


def _item_rest(turned: np.ndarray, item: int) -> float:
    """Correlation of an item with the sum of the others, from correlations turned to one direction."""
    rest = np.delete(np.arange(len(turned)), item)
    variance = float(turned[np.ix_(rest, rest)].sum())
    return float(turned[item, rest].sum() / np.sqrt(variance)) if variance > 0 else 0.0

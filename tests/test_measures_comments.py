"""Comments: language, personal data, the coder and its weights, and that no words leave the room."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from exresearch.measures.comments import (
    CODES,
    code_comment,
    comment_language,
    confusion,
    theme_labels,
    without_personal_data,
)
from exresearch.measures.comments.coder import features, probabilities, weights
from exresearch.measures.comments.lexicon import DATA, lexicon
from exresearch.measures.comments.words import words_of

# Places for personal data, and ordinary sentences with capitals.
NAMES = (
    "Jolien van Dommelen", "Piet", "Fatima El Amrani", "J. de Groot", "Karin Bakker", "Mohammed Yilmaz",
    "Sarah Johnson", "Priya Patel", "Wouter van der Linden", "Anneke Terpstra", "Ahmed", "Emily",
)  # fmt: skip
OTHERS = {
    "[mail]": ("j.degroot@bedrijf.example", "info(at)voorbeeld.nl"),
    "[phone]": ("06-12345678", "+31 6 12 34 56 78", "020 123 45 67", "+44 20 7946 0958"),
    "[account]": ("NL91 ABNA 0417 1643 00", "GB29NWBK60161331926819"),
    "[number]": ("123456782",),
    "[postcode]": ("1234 AB", "SW1A 1AA"),
    "[url]": ("https://voorbeeld.example/jan", "www.mijnpagina.nl"),
    "[handle]": ("@pietje_puk",),
}
FRAMES = (
    "Ik ben goed geholpen door {}.", "Bel of schrijf {} maar.", "Thanks to {} I could start at once.",
    "Mijn collega {} weet er alles van.", "Ask {} about it.", "{} stond voor me klaar.",
)  # fmt: skip


def test_personal_data_are_found_in_at_least_95_of_100_places() -> None:
    cells = [(value, None) for value in NAMES] + [(v, tag) for tag, values in OTHERS.items() for v in values]
    found = [
        value not in without_personal_data(frame.format(value))
        and "[" in without_personal_data(frame.format(value))
        for frame, (value, _) in product(FRAMES, cells)
    ]
    assert len(found) == 156
    assert np.mean(found) >= 0.95


def test_ordinary_words_stay() -> None:
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    changed = [text for text in texts if without_personal_data(text) != text]
    # "Petra" is in two of them; nobody else is named.
    assert len(changed) - sum("Petra" in text for text in changed) <= 0.01 * len(texts)
    assert all("[name]" in without_personal_data(text) for text in texts if "Petra" in text)


def test_the_language_is_told_by_small_words() -> None:
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    told = [(comment_language(row["text"]), row["language"]) for row in rows]
    assert np.mean([own == true for own, true in told if own is not None]) >= 0.99
    assert np.mean([own is None for own, _ in told]) <= 0.06


@pytest.mark.parametrize("language", ["nl", "en"])
def test_weights_are_those_that_sklearn_gives(language: str) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["language"] == language]
    seen = [features(words_of(row["text"]), language) for row in rows]
    model = weights(language)
    names = [name for name in model if name != "(intercept)"]
    counted = {name: sum(name in each for each in seen) for name in names}
    assert min(counted.values()) >= 2
    matrix = np.array([[each.get(name, 0.0) for name in names] for each in seen])
    fit = linear.LogisticRegression(C=1.0, max_iter=500, tol=1e-6)
    fit.fit(matrix, [CODES.index(row["code"]) for row in rows])
    chances = fit.predict_proba(matrix[:60])
    own = np.array([probabilities(each, model) for each in seen[:60]])
    # Weights are kept with three decimals.
    np.testing.assert_allclose(own, chances, atol=0.01)


def test_a_negation_turns_a_phrase_and_a_clause_ends_it() -> None:
    scores = lexicon("nl").scores(words_of("Het was niet handig."))
    assert (scores["helps"], scores["not helps"]) == (0.0, 1.0)
    scores = lexicon("nl").scores(words_of("Dat kan niet, handig was het."))
    assert scores["helps"] == 1.0
    assert lexicon("en").scores(words_of("very frustrating"))["hinders"] == 1.5


def test_agreement_is_kept_with_the_package_and_below_the_floor() -> None:
    for language in ("nl", "en"):
        table = confusion(language)
        assert table.shape == (5, 5)
        assert table.sum() == 150
    assert set(theme_labels()["pay"]) == {"nl", "en"}


def test_a_comment_that_does_not_tell_gets_the_last_code() -> None:
    assert code_comment("nvt").code == "none"
    assert code_comment("").code in CODES


def test_no_module_of_the_package_imports_sklearn() -> None:
    folder = Path(__file__).parents[1] / "exresearch" / "measures" / "comments"
    assert not [path.name for path in folder.glob("*.py") if "sklearn" in path.read_text(encoding="utf-8")]

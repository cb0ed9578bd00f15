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
from exresearch.models.misclassification import nominal_agreement

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


@pytest.mark.parametrize("stage", ["side", "good"])
def test_weights_are_at_the_top_of_the_penalised_likelihood(stage: str) -> None:
    """There the slope is zero: C times the sum of (expected less seen) times the feature, plus the weight."""
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["language"] == "nl" and row["set"] != "held_out"]
    codes = np.array([CODES.index(row["code"]) for row in rows])
    side = np.array([0, 1, 1, 1, 2])[codes]
    kept = np.arange(len(codes)) if stage == "side" else np.flatnonzero(side == 1)
    outcome = side if stage == "side" else codes[kept] - 1
    seen = [features(words_of(rows[row]["text"]), "nl") for row in kept]
    model = weights("nl")[stage]
    names = list(model)
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(seen), len(names)))
    for row, each in enumerate(seen):
        matrix[row, place["(intercept)"]] = 1.0
        for name, value in each.items():
            if name in place:
                matrix[row, place[name]] = value
    assert matrix.astype(bool).sum(axis=0).min() >= 2
    values = np.array([model[name] for name in names])
    linear = matrix @ values
    chance = np.exp(linear) / np.exp(linear).sum(axis=1, keepdims=True)
    slope = 4.0 * matrix.T @ (chance - np.eye(3)[outcome])
    slope[1:] += values[1:]
    # Weights are kept with three decimals, and the sum has some thousand terms.
    assert names[0] == "(intercept)"
    assert np.abs(slope).max() < 0.05 * np.abs(4.0 * matrix.T @ np.eye(3)[outcome]).max() ** 0.5
    own = probabilities(seen[0], weights("nl"))
    assert own.sum() == pytest.approx(1.0)
    part = own[[0, 1, 4]] if stage == "side" else own[1:4] / own[1:4].sum()
    if stage == "side":
        part[1] = own[1:4].sum()
    np.testing.assert_allclose(part, chance[0], rtol=1e-9)


def test_a_negation_turns_a_phrase_and_a_clause_ends_it() -> None:
    scores = lexicon("nl").scores(words_of("Het was niet handig."))
    assert (scores["helps"], scores["not helps"]) == (0.0, 1.0)
    scores = lexicon("nl").scores(words_of("Dat kan niet, handig was het."))
    assert scores["helps"] == 1.0
    assert lexicon("en").scores(words_of("very frustrating"))["hinders"] == 1.5


def test_agreement_is_kept_with_the_package_and_below_the_floor() -> None:
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for language in ("nl", "en"):
        table = confusion(language)
        assert table.shape == (5, 5)
        held = [row["set"] == "held_out" and row["language"] == language for row in rows]
        assert table.sum() == sum(held)
        alpha = nominal_agreement(table, n_boot=2, seed=1).set_index("term")["estimate"]["alpha"]
        assert 0.4 < alpha < 0.667
    assert set(theme_labels()["pay"]) == {"nl", "en"}


def test_a_comment_that_does_not_tell_gets_the_last_code() -> None:
    assert code_comment("nvt").code == "none"
    assert code_comment("").code == "none"
    assert code_comment("...").themes == ()


def test_what_follows_on_but_weighs_by_itself() -> None:
    seen = features(words_of("Nice people, but the system is not reliable."), "en")
    assert seen["lexicon: helps"] >= 1.0
    assert "then lexicon: not helps" in seen
    assert "not: reliable" in seen


def test_no_module_of_the_package_imports_sklearn() -> None:
    folder = Path(__file__).parents[1] / "exresearch" / "measures" / "comments"
    assert not [path.name for path in folder.glob("*.py") if "sklearn" in path.read_text(encoding="utf-8")]


def test_what_the_model_sees_is_in_the_order_of_the_words() -> None:
    """In the order of a set, which differs between processes, the last digits of ``sure`` would differ too."""
    words = words_of(
        "De helpdesk neemt niet snel op, en de helpdesk weet van het trage systeem ook niet veel."
    )
    seen = list(features(words, "nl"))
    plain = list(dict.fromkeys(word for word in words if f"word: {word}" in seen))
    assert len(plain) > 10
    assert [f"word: {word}" for word in plain] == [name for name in seen if name.startswith("word: ")][
        : len(plain)
    ]
    negated = [word.removeprefix("not: ") for word in seen if word.startswith("not: ")]
    assert len(negated) > 2
    assert negated == sorted(negated, key=plain.index)

"""Train the weights by which comments are coded, and measure agreement on held-out remarks.

``python tools/comment_model.py`` writes ``weights.json`` of the development remarks in ``remarks.csv`` (all sets but
``held_out``), and prints agreement in ten folds of them, by which the model was chosen. With ``--held-out`` it also
codes the held-out remarks with these weights and writes ``agreement.json``. No held-out remark is ever trained on.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from exresearch.measures.comments.coder import code_comment, features, probabilities
from exresearch.measures.comments.lexicon import CODES, DATA
from exresearch.measures.comments.words import words_of
from exresearch.models.misclassification import nominal_agreement

FOLDS, LEAST_REMARKS, PENALTY = 10, 2, 4.0
#: Hinders, good, neither: what the first regression tells apart, by the place of a code.
SIDES = np.array([0, 1, 1, 1, 2])

Seen = list[dict[str, float]]
Model = dict[str, dict[str, list[float]]]


def remarks(language: str) -> list[dict[str, str]]:
    """Read the labelled remarks of one language."""
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["language"] == language]


def matrix_of(seen: Seen, names: list[str]) -> csr_matrix:
    """Lay features out as a matrix."""
    place = {name: number for number, name in enumerate(names)}
    cells = [
        (row, place[name], value)
        for row, each in enumerate(seen)
        for name, value in each.items()
        if name in place
    ]
    rows, columns, values = zip(*cells, strict=True)
    return csr_matrix((values, (rows, columns)), shape=(len(seen), len(names)))


def train(seen: Seen, codes: np.ndarray) -> Model:
    """Fit both regressions; features of fewer than two remarks are left out."""
    model = {}
    good = np.flatnonzero(SIDES[codes] == 1)
    for stage, rows, outcome in (("side", np.arange(len(codes)), SIDES[codes]), ("good", good, codes[good])):
        used = [seen[row] for row in rows]
        counts = Counter(name for each in used for name in each)
        names = sorted(name for name, n in counts.items() if n >= LEAST_REMARKS)
        fit = LogisticRegression(C=PENALTY, max_iter=1000, tol=1e-6).fit(matrix_of(used, names), outcome)
        model[stage] = {"(intercept)": fit.intercept_.tolist()}
        model[stage] |= {name: fit.coef_[:, number].tolist() for number, name in enumerate(names)}
    return model


def table(codes: np.ndarray, given: list[int]) -> np.ndarray:
    """Count codes by hand (rows) and by the coder (columns)."""
    found = np.zeros((len(CODES), len(CODES)), dtype=int)
    np.add.at(found, (codes, np.array(given)), 1)
    return found


def told(name: str, found: np.ndarray) -> None:
    """Print agreement on the five codes, and on hinders, good, neither."""
    coarse = np.zeros((3, 3))
    for (row, column), n in np.ndenumerate(found):
        coarse[SIDES[row], SIDES[column]] += n
    for what, counts in (("five codes", found), ("three sides", coarse)):
        for row in nominal_agreement(counts, n_boot=4000, seed=1).itertuples():
            interval = f"({row.conf_low:.2f} to {row.conf_high:.2f})"
            print(f"{name}, {what}: {row.term} {row.estimate:.2f} {interval}, n = {row.n}")


def written(file: str, content: dict[str, Any]) -> None:
    """Write a file with a row a line."""
    text = json.dumps(content, ensure_ascii=False, indent=None, separators=(",", ":"))
    text = text.replace('],"', '],\n"').replace("]],", "]],\n").replace("},", "},\n")
    (DATA / file).write_text(text + "\n", encoding="utf-8", newline="\n")


def main(*, held_out: bool) -> None:
    """Train, measure and write."""
    models = {}
    for language in ("nl", "en"):
        rows = remarks(language)
        seen = [features(words_of(row["text"]), language) for row in rows]
        codes = np.array([CODES.index(row["code"]) for row in rows])
        own = np.array([row["set"] != "held_out" for row in rows])
        known, its_codes = [seen[row] for row in np.flatnonzero(own)], codes[own]
        fold = np.random.default_rng(1).permutation(len(its_codes)) % FOLDS
        total = np.zeros((len(CODES), len(CODES)), dtype=int)
        for number in range(FOLDS):
            kept, tested = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
            model = train([known[row] for row in kept], its_codes[kept])
            given = [int(probabilities(known[row], model).argmax()) for row in tested]
            total += table(its_codes[tested], given)
        told(f"{language}, development in {FOLDS} folds", total)
        model = train(known, its_codes)
        models[language] = {
            stage: {name: [round(value, 3) for value in row] for name, row in part.items()}
            for stage, part in model.items()
        }
    written("weights.json", models)
    if not held_out:
        return
    tables = {}
    for language in ("nl", "en"):
        rows = [row for row in remarks(language) if row["set"] == "held_out"]
        # The whole way of a comment: the coder has to find out its language as well.
        given = [CODES.index(code_comment(row["text"]).code) for row in rows]
        counts = table(np.array([CODES.index(row["code"]) for row in rows]), given)
        tables[language] = counts.tolist()
        told(f"{language}, held out", counts)
    written("agreement.json", tables)


if __name__ == "__main__":
    main(held_out="--held-out" in sys.argv)

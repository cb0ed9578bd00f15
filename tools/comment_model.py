"""Train the weights by which comments are coded, and measure agreement on held-out remarks.

``python tools/comment_model.py`` writes ``weights.json`` and ``agreement.json`` beside ``remarks.csv``. The weights are
made of all remarks of a language. Agreement is that on the set ``held_out``, each remark coded by weights that did not
see it, in ten folds. The lexicon was not changed after the held-out remarks had been written.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from exresearch.measures.comments.coder import LEAST_SURE, features, probabilities
from exresearch.measures.comments.lexicon import CODES, DATA
from exresearch.measures.comments.words import words_of

FOLDS, LEAST_REMARKS, PENALTY = 10, 2, 1.0


def remarks(language: str) -> list[dict[str, str]]:
    """Read the labelled remarks of one language."""
    with (DATA / "remarks.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["language"] == language]


def train(seen: list[dict[str, float]], codes: list[str]) -> dict[str, list[float]]:
    """Fit multinomial logistic regression; features of fewer than two remarks are left out."""
    counts = Counter(name for each in seen for name in each)
    names = sorted(name for name, n in counts.items() if n >= LEAST_REMARKS)
    place = {name: number for number, name in enumerate(names)}
    matrix = np.zeros((len(seen), len(names)))
    for row, each in enumerate(seen):
        for name, value in each.items():
            if name in place:
                matrix[row, place[name]] = value
    fit = LogisticRegression(C=PENALTY, max_iter=500, tol=1e-6).fit(
        matrix, [CODES.index(code) for code in codes]
    )
    model = {"(intercept)": fit.intercept_.tolist()}
    model |= {name: fit.coef_[:, number].tolist() for name, number in place.items()}
    return model


def coded(seen: dict[str, float], model: dict[str, list[float]]) -> int:
    """Return the place of the code that a model gives."""
    chances = probabilities(seen, model)
    return int(chances.argmax()) if chances.max() >= LEAST_SURE else len(CODES) - 1


def agreement(language: Any) -> list[list[int]]:
    """Cross-fitted table of codes on the held-out remarks."""
    rows = remarks(language)
    seen = [features(words_of(row["text"]), language) for row in rows]
    held = [index for index, row in enumerate(rows) if row["set"] == "held_out"]
    table = np.zeros((len(CODES), len(CODES)), dtype=int)
    for fold in range(FOLDS):
        tested = {index for number, index in enumerate(held) if number % FOLDS == fold}
        kept = [index for index in range(len(rows)) if index not in tested]
        model = train([seen[index] for index in kept], [rows[index]["code"] for index in kept])
        for index in tested:
            table[CODES.index(rows[index]["code"]), coded(seen[index], model)] += 1
    return [[int(cell) for cell in row] for row in table]


def main() -> None:
    """Write both files."""
    models, tables = {}, {}
    for language in ("nl", "en"):
        rows = remarks(language)
        seen = [features(words_of(row["text"]), language) for row in rows]
        model = train(seen, [row["code"] for row in rows])
        models[language] = {name: [round(value, 3) for value in row] for name, row in model.items()}
        tables[language] = agreement(language)
    for file, content in (("weights.json", models), ("agreement.json", tables)):
        text = json.dumps(content, ensure_ascii=False, indent=None, separators=(",", ":"))
        text = text.replace('],"', '],\n"').replace("]],", "]],\n").replace("},", "},\n")
        (DATA / file).write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()

"""What was understood of a study, as data: counts, scales, oddities and what can be tested; nobody's answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings import load_registry, testability_table
from exresearch.findings.note import Note
from exresearch.findings.testability import POWER
from exresearch.measures import answers_by_wave, least_share, weight_summary
from exresearch.report.text import Texts
from exresearch.study import TABLES, Study, remarks_table
from exresearch.study.codebook import Variable
from exresearch.study.flags.suspects import suspicious_columns
from exresearch.study.languages import languages

_SCALED = ("item", "driver", "outcome", "need", "measure")
# Guesses that decide what is computed come before those that only name things.
_DOUBTFUL = (
    "role",
    "reversed",
    "minimum",
    "maximum",
    "missing",
    "values",
    "kind",
    "n_column",
    "construct",
    "block",
)


def study_facts(study: Study, *, written: Collection[str]) -> dict[str, Any]:
    """Return what was understood of a study, as plain data that can be written as JSON.

    When to use it: after the gate, before a run; :func:`exresearch.report.study_text.study_text` puts it into words.

    Parameters
    ----------
    study : Study
        A checked study.
    written : collection of str
        File stems of the notebooks that exist.

    Returns
    -------
    dict
        ``client, name, title, language, draft, synthetic, waves``; ``tables`` (files, layouts, rows, columns, units,
        people, answers per wave with the response rate); ``scales`` (per table and construct: columns, reversed ones,
        ends, share of items that must be answered, share missing); ``left_out`` (steps of the ledger that are about
        more than nothing); ``remarks``; ``careless``; ``suspicious``; ``guesses``; ``weights``; ``hypotheses``
        (testable, why not, smallest effect found with ``power``, notebook and whether it is written). Numbers in full
        precision, missing ones as null.
    """
    settings = study.settings
    frames = {
        "left_out": _left_out(study),
        "remarks": remarks_table(study.remarks),
        "careless": _careless(study.quality),
        "suspicious": suspicious_columns(study),
        "weights": weight_summary(study),
    }
    return {
        "client": settings.client,
        "name": settings.name or settings.client,
        "title": settings.title.model_dump(),
        "language": settings.language,
        "draft": settings.draft,
        "synthetic": settings.synthetic is not None,
        "waves": list(study.waves),
        "tables": [_table(study, name) for name in TABLES if name in study.tables],
        "scales": _scales(study),
        **{name: _records(frame) for name, frame in frames.items()},
        "guesses": _guesses(study),
        "hypotheses": _hypotheses(study, written=written),
    }


def _table(study: Study, name: str) -> dict[str, Any]:
    frame = study.tables[name]
    first = study.ledger[study.ledger["table"] == name].head(1)
    facts: dict[str, Any] = {
        "table": name,
        "files": [path.name for path in study.files[name]],
        "layouts": list(dict.fromkeys(study.layouts.get(name, ()))),
        "rows_in_files": int(first["n"].sum()),
        "rows": len(frame),
        "columns": frame.shape[1],
        "units": int(frame["unit"].nunique()) if "unit" in frame else None,
        "people": int(frame["person"].nunique()) if "person" in frame else None,
        "waves": [],
    }
    if "wave" in frame:
        counts = frame["wave"].value_counts()
        # Without answer sheets of employees the units say how many answered.
        counts_answers = name == ("employees" if study.has("employees") else "units")
        rates = _response_rates(study) if counts_answers else {}
        facts["waves"] = [
            {"wave": wave, "rows": int(counts[wave]), "response_rate": rates.get(wave)}
            for wave in study.waves
            if wave in counts.index
        ]
    return facts


def _response_rates(study: Study) -> dict[str, float]:
    waves = answers_by_wave(study).dropna(subset=["response_rate"])
    return dict(zip(waves["wave"].astype(str), waves["response_rate"].astype(float), strict=True))


def _scales(study: Study) -> list[dict[str, Any]]:
    """Group the columns that hold answers or measures by table, role and what they measure; drivers by their block."""
    groups: dict[tuple[str, str, str], list[Variable]] = {}
    for v in study.codebook.variables:
        if v.role in _SCALED and v.table in study.tables and v.column in study.tables[v.table]:
            measured = str(v.block) if v.role == "driver" else str(v.construct or v.column)
            groups.setdefault((v.table, v.role, measured), []).append(v)
    rows = []
    for (table, role, measured), variables in groups.items():
        cells = study.tables[table][[v.column for v in variables]]
        scales = sorted({(v.minimum, v.maximum) for v in variables if v.minimum is not None})
        rows.append(
            {
                "table": table,
                "role": role,
                "measures": measured,
                "label": study.codebook.label(measured),
                "columns": [v.column for v in variables],
                "reversed": [v.column for v in variables if v.reversed],
                "scales": [list(scale) for scale in scales],
                "min_share": least_share(study.codebook, measured) if role in ("item", "need") else None,
                "missing": float(cells.isna().to_numpy().mean()) if cells.size else None,
            }
        )
    return rows


def _careless(quality: pd.DataFrame) -> pd.DataFrame:
    """Return the careless sheets, without a number where they could be told on too few sheets."""
    few = quality["n_judged"].between(1, DisclosureRules().min_respondents - 1)
    return quality.assign(n=quality["n"].astype("Int64").mask(few), share=quality["share"].mask(few))


def _left_out(study: Study) -> pd.DataFrame:
    """Return the steps of the ledger that say more than how many rows there are."""
    ledger = study.ledger
    plain = ledger["step"].isin(["rows in the file", "rows in the files", "rows for the analysis"])
    return ledger[~plain]


def _guesses(study: Study) -> list[dict[str, Any]]:
    standing = [v for v in study.codebook.variables if v.guessed]

    def doubt(variable: Variable) -> int:
        return min(
            (_DOUBTFUL.index(key) for key in variable.guessed if key in _DOUBTFUL), default=len(_DOUBTFUL)
        )

    return [
        {
            "table": v.table,
            "column": v.column,
            "role": v.role,
            "guessed": list(v.guessed),
            "comment": v.comment,
        }
        for v in sorted(standing, key=doubt)
    ]


def _hypotheses(study: Study, *, written: Collection[str]) -> list[dict[str, Any]]:
    parameters, registry = study.settings.parameters, load_registry()
    table = testability_table(
        study,
        ex_measure=parameters.ex_measure,
        cx_measure=parameters.cx_measure,
        min_unit_n=parameters.min_unit_n,
        engaged_definition=parameters.engaged_definition,
        conf_level=parameters.conf_level,
    )
    asked = study.settings.hypotheses
    rows = []
    for _, row in table.iterrows():
        if asked is not None and row["hypothesis"] not in asked:
            continue
        notebook = registry[row["hypothesis"]].notebook
        known = bool(pd.notna(row["value"]))
        rows.append(
            {
                "hypothesis": row["hypothesis"],
                "title": row["title"],
                "testable": bool(row["testable"]),
                "reason": _both(row["note"]),
                "smallest_effect": float(row["value"]) if known else None,
                "kind": row["kind"] if known else None,
                "n": int(row["n"]) if known else None,
                "power": POWER if known else None,
                "notebook": notebook,
                "written": notebook in written,
            }
        )
    return rows


def _both(note: Note | None) -> dict[str, str] | None:
    return None if note is None else {language: Texts(language).note(note) for language in languages()}


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame as plain data: missing values as None, numpy's numbers as Python's."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value

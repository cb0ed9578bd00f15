"""An analysis plan, frozen before the data arrive: what will be tested, by which rule and with which settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exresearch import __version__
from exresearch.findings import load_registry
from exresearch.findings.hypothesis import Hypothesis
from exresearch.report import Texts
from exresearch.report.method_words import (
    correction_words,
    data_words,
    decision_words,
    least_words,
    smallest_words,
)
from exresearch.run.origin import LOCK, sha256, source_digest
from exresearch.run.plan import asked_notebooks, resolved_parameters
from exresearch.run.plan_file import plan_digest
from exresearch.run.settings import settings_alone
from exresearch.run.suite import available_notebooks
from exresearch.study import (
    Problem,
    StudyError,
    StudyFile,
    load_codebook,
    load_settings,
    project_root,
    resolve_path,
)
from exresearch.study.confine import allowed_folders, outside
from exresearch.study.paths import absent, below

_VERSION = "1.0"


def freeze_plan(study_file: str | Path, *, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write out what a study will do, from its study file and codebook alone; no table is opened.

    When to use it: before the data arrive, so that nobody can say afterwards that the analysis was made to fit.

    Parameters
    ----------
    study_file : str or pathlib.Path
        The study file.
    overrides : mapping, optional
        As :func:`exresearch.study.load_settings`.

    Returns
    -------
    dict
        Ready for YAML, with its own ``digest``.

    Raises
    ------
    StudyError
        If the study file or the codebook has problems, or the study is a draft.
    """
    file = resolve_path(study_file)
    settings = load_settings(file, overrides=overrides)
    book = below(file.parent, settings.codebook)
    problems = outside("codebook", book, settings.codebook, file=file.name, folders=allowed_folders(file))
    problems = problems or absent("codebook", book, settings.codebook, file=file.name)
    if settings.draft:
        remedy = "Look through it and its codebook, then delete this line."
        problems.append(
            Problem(file.name, "draft", "this study is a draft; its guesses cannot be frozen.", remedy)
        )
    if not problems:
        problems = settings_alone(settings, load_codebook(book), file=file.name)
    if problems:
        raise StudyError(problems)
    content = {
        "plan": _VERSION,
        "client": settings.client,
        "frozen": datetime.now(UTC).isoformat(timespec="seconds"),
        **fixed(settings, codebook=book),
    }
    return {**content, "digest": plan_digest(content)}


def fixed(settings: StudyFile, *, codebook: Path) -> dict[str, Any]:
    """Return everything that a plan fixes, as it is now."""
    notebooks = asked_notebooks(available_notebooks(), settings)
    dumped = settings.model_dump(mode="json")
    decided = {one.id: one for path in notebooks for one in load_registry().in_notebook(path.stem)}
    ids = [name for name in load_registry().ids if name in decided]
    content: dict[str, Any] = {
        "exresearch": __version__,
        "source_sha256": source_digest(),
        "lock_sha256": sha256(project_root() / LOCK),
        "codebook": {"file": codebook.name, "sha256": sha256(codebook)},
        "hypotheses": {name: _hypothesis(decided[name], settings) for name in ids},
        "quality": dumped["quality"],
        "weighting": dumped["weighting"],
        "waves": dumped["waves"],
        "parameters": dumped["parameters"],
        "notebooks": {
            path.stem: {"sha256": sha256(path), "parameters": resolved_parameters(path, settings)}
            for path in notebooks
        },
    }
    # As YAML gives it back: no tuple, no number of another kind.
    plain: dict[str, Any] = json.loads(json.dumps(content))
    return plain


def _hypothesis(hypothesis: Hypothesis, settings: StudyFile) -> dict[str, Any]:
    texts, level = Texts(settings.language), settings.parameters.conf_level
    return {
        "title": hypothesis.title.texts,
        "claim": hypothesis.claim[settings.language],
        "notebook": hypothesis.notebook,
        "family": hypothesis.family,
        "correction": load_registry().family_of(hypothesis.id).correction,
        "multiplicity": correction_words(load_registry().family_of(hypothesis.id), texts),
        "data": data_words(hypothesis, texts),
        "at_least": least_words(hypothesis, texts),
        "estimands": [
            {
                "name": one.name,
                "meaning": one.meaning[settings.language],
                "components": list(one.components),
                "unit": one.unit,
                "null": one.null,
                "direction": one.direction,
                "smallest_effect": {"low": one.smallest_effect.low, "high": one.smallest_effect.high},
                "too_small_to_matter": smallest_words(one, texts),
                "rule": decision_words(one, level=level, texts=texts),
            }
            for one in hypothesis.estimands
        ],
    }

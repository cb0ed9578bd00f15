"""Whether the settings of a study can be what they are: beside its codebook, its data and the registry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from exresearch.findings import load_registry
from exresearch.findings.analyses import set_apart_problem
from exresearch.study import Codebook, Problem, Study, StudyFile, from_command_line, nearest


def setting_problems(study: Study, *, file: str, overrides: Mapping[str, Any] | None = None) -> list[Problem]:
    """Check the settings of a study against its data and the registry.

    When to use it: after the tables were read, before anything runs.

    Parameters
    ----------
    study : Study
        A study whose tables are in order.
    file : str
        Name of the study file, for the messages.
    overrides : mapping, optional
        What came from the command line, so that a message names it and not the file.

    Returns
    -------
    list of Problem
        Unknown hypotheses and measures, a category to set apart that is not there, a threshold outside the scale.
    """
    problems = settings_alone(study.settings, study.codebook, file=file)
    apart = set_apart_problem(study, study.settings.parameters.set_apart, file=file)
    problems += [] if apart is None else [apart]
    return from_command_line(problems, file=file, overrides=overrides)


def settings_alone(settings: StudyFile, codebook: Codebook | None, *, file: str) -> list[Problem]:
    """Return what is wrong with the settings by themselves, and beside the codebook where that is in order.

    When to use it: where the tables could not be read, so that their problems are not all there is to say.

    Parameters
    ----------
    settings : StudyFile
        The study file.
    codebook : Codebook or None
        None where it could not be read.
    file : str
        Name of the study file, for the messages.

    Returns
    -------
    list of Problem
    """
    parameters = settings.parameters
    problems = _unknown_hypotheses(settings.hypotheses or [], file=file)
    problems += [] if codebook is None else _unknown_measures(settings, codebook, file=file)
    # Holm's first step over four outcomes needs p-values down to a quarter of alpha, two-sided.
    least = math.ceil(8 / (1 - parameters.conf_level) - 1e-9) - 1
    if parameters.n_boot < least:
        message = f"{parameters.n_boot} replicates cannot carry an interval at conf_level {parameters.conf_level:g}."
        problems.append(Problem(file, "parameters.n_boot", message, f"It must be at least {least}."))
    items = () if codebook is None else codebook.select("employees", role="item", construct="engagement")
    scales = {(v.minimum, v.maximum) for v in items}
    if parameters.engaged_definition == "threshold" and len(scales) == 1:
        low, high = scales.pop()
        if low is not None and high is not None and not low < parameters.engaged_threshold <= high:
            message = f"{parameters.engaged_threshold:g} is outside the scale of the engagement items."
            remedy = f"It must lie above {low:g} and not above {high:g}."
            problems.append(Problem(file, "parameters.engaged_threshold", message, remedy))
    return problems


def draft_problems(study: Study, *, file: str) -> list[Problem]:
    """Return a problem where a study is a draft: somebody looks through it before it runs."""
    if not study.settings.draft:
        return []
    guessed = sum(len(variable.guessed) for variable in study.codebook.variables)
    columns = sum(bool(variable.guessed) for variable in study.codebook.variables)
    if guessed:
        guesses = "1 guess stands" if guessed == 1 else f"{guessed} guesses stand"
        of = "1 column" if columns == 1 else f"{columns} columns"
        message = f"this study is a draft: {guesses} in its codebook, about {of}."
        remedy = "Look through them, delete 'guessed' where they are right, then delete this line."
    else:
        message = "this study is a draft."
        remedy = "Look through it and its codebook, then delete this line."
    return [Problem(file, "draft", message, remedy)]


def _unknown_hypotheses(names: Sequence[str], *, file: str) -> list[Problem]:
    ids = load_registry().ids
    return [
        Problem(file, "hypotheses", f"there is no hypothesis {name!r}.", nearest(name, ids))
        for name in names
        if name not in ids
    ]


def _unknown_measures(settings: StudyFile, codebook: Codebook, *, file: str) -> list[Problem]:
    constructs = sorted({v.construct for v in codebook.variables if v.construct is not None})
    parameters = settings.parameters
    problems = []
    for key in ("ex_measure", "ex_alternative", "cx_measure", "moderator", "later_outcome"):
        name = getattr(parameters, key)
        # A default that the client did not choose may well be absent; then the hypothesis is not testable.
        if key in parameters.model_fields_set and name and name not in constructs:
            message = f"the codebook has no construct {name!r}."
            problems.append(Problem(file, f"parameters.{key}", message, nearest(name, constructs)))
    flags = sorted(v.column for v in codebook.select("units", role="flag"))
    if parameters.programme and parameters.programme not in flags:
        message = f"table 'units' has no flag {parameters.programme!r}."
        remedy = nearest(parameters.programme, flags) if flags else "Give a column of it the role flag."
        problems.append(Problem(file, "parameters.programme", message, remedy))
    return problems

"""What registry and settings declare, in words: rule, correction, data needed, missing answers, weights."""

from __future__ import annotations

from exresearch.findings.hypothesis import Alternative, Estimand, Family, Hypothesis
from exresearch.report.columns import TABLE_LABELS
from exresearch.report.numbers import interval, unit_spec
from exresearch.report.text import Texts, mark
from exresearch.study.parameters import StudyFile

_SIDES = {
    "greater": mark(
        "Supported where the whole {level:percent0} interval lies above {null} and not all of it is too small to "
        "matter; contradicted where all of it lies below; no meaningful effect where all of it is too small to matter; "
        "otherwise inconclusive."
    ),
    "less": mark(
        "Supported where the whole {level:percent0} interval lies below {null} and not all of it is too small to "
        "matter; contradicted where all of it lies above; no meaningful effect where all of it is too small to matter; "
        "otherwise inconclusive."
    ),
    "two-sided": mark(
        "Supported where the whole {level:percent0} interval lies on one side of {null} and not all of it is too small "
        "to matter; no meaningful effect where all of it is too small to matter; otherwise inconclusive."
    ),
}
_CAREFUL = {
    "straight_lining": mark("the same answer to everything"),
    "too_fast": mark("answered too fast"),
    "duplicate_sheet": mark("repeats of an earlier sheet"),
    "preview": mark("previews and tests"),
    "spam": mark("marked as spam by the platform"),
    "unfinished": mark("not finished"),
}


def decision_words(estimand: Estimand, *, level: float, texts: Texts) -> str:
    """Say the decision rule of an estimand as a sentence.

    Parameters
    ----------
    estimand : Estimand
        Of the registry.
    level : float
        Confidence level.
    texts : Texts
        Language of the reader.

    Returns
    -------
    str
        What :func:`exresearch.findings.decision.decide` does with this null and direction.
    """
    spec = unit_spec(estimand.unit)
    null = texts.number(estimand.null, spec if estimand.unit == "share" else "number0")
    return texts.say(_SIDES[estimand.direction], level=level, null=null)


def smallest_words(estimand: Estimand, texts: Texts) -> str:
    """Write the bounds of what is too small to matter; one digit more where the usual ones would hide them."""
    low, high = estimand.smallest_effect.low, estimand.smallest_effect.high
    return interval(low, high, unit_spec(estimand.unit), language=texts.language)


def correction_words(family: Family, texts: Texts) -> str:
    """Say in which family a hypothesis is tested and how p-values are corrected there."""
    label = family.label[texts.language]
    if family.correction == "holm":
        return texts.say(
            "{family}. The p-values of its {count:integer} parts are corrected together by Holm's method.",
            family=label,
            count=len(family.components),
        )
    if family.direction:
        return texts.say(
            "{family}. Not corrected: each answer rests on all its parts at once, so that a single error never "
            "supports more than one claim.",
            family=label,
        )
    return texts.say("{family}. A single test, so that nothing is corrected.", family=label)


def data_words(hypothesis: Hypothesis, texts: Texts) -> list[str]:
    """Say which tables a hypothesis takes, each way to test it.

    Parameters
    ----------
    hypothesis : Hypothesis
        Of the registry.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of str
        One per set of tables; names of constructs are those of the codebook.
    """
    return list(dict.fromkeys(_tables(option, texts) for option in hypothesis.needs.any_of))


def least_words(hypothesis: Hypothesis, texts: Texts) -> str:
    """Say how many units, waves and people a hypothesis needs at least; nothing where it needs no number."""
    needs = hypothesis.needs
    least = (
        (mark("at least {count:integer} units"), needs.min_units, 1),
        (mark("at least {count:integer} waves"), needs.min_waves, 2),
        (mark("at least {count:integer} people"), needs.min_respondents, 1),
    )
    return texts.listed(texts.say(message, count=count) for message, count, start in least if count >= start)


def _tables(option: Alternative, texts: Texts) -> str:
    tables = []
    for table in option.tables:
        constructs = texts.listed(option.constructs.get(table, ()))
        name = texts.say(TABLE_LABELS[table])
        tables.append(f"{name} ({constructs})" if constructs else name)
    return " + ".join(tables)


def missing_words(settings: StudyFile, texts: Texts) -> list[str]:
    """Say what becomes of missing answers and of sheets that look careless, as this study set it.

    Parameters
    ----------
    settings : StudyFile
        The study's settings.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of str
        Sentences.
    """
    said = [
        texts.say(
            "A score needs as many answers as the codebook asks for; a sheet with fewer has no score, is left out of "
            "what needs it, and is counted."
        ),
    ]
    imputations = settings.parameters.n_imputations
    if imputations:
        said.append(
            texts.say(
                "Models use complete sheets. As a check beside the driver models missing answers are filled in "
                "{count:integer} times (multiple imputation).",
                count=imputations,
            )
        )
    else:
        said.append(texts.say("Models use complete sheets; missing answers are not filled in."))
    kinds = [texts.say(_CAREFUL[kind]) for kind in settings.quality.leave_out]
    if kinds:
        said.append(
            texts.say(
                "Sheets that look careless are left out, and counted, where they are: {kinds}.",
                kinds="; ".join(kinds),
            )
        )
    else:
        said.append(texts.say("Sheets that look careless are counted and shown; none is left out for it."))
    return said


def weighting_words(settings: StudyFile, texts: Texts) -> list[str]:
    """Say how answers are weighted in this study.

    Parameters
    ----------
    settings : StudyFile
        The study's settings.
    texts : Texts
        Language of the reader.

    Returns
    -------
    list of str
        One sentence per weighted table, or that this study computes no weights.
    """
    if not settings.weighting:
        return [
            texts.say(
                "This study computes no weights: every answer counts the same, unless a table brings a column of "
                "weights."
            )
        ]
    return [
        texts.say(
            "{table}: weighted so that the answers resemble the population by {categories}{each}.",
            table=texts.say(TABLE_LABELS[table]),
            categories=texts.listed(dict.fromkeys([*weighting.margins, *weighting.staff_list])),
            each=texts.say(", each wave by itself") if weighting.by_wave else "",
        )
        for table, weighting in settings.weighting.items()
    ]

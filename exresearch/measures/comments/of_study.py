"""The comments of a study, coded: what is kept of each is its codes and themes, never its words."""

from __future__ import annotations

import re

import pandas as pd

from exresearch.measures.comments.coder import code_comment
from exresearch.measures.comments.personal import without_personal_data
from exresearch.study import Study, Variable

_NAMED = re.compile(r"comment|remark|toelichting|opmerking|own words|eigen woorden", re.IGNORECASE)
COLUMNS = ["language", "code", "sure", "themes", "wording"]


def comment_column(study: Study) -> Variable | None:
    """Return the text column of the contact moments that holds comments.

    The one with construct ``comment``; else the one whose name or label says that it does.
    """
    texts = [v for v in study.codebook.select("moments", role="text") if study.has("moments", v.column)]
    for variable in texts:
        if variable.construct == "comment":
            return variable
    for variable in texts:
        label = "" if variable.label is None else f"{variable.label.nl} {variable.label.en}"
        if _NAMED.search(f"{variable.column} {label}"):
            return variable
    return None


def coded_comments(study: Study) -> pd.DataFrame:
    """Code every comment on a contact moment, personal data taken out first.

    Parameters
    ----------
    study : Study
        The client.

    Returns
    -------
    pandas.DataFrame
        On the index of the table: ``language, code, sure, themes`` of :class:`Coded`, ``wording`` (a number, the
        same for the same text), and no text. Empty where there
        are no comments.
    """
    column = comment_column(study)
    if column is None:
        return pd.DataFrame(columns=COLUMNS)
    texts = study.table("moments")[column.column].dropna().astype(str)
    texts = texts[texts.str.strip() != ""]
    # Many people write the same few words; each text is read once.
    known = {text: code_comment(without_personal_data(text)) for text in texts.unique()}
    coded = [known[text] for text in texts]
    return pd.DataFrame(
        {
            "language": [each.language for each in coded],
            "code": [each.code for each in coded],
            "sure": [each.sure for each in coded],
            "themes": [each.themes for each in coded],
            "wording": pd.factorize(texts)[0],
        },
        index=texts.index,
    )

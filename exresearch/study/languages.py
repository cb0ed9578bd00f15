"""The languages of the reports: English, and every catalogue of translations that is there.

A catalogue is ``<language>.po`` in ``exresearch/report/locale``, or in the folder that the environment variable
``EXRESEARCH_LOCALE`` names. Kernels inherit the environment, so that they find it too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import read_po

FOLDER_VARIABLE = "EXRESEARCH_LOCALE"
# The language of the messages themselves.
SOURCE = "en"
LANGUAGE = r"^[a-z]{2,3}(_[A-Z]{2})?$"
# English as the reports write it: the day before the month.
_BABEL = {SOURCE: "en_GB"}


def languages() -> tuple[str, ...]:
    """Return the languages a report can be written in, by their codes, in the order of the alphabet.

    Examples
    --------
    >>> {"en", "nl"} <= set(languages())
    True
    """
    return tuple(sorted({SOURCE, *_catalogues(os.environ.get(FOLDER_VARIABLE, ""))}))


def known_language(language: str) -> str:
    """Return a language that there is.

    Raises
    ------
    ValueError
        If there is no catalogue of it; the message names the languages there are.
    """
    if language not in languages():
        raise ValueError(f"language must be one of {', '.join(languages())}; got {language!r}.")
    return language


def locale_of(language: str) -> Locale:
    """Return the rules by which a language writes numbers, dates and lists."""
    return _locale(_BABEL.get(language, language))


def translation(message: str, language: str) -> str | None:
    """Return what the catalogue of a language has for an English message; None where it has nothing.

    Examples
    --------
    >>> translation("inconclusive", "nl"), translation("inconclusive", "en")
    ('onbeslist', 'inconclusive')
    """
    if language == SOURCE:
        return message
    path = _catalogues(os.environ.get(FOLDER_VARIABLE, "")).get(language)
    return None if path is None else _messages(path, language).get(message)


def in_language(label: Any, language: str) -> str:
    """Return a label as text: in the language asked for, else translated, else in English, else in Dutch.

    Parameters
    ----------
    label : str or mapping of str to str
        A label in one or more languages; of a client it may lack the one asked for.
    language : str
        Code of a language.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If the label is neither text nor a mapping with a text in any language.

    Examples
    --------
    >>> in_language({"nl": "Groei", "en": "Growth"}, "nl"), in_language({"nl": "Groei"}, "en")
    ('Groei', 'Groei')
    """
    if isinstance(label, str):
        return label
    texts = label if isinstance(label, Mapping) else getattr(label, "texts", None)
    if not isinstance(texts, Mapping) or not texts:
        raise TypeError(f"a label is text, or a mapping of language to text; got a {type(label).__name__}.")
    if language in texts:
        return str(texts[language])
    if SOURCE in texts:
        return translation(str(texts[SOURCE]), language) or str(texts[SOURCE])
    return str(texts.get("nl", next(iter(texts.values()))))


def worded(message: str) -> dict[str, str]:
    """Return an English message as a label in every language there is.

    Examples
    --------
    >>> worded("inconclusive")["nl"]
    'onbeslist'
    """
    return {language: translation(message, language) or message for language in languages()}


def listed(
    labels: Iterable[Any], *, separator: str | None = None, each: Callable[[str], str] = str
) -> dict[str, str]:
    """Return labels as one enumeration in every language.

    Parameters
    ----------
    labels : iterable of label
        As :func:`in_language`.
    separator : str, optional
        Between two labels; the comma of the language by default.
    each : callable
        What is done to the text of each label, such as putting it in lower case.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> listed([{"nl": "Groei", "en": "Growth"}, {"nl": "Rust", "en": "Rest"}], each=str.lower)["nl"]
    'groei, rust'
    """
    known = list(labels)
    return {
        language: (comma(language) if separator is None else separator).join(
            each(in_language(label, language)) for label in known
        )
        for language in languages()
    }


def comma(language: str) -> str:
    """Return what stands between two entries of a list, such as ``", "``."""
    pattern = str(locale_of(language).list_patterns["standard"]["middle"])
    return pattern.partition("{0}")[2].partition("{1}")[0]


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


@cache
def _catalogues(extra: str) -> dict[str, Path]:
    """Return the file of each language; of two the one in the folder of the environment wins."""
    folders = [Path(str(files("exresearch"))) / "report" / "locale", *([Path(extra)] if extra else [])]
    return {
        path.stem: path
        for folder in folders
        for path in sorted(folder.glob("*.po"))
        if path.stem != SOURCE and re.match(LANGUAGE, path.stem) and _known_to_babel(path.stem)
    }


def _known_to_babel(code: str) -> bool:
    try:
        _locale(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


@cache
def _messages(path: Path, language: str) -> dict[str, str]:
    with path.open("rb") as stream:
        catalogue = read_po(stream, locale=language)
    return {
        str(entry.id): str(entry.string)
        for entry in catalogue
        if entry.id and entry.string and not entry.fuzzy
    }

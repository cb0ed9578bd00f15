"""Sentences in the reader's language: English messages, their translations, and places for numbers."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from exresearch.findings.note import Note
from exresearch.report.numbers import Language, render
from exresearch.study.languages import SOURCE, comma, in_language, known_language, translation


class MissingTranslation(LookupError):
    """A message without an entry in the catalogue; raised only where completeness is checked."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Everything that is said in one language.

    Parameters
    ----------
    language : str
        Language of the reader: ``en``, or one that there is a catalogue of. English messages are their own text.
    strict : bool
        Raise :class:`MissingTranslation` where the catalogue has no entry. A report is not strict: an
        English sentence is better than none.

    Raises
    ------
    ValueError
        If there is no catalogue of the language.

    Examples
    --------
    >>> Texts("en").say("{n:integer} people took part.", n=5812)
    '5,812 people took part.'
    """

    language: Language
    strict: bool = False

    def __post_init__(self) -> None:
        known_language(self.language)

    def translate(self, message: str) -> str:
        """Return the message in the reader's language, its places still open.

        Raises
        ------
        MissingTranslation
            If the texts are strict and the catalogue has no entry.
        """
        if self.language == SOURCE or not message.strip():
            return message
        translated = translation(message, self.language)
        if translated:
            return translated
        if self.strict:
            raise MissingTranslation(
                f"no {self.language!r} translation of {message!r}; run tools/messages.py --update."
            )
        return message

    def say(self, message: str, /, **values: Any) -> str:
        """Translate a message and fill its places.

        Parameters
        ----------
        message : str
            English, with places such as ``{n:integer}``, ``{share:percent0}``, ``{ratio:number2}``, ``p = {p:p}``
            (which becomes ``p < 0.001`` where it is that small) and ``{unit}`` for text, a year, or a mapping from
            language to label.
        **values : number, str, dict or Note
            One per place.

        Returns
        -------
        str
            Plain text; escape it where it goes into HTML.

        Raises
        ------
        ValueError
            If places and values do not match, or a value does not fit the spec of its place.
        MissingTranslation
            As :meth:`translate`.
        """
        _check_places(message, values)
        # "p = {p:p}" may be filled with "< 0.001".
        return _Formatter(self).vformat(self.translate(message), (), values).replace("= < ", "< ")

    def note(self, note: Note) -> str:
        """Say a stored note."""
        return self.say(note.message, **note.values)

    def pick(self, label: object) -> str:
        """Return a label as text: a note is said, a mapping looked up by language, a string stays as it is.

        A mapping that lacks the language is read in English, translated where the catalogue can, or else in Dutch:
        a client need not have labels in every language.

        Raises
        ------
        ValueError
            If the label is something else.
        """
        if isinstance(label, str):
            return label
        if isinstance(label, Note):
            return self.note(label)
        try:
            return in_language(label, self.language)
        except TypeError as error:
            raise ValueError(
                f"a label must be text, a note, or a text in some language; got a {type(label).__name__}."
            ) from error

    def listed(self, labels: Iterable[object]) -> str:
        """Return labels as an enumeration, with the comma of the language between them."""
        return comma(self.language).join(self.pick(label) for label in labels)

    def number(self, value: object, spec: str) -> str:
        """Write one value as :func:`exresearch.report.numbers.render` does."""
        return render(value, spec, language=self.language)


def mark(message: str) -> str:
    """Mark a literal that is said later, so that it is found for translation; returns it unchanged."""
    return message


def places(message: str) -> frozenset[tuple[str, str]]:
    """Return the places of a message as (name, spec), to compare a translation with its original.

    Raises
    ------
    ValueError
        If the braces do not match, or a place has no name, a conversion or an attribute.
    """
    found = set()
    try:
        parsed = list(string.Formatter().parse(message))
    except ValueError as error:
        raise ValueError(f"message {message!r} has braces that do not match: {error}.") from error
    for _, name, spec, conversion in parsed:
        if name is None:
            continue
        if not name.isidentifier() or conversion:
            raise ValueError(
                f"message {message!r}: a place is a plain name with an optional spec; got {{{name}}}."
            )
        found.add((name, spec or ""))
    return frozenset(found)


def _check_places(message: str, values: Mapping[str, Any]) -> None:
    wanted = {name for name, _ in places(message)}
    missing, surplus = sorted(wanted - set(values)), sorted(set(values) - wanted)
    if missing or surplus:
        raise ValueError(
            f"message {message!r}: places without a value: {', '.join(missing) or 'none'}; "
            f"values without a place: {', '.join(surplus) or 'none'}."
        )


class _Formatter(string.Formatter):
    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec:
            return render(value, format_spec, language=self._texts.language)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, float | bool):
            raise ValueError(
                f"a place without a spec takes text or a whole number; got a {type(value).__name__}."
            )
        return self._texts.pick(value)

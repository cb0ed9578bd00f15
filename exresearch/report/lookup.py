"""Lists that ship with the report: words with their meaning, and the literature behind the methods."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from exresearch.findings.finding import Finding
from exresearch.findings.hypothesis import Hypothesis, Text
from exresearch.findings.note import Note
from exresearch.findings.registry import load_registry
from exresearch.study.yaml_file import shipped_yaml


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(_Entry):
    """A word of the report with its meaning, one sentence."""

    term: Text
    meaning: Text


class Source(_Entry):
    """A publication, and what calls for it: words of a method, a family's correction, or a rule of the registry."""

    text: str
    doi: str
    words: tuple[str, ...] = ()
    family: str = ""
    rule: str = ""
    always: bool = False


@cache
def load_terms() -> tuple[Term, ...]:
    """Return the words that a report explains, in reading order."""
    return tuple(Term.model_validate(entry) for entry in _read("glossary.yaml"))


@cache
def load_sources() -> tuple[Source, ...]:
    """Return the literature behind the methods, in reading order."""
    return tuple(Source.model_validate(entry) for entry in _read("literature.yaml"))


def sources_of(hypothesis: Hypothesis, finding: Finding | None) -> tuple[Source, ...]:
    """Return what a hypothesis rests on.

    Parameters
    ----------
    hypothesis : Hypothesis
        From the registry: its family, rule and reasons for the smallest effects.
    finding : Finding or None
        What was found, whose methods and those of its checks count as well.

    Returns
    -------
    tuple of Source
        In the order of the list.
    """
    said = [estimand.reason.en for estimand in hypothesis.estimands]
    if finding is not None and finding.method is not None:
        said += [note.message for note in methods_of(finding)]
        said += [record.method.message for record in finding.robustness]
    correction = load_registry().family_of(hypothesis.id).correction
    return tuple(
        source
        for source in load_sources()
        if source.always
        or source.family == correction
        or source.rule == hypothesis.rule
        or any(word in text for word in source.words for text in said)
    )


def methods_of(finding: Finding) -> Sequence[Note]:
    """Return the methods of the estimates that decide, each once."""
    notes = [part.method for part in finding.components]
    if not notes and finding.method is not None:
        notes = [finding.method]
    return list({note.message: note for note in notes}.values())


def _read(name: str) -> Any:
    return shipped_yaml(files("exresearch.report").joinpath(name).read_text(encoding="utf-8"))

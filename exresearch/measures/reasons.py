"""Every reason for which a table of a study lacks a number: said on pages, so gathered for translation."""

from __future__ import annotations

from collections.abc import Iterator

from exresearch.measures.advocacy.of_study import REASONS_OF_STUDY
from exresearch.measures.aggregation.attenuation import ABOVE_ONE, NO_CORRECTION
from exresearch.measures.aggregation.gate import REASONS as GATE_REASONS
from exresearch.measures.aggregation.intraclass import BELOW_ZERO
from exresearch.measures.aggregation.tables import NOT_JUDGED, NOT_RANKED
from exresearch.measures.change.waves import CHANGE_REASONS
from exresearch.measures.reliability.intervals import REASONS as RELIABILITY_REASONS
from exresearch.measures.scores.factor_scores import FACTOR_REASONS
from exresearch.measures.scores.summary import SCORE_REASONS
from exresearch.measures.structure.invariance import INVARIANCE_REASONS
from exresearch.measures.structure.of_study import STUDY_REASONS
from exresearch.measures.structure.sem import REASONS as MODEL_REASONS


def all_reasons() -> Iterator[str]:
    """Yield each sentence that a column ``reason`` of this room can hold.

    Examples
    --------
    >>> "Nobody answered this question." in set(all_reasons())
    True
    """
    for reasons in (
        REASONS_OF_STUDY,
        GATE_REASONS,
        NO_CORRECTION,
        NOT_JUDGED,
        NOT_RANKED,
        CHANGE_REASONS,
        RELIABILITY_REASONS,
        FACTOR_REASONS,
        SCORE_REASONS,
        INVARIANCE_REASONS,
        STUDY_REASONS,
        MODEL_REASONS,
    ):
        yield from (text for text in reasons.values() if text)
    yield from (ABOVE_ONE, BELOW_ZERO)

"""Notebook 05: do people come to recommend the employer after more of their colleagues did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.dependence import FEW_UNITS
from exresearch.findings.analyses.peers.checks import ambassador_records, peer_checks, peer_record
from exresearch.findings.analyses.peers.sheets import BEFORE, OUTCOME, PeerSheets, followed, peer_sheets
from exresearch.findings.conclude import conclude, estimand_for, not_testable
from exresearch.findings.finding import EstimateRecord, Finding
from exresearch.findings.note import Note
from exresearch.findings.testability import Testability, testability
from exresearch.models import NotEstimable, WithinFit, binned_deviations
from exresearch.study import Study

_HYPOTHESIS = "peers-carry-peers"
_BINS = 8
_NOBODY = Note(
    message=(
        "Too few people answered in two waves that each came after one in which enough of their colleagues did, or "
        "nothing changed."
    )
)
_BIAS = Note(
    message=(
        "What happens to a whole unit moves colleagues and the person alike, and may last into the next wave. Equal "
        "engagement of colleagues takes away what shows in it, and not what does not."
    )
)
_NO_ENGAGEMENT = Note(
    message=(
        "Engagement was not asked, so that what happens to a whole unit could not be held equal: the effect is "
        "probably too large."
    )
)
_LATER = Note(
    message=(
        "Colleagues' answers a wave later cannot have moved a person, and still go along with that person's answer "
        "({later:signed2}, against {before:signed2} for the wave before). Part of the effect is therefore what a unit "
        "goes through together, or an echo of how people moved each other before."
    )
)
_NOT_LATER = Note(
    message=(
        "Colleagues' answers a wave later, which cannot have moved a person, do not clearly go along with that "
        "person's answer ({later:signed2}, against {before:signed2} for the wave before)."
    )
)
_MOVED = Note(
    message=(
        "{n:integer} people answered in more than one unit. They are followed anew in each: a move changes the "
        "colleagues, and much else."
    )
)


@dataclass(frozen=True, slots=True)
class PeersCarryPeers:
    """Everything the page shows about ambassadors and their colleagues; no row is about one person.

    Attributes
    ----------
    finding : Finding
        The verdict on ``peers-carry-peers``.
    bins : pandas.DataFrame
        Deviations within persons, in groups of equal size: ``bin, x`` (share of promoters among colleagues before),
        ``y`` (answer), ``conf_low, conf_high, conf_level, n, n_clusters``.
    line : float
        Slope of the answer on the share, on their own scales; NaN where there is none.
    timing : tuple of EstimateRecord
        The effect of colleagues a wave before, in the same wave and a wave later.
    ambassadors : tuple of EstimateRecord
        Voluntary and assigned ambassadors among colleagues, and their difference.
    variant : str
        Who counts as a promoter.
    n_persons : int
        People who were followed.
    label : dict of str to str
        Of the question.
    """

    finding: Finding
    bins: pd.DataFrame = field(default_factory=pd.DataFrame)
    line: float = float("nan")
    timing: tuple[EstimateRecord, ...] = ()
    ambassadors: tuple[EstimateRecord, ...] = ()
    variant: str = ""
    n_persons: int = 0
    label: dict[str, str] = field(default_factory=dict)


def peers_carry_peers(
    study: Study,
    *,
    enps_variant: Literal["us", "eu", "custom"],
    enps_promoters_from: int = 9,
    enps_detractors_to: int = 6,
    min_unit_n: int,
    conf_level: float,
    rules: DisclosureRules,
) -> PeersCarryPeers:
    """Decide whether a person recommends the employer more after more colleagues did.

    A person's answers are compared with each other: the effect of the share of promoters among the colleagues of the
    wave before, without the person, in standard deviations within persons; standard error by unit. Held the same are
    waves and, where it is measured, colleagues' engagement in the same wave and the one before, since events that a
    whole unit goes through would pass for contagion otherwise.

    Parameters
    ----------
    study : Study
        The client.
    enps_variant, enps_promoters_from, enps_detractors_to
        Who is a promoter.
    min_unit_n : int
        Colleagues that a share needs.
    conf_level : float
        Of every interval.
    rules : DisclosureRules
        Rules of the report.

    Returns
    -------
    PeersCarryPeers
    """
    ready = testability(study, _HYPOTHESIS, ex_measure="enps", min_unit_n=min_unit_n, conf_level=conf_level)
    if ready.reason is not None:
        return PeersCarryPeers(_untested(ready.reason, ready, rules))
    sheets = peer_sheets(
        study,
        enps_variant=enps_variant,
        enps_promoters_from=enps_promoters_from,
        enps_detractors_to=enps_detractors_to,
        min_unit_n=min_unit_n,
    )
    if isinstance(sheets, Note):
        return PeersCarryPeers(_untested(sheets, ready, rules))
    fit = followed(sheets.frame, [BEFORE, *sheets.held], conf_level=conf_level)
    if fit is None:
        return PeersCarryPeers(_untested(_NOBODY, ready, rules))
    deciding = peer_record(
        fit, BEFORE, name="peer_effect", label=Note(message="Ambassadors among colleagues a wave before")
    )
    checks = peer_checks(study, sheets, held=sheets.held, conf_level=conf_level)
    ambassadors, notes = ambassador_records(sheets, conf_level=conf_level)
    finding = conclude(
        deciding,
        hypothesis=_HYPOTHESIS,
        estimand=estimand_for(_HYPOTHESIS),
        n_excluded=sheets.n_all - deciding.n,
        rules=rules,
        robustness=(*checks, *ambassadors),
        caveats=[*_caveats(sheets, deciding, checks), *notes],
    )
    by = {check.term: check for check in checks}
    timing = [deciding, *(by[name] for name in ("peers_same_wave", "peers_later") if name in by)]
    slope = fit.fit.coefficients[BEFORE]
    return PeersCarryPeers(
        finding,
        bins=_bins(fit, conf_level=conf_level),
        line=float(slope),
        timing=tuple(timing),
        ambassadors=ambassadors,
        variant=sheets.cuts.variant,
        n_persons=int(
            sheets.frame["person"][
                sheets.frame[[OUTCOME, BEFORE, *sheets.held]].notna().all(axis=1)
            ].nunique()
        ),
        label=sheets.label,
    )


def _untested(reason: Note, ready: Testability, rules: DisclosureRules) -> Finding:
    return not_testable(_HYPOTHESIS, reason=reason, rules=rules, detectable_effect=ready.detectable_effect)


def _bins(fit: WithinFit, *, conf_level: float) -> pd.DataFrame:
    try:
        return binned_deviations(fit, predictor=BEFORE, n_bins=_BINS, conf_level=conf_level)
    except NotEstimable:
        return pd.DataFrame()


def _caveats(sheets: PeerSheets, deciding: EstimateRecord, checks: tuple[EstimateRecord, ...]) -> list[Note]:
    notes = [_BIAS if sheets.held else _NO_ENGAGEMENT]
    later = next((check for check in checks if check.term == "peers_later"), None)
    if later is not None:
        clear = later.conf_low > 0 or later.conf_high < 0
        values = {"later": later.estimate, "before": deciding.estimate}
        notes.append((_LATER if clear else _NOT_LATER).model_copy(update={"values": values}))
    if sheets.n_moved:
        notes.append(_MOVED.model_copy(update={"values": {"n": sheets.n_moved}}))
    if deciding.n_units is not None and deciding.n_units < FEW_UNITS:
        message = (
            "There are fewer than {few:integer} units: intervals from so few units are often too narrow."
        )
        notes.append(Note(message=message, values={"few": FEW_UNITS}))
    return notes

"""Everything beside the verdict on engagement and customer experience: cut-offs, slopes, kinds, levels and shapes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses.linkage.contrasts import link_contrasts
from exresearch.findings.analyses.linkage.engagement import EngagementAndCx
from exresearch.findings.analyses.linkage.funnel import Funnel, link_funnels
from exresearch.findings.analyses.linkage.levels import LinkLevels, link_levels
from exresearch.findings.analyses.linkage.shape import LinkShape, link_shape
from exresearch.findings.analyses.linkage.slopes import LinkSlopes
from exresearch.findings.analyses.linkage.types import LinkTypes, link_types
from exresearch.findings.note import Note
from exresearch.measures import EngagedDefinition
from exresearch.study import Study


@dataclass(frozen=True, slots=True)
class LinkDetails:
    """What the page shows beside the verdict on the link.

    Attributes
    ----------
    contrasts : pandas.DataFrame
        Of :func:`exresearch.findings.analyses.linkage.contrasts.link_contrasts`.
    contrast_notes : list of Note
        What is missing there.
    slopes : LinkSlopes
    types : LinkTypes
    levels : LinkLevels
    shape : LinkShape
    funnels : list of Funnel
    funnel_notes : list of Note
    """

    contrasts: pd.DataFrame
    contrast_notes: list[Note]
    slopes: LinkSlopes
    types: LinkTypes
    levels: LinkLevels
    shape: LinkShape
    funnels: list[Funnel]
    funnel_notes: list[Note]


def link_details(
    study: Study,
    found: EngagementAndCx,
    *,
    cx_measure: str,
    moderator: str,
    engaged_definition: EngagedDefinition,
    engaged_threshold: float,
    leader_share: float,
    set_apart: str,
    min_unit_n: int,
    conf_level: float,
    n_boot: int,
    seed: int,
    rules: DisclosureRules,
) -> LinkDetails | None:
    """Reckon everything that the page shows beside the verdict.

    Parameters
    ----------
    study : Study
        The client.
    found : EngagementAndCx
        The verdict, with the link behind it.
    cx_measure, engaged_definition, engaged_threshold, leader_share, set_apart, min_unit_n
        As :func:`exresearch.findings.analyses.engagement_and_cx`.
    moderator : str
        Construct of the units that may strengthen the link, or empty.
    conf_level, n_boot, seed, rules
        As there.

    Returns
    -------
    LinkDetails or None
        None where no link could be estimated.
    """
    table, slopes = found.table, found.slopes
    if table is None or slopes is None:
        return None
    resampling: dict[str, Any] = {"n_boot": n_boot, "conf_level": conf_level, "seed": seed}
    options = {"engaged_threshold": engaged_threshold, "cx_measure": cx_measure, "min_unit_n": min_unit_n}
    contrasts, contrast_notes = link_contrasts(
        study,
        table,
        engaged_definition=engaged_definition,
        leader_share=leader_share,
        options=options,
        resampling=resampling,
    )
    funnels, funnel_notes = link_funnels(table, slopes.precision, found.labels)
    return LinkDetails(
        contrasts=contrasts,
        contrast_notes=contrast_notes,
        slopes=slopes,
        types=link_types(study, table, set_apart=set_apart, min_units=rules.min_units, resampling=resampling),
        levels=link_levels(table, conf_level=conf_level),
        shape=link_shape(study, table, moderator=moderator, resampling=resampling),
        funnels=funnels,
        funnel_notes=funnel_notes,
    )

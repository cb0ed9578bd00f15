"""Who answered: response, the respondents beside all staff, missing answers, and what weights cost."""

from exresearch.measures.respondents.nonresponse import (
    representativeness,
    respondents_against_staff,
    response_by_group,
)
from exresearch.measures.respondents.readiness import answers_by_wave, missing_cells, rows_used
from exresearch.measures.respondents.weights import effective_n, weight_summary

__all__ = [
    "answers_by_wave",
    "effective_n",
    "missing_cells",
    "representativeness",
    "respondents_against_staff",
    "response_by_group",
    "rows_used",
    "weight_summary",
]

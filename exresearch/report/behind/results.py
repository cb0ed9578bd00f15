"""Tables behind the figures of engagement, results of the business, pay and programmes: notebooks 02, 09 and 10."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.tables import Column
from exresearch.report.text import mark

_VARIANT = {"promoters": mark("promoters"), "passives": mark("passives"), "detractors": mark("detractors")}
_TIMING = {
    "before": mark("experience a wave before"),
    "same": mark("experience of the same wave"),
    "after": mark("experience a wave after"),
}
_EXPERIENCE = {"high": mark("good experience"), "mean": mark("at the mean"), "low": mark("poor experience")}
_SIDES = {"ex": mark("Employee experience"), "cx": mark("Customer experience")}
_ROWS = {
    "deciding": mark("deciding"),
    "check": mark("check"),
    "placebo": mark("a start that never was"),
}
_SIDE = Column(mark("Side"), "message", _SIDES)
_SHARE = Column(mark("Share"), "percent1")
_INTERVAL = Column(mark("Interval"), "percent1")
_LEVEL = Column(mark("Experience"), "message", _EXPERIENCE)

TABLES: dict[str, Behind] = {
    "Bands of engagement": table(
        mark("Share of employees in each band"), "band share conf_low behind", band=Column(mark("Band")),
        conf_low=_INTERVAL, behind=Column(mark("Answers"), "integer"),
    ),
    "Engaged share": table(mark("The engaged share"), "estimate n", estimate=_SHARE),
    "Engaged share beside published shares": table(
        mark("The engaged share beside published shares"), "label value", value=_SHARE
    ),
    "Outcomes": table(
        mark("Link of each outcome with experience a wave before"),
        "label unit_of_measurement estimate conf_low verdict n", label=Column(mark("Outcome")),
    ),
    "Outcomes, before and after": table(
        mark("Link of each outcome with experience before and after"),
        "label timing unit_of_measurement estimate conf_low n", label=Column(mark("Outcome")),
        timing=Column(mark("When"), "message", _TIMING),
    ),
    "Rate by groups of units, from low to high experience": table(
        mark("Rate by groups of units, from low to high experience"), "group ex estimate conf_low n_units n",
        group=Column(mark("Group"), "integer"), ex=Column(mark("Experience"), "number2"),
        estimate=Column(mark("Rate"), "percent1"), conf_low=_INTERVAL,
    ),
    "Still employed": table(
        mark("Share still employed"), "group months estimate conf_low n",
        group=Column(mark("First answer"), "message", _VARIANT), months=Column(mark("Months later"), "integer"),
        n=Column(mark("People"), "integer"),
        estimate=_SHARE, conf_low=_INTERVAL,
    ),
    "Referred applicants by groups of units": table(
        mark("Referred applicants by groups of units"), "mean estimate conf_low n_units n",
        mean=Column(mark("Mean answer"), "number1"), estimate=Column(mark("Applicants per 100 employees"), "number1"),
        conf_low=Column(mark("Interval"), "number1"), n=Column(mark("Employees"), "integer"),
    ),
    "Units by recommending": table(
        mark("Units, none of them named"), "ex cx", shuffled=True, ex=Column(mark("eNPS"), "signed0"),
        cx=Column(mark("NPS"), "signed0"),
    ),
    "Expected outcome by pay": table(
        mark("Expected intention to stay, by satisfaction with pay"), "level x estimate conf_low n", level=_LEVEL,
        x=Column(mark("Satisfaction with pay"), "number2"), estimate=Column(mark("Intention to stay"), "number2"),
    ),
    "Slope of pay where experience is poor and good": table(
        mark("Slope of pay where experience is poor and good"), "level estimate conf_low p_value n", level=_LEVEL,
        estimate=Column(mark("Slope"), "number2"),
    ),
    "Courses of units": table(
        mark("Mean of the units by wave"), "side starts wave mean conf_low n_units n", side=_SIDE,
        starts=Column(mark("Start"), "message", {"": mark("never")}), conf_low=Column(mark("Interval"), "number2"),
    ),
    "Effect by waves since the start": table(
        mark("Effect by waves since the start, in standard deviations"),
        "side event_time estimate conf_low n_treated n_compared", side=_SIDE,
        event_time=Column(mark("Waves since the start"), "signed0"),
        n_treated=Column(mark("Units that started"), "integer"), n_compared=Column(mark("Units compared"), "integer"),
    ),
    "Average effect": table(
        mark("Average effect since the start, in standard deviations"), "label estimate conf_low n_treated n_compared",
        n_treated=Column(mark("Units that started"), "integer"), n_compared=Column(mark("Units compared"), "integer"),
    ),
    "Effects, checks and pretended starts": table(
        mark("Effects, checks and pretended starts, in standard deviations"), "side kind label estimate conf_low n",
        side=_SIDE, kind=Column(mark("Row"), "message", _ROWS), label=Column(mark("Way of asking")),
    ),
}  # fmt: skip

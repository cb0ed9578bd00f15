"""Tables behind the figures of links between units, and of their direction: notebooks 02 and 04."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.tables import Column
from exresearch.report.text import mark

_EX = Column(mark("Employee experience"), "number2")
_CX = Column(mark("Customer experience"), "number2")
_UNITS = Column(mark("Units"), "integer")
_WAYS = {
    "ex_to_cx": mark("from employees to customers"),
    "cx_to_ex": mark("from customers to employees"),
    "ex_autoregressive": mark("how long a change among employees lasts"),
    "cx_autoregressive": mark("how long a change among customers lasts"),
}
_WAY = Column(mark("Direction"), "message", _WAYS)
_PANELS = {"between": mark("What units are"), "within": mark("What happens to units")}
_LINES = {"congruence": mark("In step"), "incongruence": mark("Apart")}
_CURVES = {"linear": mark("straight line"), "spline": mark("curve")}
_SLOPES = {
    "positive": mark("above zero"),
    "negative": mark("below zero"),
    "undetermined": mark("not to be told from zero"),
}
_BALANCE = {"slope": mark("Who comes off worse"), "curvature": mark("How far they drift apart")}
_ENDS = {"share_leaders": mark("leaders"), "share_laggards": mark("laggards")}

TABLES: dict[str, Behind] = {
    "Units by both sides": table(mark("Units, none of them named"), "ex cx", shuffled=True, ex=_EX, cx=_CX),
    "Leaders and laggards": table(
        mark("Share among leaders and laggards"),
        "term estimate conf_low people",
        spec="percent1",
        term=Column(mark("Units"), "message", _ENDS),
    ),
    "Leaders against laggards by cut-off": table(
        mark("Leaders against laggards by cut-off"),
        "engaged cut estimate conf_low simple_low n",
        engaged=Column(mark("Who counts as engaged")),
        cut=Column(mark("Units at each end"), "percent0"),
        simple_low=Column(mark("Interval of Katz"), "number2"),
    ),
    "Units by kind": table(mark("Units, none of them named"), "ex cx", shuffled=True, ex=_EX, cx=_CX),
    "Means of kinds of unit": table(
        mark("Means of kinds of unit"),
        "kind ex cx ex_n",
        kind=Column(mark("Kind")),
        ex=_EX,
        cx=_CX,
        ex_n=Column(mark("Answers of employees"), "integer"),
    ),
    "Units by size": table(
        mark("Units by size, none of them named"),
        "value people",
        shuffled=True,
        people=Column(mark("People"), "integer"),
    ),
    "Customers by employees, curve": table(
        mark("The curve and the straight line"),
        "model ex estimate conf_low",
        thinned=True,
        ex=_EX,
        model=Column(mark("Line"), "message", _CURVES),
        estimate=_CX,
        conf_low=Column(mark("Interval"), "number2"),
    ),
    "Customers by employees, units": table(
        mark("Units, none of them named"), "ex cx", shuffled=True, ex=_EX, cx=_CX
    ),
    "Slope by a property of the units": table(
        mark("Slope of the link along the property"),
        "moderator estimate conf_low",
        thinned=True,
        moderator=Column(mark("Property"), "number2"),
        estimate=Column(mark("Slope"), "number2"),
    ),
    "Where the slope leaves zero out": table(
        mark("Where the slope can be told from zero"),
        "low slope share",
        low=Column(mark("Property from"), "number2"),
        slope=Column(mark("Slope"), "message", _SLOPES),
        share=Column(mark("Share of the units"), "percent0"),
    ),
    "Levels of units": table(
        mark("Levels of units, none of them named"),
        "ex cx x y size",
        shuffled=True,
        ex=_EX,
        cx=_CX,
        x=_EX,
        y=_CX,
        size=_UNITS,
    ),
    "Units by wave, from their own level": table(
        mark("Units by wave, from their own level, none of them named"),
        "ex cx x y size",
        shuffled=True,
        ex=_EX,
        cx=_CX,
        x=_EX,
        y=_CX,
        size=_UNITS,
    ),
    "Lines between and within units": table(
        mark("Both lines"),
        "part x estimate conf_low",
        thinned=True,
        part=Column(mark("Panel"), "message", _PANELS),
        x=_EX,
        estimate=_CX,
        conf_low=Column(mark("Interval"), "number2"),
    ),
    "Correlations of both links": table(
        mark("Correlations of both links"),
        "part estimate conf_low",
        part=Column(mark("Panel"), "message", _PANELS),
        estimate=Column(mark("Correlation"), "number2"),
    ),
    "Effects of one wave on the next": table(
        mark("Effects of one wave on the next, in standard deviations"),
        "term estimate conf_low p_value",
        term=_WAY,
    ),
    "Both effects, by model": table(
        mark("Both effects, by model"),
        "model side estimate conf_low",
        model=Column(mark("Model"), "message"),
        side=_WAY,
    ),
    "Effects by waves between the two sides": table(
        mark("Effects by waves between the two sides"),
        "term lag estimate conf_low",
        term=_WAY,
        lag=Column(mark("Waves later"), "integer"),
    ),
    "Lines along the surface": table(
        mark("Prediction along both lines"),
        "line position estimate conf_low",
        thinned=True,
        line=Column(mark("Line"), "message", _LINES),
        position=Column(mark("Standard deviations from the middle"), "number1"),
        estimate=Column(mark("Prediction"), "number1"),
        conf_low=Column(mark("Interval"), "number1"),
    ),
    "Both parts of balance, in other ways": table(
        mark("Both parts of balance, in other ways"),
        "label component estimate conf_low n_units",
        label=Column(mark("Way of asking")),
        component=Column(mark("Part"), "message", _BALANCE),
    ),
}

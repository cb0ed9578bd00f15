"""Tables behind the figures of drivers and of several ways to answer one question."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.tables import Column
from exresearch.report.text import mark

_BLOCK = Column(
    mark("Block"),
    "message",
    {
        "employee-first": mark("employee-first"),
        "customer-first": mark("customer-first"),
        "other": mark("other"),
    },
)
_MEASURES = {
    "lmg": mark("LMG, used in the verdict"),
    "relative_weights": mark("relative weights"),
    "first": mark("each driver alone"),
    "last": mark("after all others"),
    "beta_squared": mark("squared coefficient"),
    "pratt": mark("coefficient times correlation (Pratt)"),
    "car": mark("CAR scores"),
}
_DRIVER = Column(mark("Driver"))
_INTERVAL = Column(mark("Interval"), "percent1")

TABLES: dict[str, Behind] = {
    "Distribution of answers": table(
        mark("Answers to each outcome"),
        "outcome value share behind",
        value=Column(mark("Answer"), "integer"),
        behind=Column(mark("Answers"), "integer"),
    ),
    "Importance of drivers": table(
        mark("Importance of each driver"),
        "driver block importance conf_low rank rank_low n",
        block=_BLOCK,
        conf_low=_INTERVAL,
    ),
    "Differences by outcome": table(
        mark("Difference and verdict for each outcome"), "outcome estimate conf_low verdict n", spec="points1"
    ),
    "Importance and performance of drivers": table(
        mark("Importance and performance of each driver"),
        "label outcome_label block importance conf_low performance performance_low respondents",
        label=_DRIVER,
        block=_BLOCK,
        conf_low=_INTERVAL,
        performance_low=Column(mark("Interval of the performance"), "number1"),
    ),
    "Rank of drivers by every measure of importance": table(
        mark("Rank of each driver by every measure of importance"),
        "label outcome_label method rank kendall_w n",
        label=_DRIVER,
        method=Column(mark("Measure"), "message", _MEASURES),
        kendall_w=Column(mark("Agreement, W"), "number2"),
    ),
    "Combinations of choices": table(
        mark("Every combination of choices, from the lowest estimate to the highest"),
        "rank estimate conf_low deciding",
        rank=Column(mark("Place"), "integer"),
        deciding=Column(mark("Declared"), "yes_no"),
    ),
    "Deciding estimate": table(
        mark("The estimate that decides"), "label unit_of_measurement estimate conf_low people"
    ),
    "Checks beside the deciding estimate": table(
        mark("The checks beside it"), "label unit_of_measurement estimate conf_low people"
    ),
    "All hypotheses on one scale": table(
        mark("Every tested hypothesis"),
        "title part verdict estimate conf_low unit_of_measurement times times_low n",
        part=Column(mark("Part")),
        times=Column(mark("Times the smallest effect that matters"), "number1"),
        times_low=Column(mark("Interval of that"), "number1"),
    ),
}

"""Tables behind the figures of answers, questions and constructs: notebooks 00 and 01."""

from __future__ import annotations

from exresearch.report.behind.declared import Behind, table
from exresearch.report.columns import EFFECTS, FLAG_LABELS, TABLE_LABELS
from exresearch.report.tables import Column
from exresearch.report.text import mark

_TABLE = Column(mark("Table"), "message", TABLE_LABELS)
_CONSTRUCT = Column(mark("Construct"))
_QUESTION = Column(mark("Question"))
_GROUP = Column(mark("Group"))
_SHEETS = Column(mark("Answer sheets"), "integer")
_CHANGES = {
    "total": mark("change of the mean"),
    "answers": mark("other answers"),
    "people": mark("other people"),
}
_COEFFICIENTS = {"alpha": mark("alpha"), "omega_total": mark("omega total")}

TABLES: dict[str, Behind] = {
    "response by wave": table(mark("Answers in each wave"), "wave n n_units response_rate"),
    "response by group": table(
        mark("Response in each group of units"),
        "group n headcount response_rate conf_low",
        spec="percent1",
        group=_GROUP,
        headcount=Column(mark("Invited"), "integer"),
    ),
    "respondents beside staff": table(
        mark("Make-up of the respondents and of all staff"),
        "category n_respondents n_staff share_respondents share_staff difference",
        category=_GROUP,
        n_respondents=Column(mark("Respondents"), "integer"),
        n_staff=Column(mark("Staff"), "integer"),
        share_respondents=Column(mark("Share of the respondents"), "percent1"),
        share_staff=Column(mark("Share of the staff"), "percent1"),
        difference=Column(mark("Difference"), "points1"),
    ),
    "weights": table(
        mark("Weights in each wave"),
        "table wave n smallest largest n_eff",
        table=_TABLE,
        wave=Column(mark("Wave"), "message", {"all": mark("all waves")}),
        n=_SHEETS,
        smallest=Column(mark("Smallest weight"), "number2"),
        largest=Column(mark("Largest weight"), "number2"),
        n_eff=Column(mark("As precise as"), "integer"),
    ),
    "rows left out": table(
        mark("Rows from the files to the analysis"),
        "table n removed total",
        table=_TABLE,
        n=Column(mark("Rows kept"), "integer"),
        total=Column(mark("Rows in the file"), "integer"),
    ),
    "missing answers": table(
        mark("Missing answers to each question, by group"),
        "label group share n",
        label=_QUESTION,
        group=_GROUP,
        share=Column(mark("Missing"), "percent1"),
        n=_SHEETS,
    ),
    "careless sheets": table(
        mark("Answer sheets that look careless"),
        "flag table n n_judged share",
        flag=Column(mark("Sign"), "message", FLAG_LABELS),
        table=_TABLE,
        n=_SHEETS,
        n_judged=Column(mark("Sheets looked at"), "integer"),
    ),
    "odd columns": table(
        mark("Columns that look odd"),
        "label table sign",
        label=Column(mark("Column")),
        sign=Column(mark("What is odd")),
        table=_TABLE,
    ),
    "detectable effects": table(
        mark("The smallest effect that this study would find"),
        "title value kind",
        value=Column(mark("Smallest effect"), "number4"),
        kind=Column(mark("Effect"), "message", {kind: words for kind, (words, _) in EFFECTS.items()}),
    ),
    "answers to questions": table(
        mark("Answers to each question"),
        "label value share people",
        label=_QUESTION,
        value=Column(mark("Answer"), "integer"),
    ),
    "means of questions": table(mark("Mean answer to each question"), "label mean n", label=_QUESTION),
    "reliability": table(
        mark("Reliability of each construct"),
        "label coefficient estimate conf_low n_items n",
        label=_CONSTRUCT,
        coefficient=Column(mark("Coefficient"), "message", _COEFFICIENTS),
        estimate=Column(mark("Reliability"), "number2"),
        n_items=Column(mark("Questions"), "integer"),
        n=_SHEETS,
    ),
    "correlations between constructs": table(
        mark("Correlations between constructs"),
        "x_label y_label r conf_low disattenuated n",
        x_label=_CONSTRUCT,
        y_label=Column(mark("With")),
        r=Column(mark("Correlation"), "number2"),
        disattenuated=Column(mark("Disattenuated"), "number2"),
        n=_SHEETS,
    ),
    "reliability of unit means": table(
        mark("Reliability of the means of units"),
        "label icc2 icc2_low rwg_median n_units n",
        label=_CONSTRUCT,
        icc2=Column(mark("ICC(2)"), "number2"),
        icc2_low=Column(mark("Interval"), "number2"),
        rwg_median=Column(mark("Median agreement, rwg"), "number2"),
    ),
    "means of units": table(
        mark("Means of units, none of them named"),
        "shrunken shrunken_low mean conf_low",
        shuffled=True,
        spec="number2",
        shrunken=Column(mark("Estimate"), "number2"),
        shrunken_low=Column(mark("Its interval"), "number2"),
        mean=Column(mark("Mean of the answers"), "number2"),
    ),
    "change between waves": table(
        mark("Change from the first wave to the last"),
        "label term estimate conf_low n_from n_to n_both",
        label=Column(mark("Score")),
        term=Column(mark("Part"), "message", _CHANGES),
        estimate=Column(mark("Change"), "signed2"),
        n_from=Column(mark("Answers, first wave"), "integer"),
        n_to=Column(mark("Answers, last wave"), "integer"),
        n_both=Column(mark("In both"), "integer"),
    ),
}

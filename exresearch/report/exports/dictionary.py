"""What every column and unit of measurement of the spreadsheet means."""

from __future__ import annotations

from dataclasses import dataclass

from exresearch.report.text import mark


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a hypothesis' sheet.

    Attributes
    ----------
    key : str
        Name in the JSON file of the finding, or of what is shown.
    header, meaning : str
        English messages.
    width : float
        In characters.
    form : str
        Number format of the cells; empty for text.
    """

    key: str
    header: str
    meaning: str
    width: float
    form: str = ""


ESTIMATE, COUNT, SHARE = "0.000000", "#,##0", "0%"
# So small a p-value would otherwise be shown as nothing.
P_VALUE = "[<0.0001]0.0E+00;0.0000"
FIELDS = (
    Field("part", mark("Part"), mark(
        "The deciding estimate gives the verdict; parts of the claim are judged one by one; checks ask the same "
        "question in another way and never choose the verdict; drivers come with their importance."), 20),
    Field("label", mark("What"), mark("What was estimated."), 44),
    Field("estimate", mark("Estimate"), mark("In full precision, for calculations."), 13, ESTIMATE),
    Field("shown", mark("Estimate, as shown"), mark("Rounded as in the report."), 15),
    Field("conf_low", mark("Lower limit"), mark("Of the confidence interval, in full precision."), 13, ESTIMATE),
    Field("conf_high", mark("Upper limit"), mark("Of the confidence interval, in full precision."), 13, ESTIMATE),
    Field("limits", mark("Interval, as shown"), mark("Both limits, rounded as in the report."), 24),
    Field("conf_level", mark("Level"), mark("Level of the confidence interval."), 8, SHARE),
    Field("unit", mark("Unit of measurement"), mark(
        "What the estimate is expressed in; explained in the second table of this sheet."), 24),
    Field("smallest", mark("Too small to matter"), mark(
        "The range that was declared beforehand to be too small to matter, where an estimate is judged by it."), 20),
    Field("verdict", mark("Verdict"), mark("What follows from the declared rule; checks have none."), 18),
    Field("std_error", mark("Standard error"), mark("Of the estimate, in full precision, where there is one."), 13,
          ESTIMATE),
    Field("p_value", mark("p"), mark("Before correction, in full precision."), 11, P_VALUE),
    Field("p_adjusted", mark("p, corrected"), mark("Corrected within the family of the claim."), 13, P_VALUE),
    Field("p_shown", mark("p, as shown"), mark("Corrected where the claim has several parts, rounded."), 12),
    Field("n", mark("Answers"), mark(
        "Completed questionnaires behind the number; units, where the number of answers is not known."), 11, COUNT),
    Field("n_units", mark("Units"), mark("Units whose answers were kept together, where that was done."), 9, COUNT),
    Field("method", mark("Method"), mark("How it was estimated."), 50),
    Field("note", mark("Note"), mark("The outcome that a driver belongs to."), 28),
)  # fmt: skip
# The limits of a rank are one cell: whole numbers side by side look like the row of a table to the search for leaks.
RANKS = (
    Field("rank", mark("Rank"), mark("Place of the driver by importance; 1 is the most important."), 8, COUNT),
    Field("ranks", mark("Rank, interval"), mark("Lowest and highest rank in the interval."), 14),
)  # fmt: skip
SUMMARY = (
    Field("title", mark("Hypothesis"), mark("Short title; leads to the sheet of the hypothesis."), 28),
    Field("label", mark("Verdict"), mark("What follows from the declared rule."), 18),
    Field(
        "answer",
        mark("In short"),
        mark("The answer to the question in a plain sentence, without numbers."),
        50,
    ),
    Field("sentence", mark("In words"), mark("What was found, and what that means."), 62),
    Field("shown", mark("Estimate"), mark("Rounded as in the report."), 14),
    Field("limits", mark("Interval"), mark("Both limits, rounded as in the report."), 22),
    Field("level", mark("Level"), mark("Level of the confidence interval."), 8),
    Field("n", mark("Answers"), mark("Completed questionnaires behind the number."), 11, COUNT),
    Field("n_units", mark("Units"), mark("Units whose answers were kept together."), 9, COUNT),
)
UNITS = {
    "ratio": mark("How many times as large one value is as the other; 1 means no difference."),
    "odds_ratio": mark("How many times as large the odds are; 1 means no difference."),
    "share": mark("Part of a whole, from 0 to 1; shown as a percentage."),
    "share_difference": mark(
        "One share minus the other, from -1 to 1; shown in percentage points, so that 0.05 is 5 %-points."
    ),
    "correlation": mark("From -1 to 1; 0 means that the two do not go together."),
    "variance_share": mark(
        "Part of the differences in the outcome, from 0 to 1; shown in percentage points, importance of drivers as a "
        "percentage."
    ),
    "slope": mark("Change of the outcome with one unit more of what it is set against."),
    "score": mark("On the scale of the questions."),
    "hazard_ratio": mark(
        "How many times as large the chance is that it happens from one moment to the next; 1 means no difference."
    ),
    "rate_ratio": mark("How many times as often it happens; 1 means no difference."),
    "points": mark("On a scale from -100 to 100 or 0 to 100, such as an eNPS."),
    "index": mark("Points of an index, where the reference stands at 100."),
    "standardised": mark(
        "In standard deviations, so that different scales can be compared; 0 means no effect."
    ),
    "returned_share": mark("Part of a rise or fall that comes back, from 0 to 1; shown as a percentage."),
}

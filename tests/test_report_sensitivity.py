"""The specification curve and the tables about sensitivity: drawn from 6 to 200 combinations, in both languages."""

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import (
    Alternative,
    Decision,
    Ratio,
    Slope,
    declared_specifications,
    no_specifications,
    unmeasured_rows,
)
from exresearch.models import NotEstimable
from exresearch.models.regression import linear_regression
from exresearch.report import Page, Texts
from exresearch.report.figures import specification_picture
from exresearch.report.sensitivity import curve_table, unmeasured_table
from exresearch.report.theme import svg


@pytest.fixture(params=["nl", "en"])
def texts(request):
    return Texts(request.param, strict=True)


def label(text):
    return Note(message="{measure}", values={"measure": {"nl": f"{text} nl", "en": f"{text} en"}})


def curve(sizes, *, unit="correlation", shift=0.2, fail=(), deciding=True, smallest=(-0.1, 0.1), few=()):
    """A curve with `sizes` alternatives per decision, each alternative moving the estimate by its number."""
    decisions = [
        Decision(
            f"d{i}",
            label(f"Decision {i}"),
            tuple(Alternative(f"a{j}", label(f"Way {i}.{j}"), j) for j in range(n)),
        )
        for i, n in enumerate(sizes)
    ]

    def estimate(data, **choices):
        if tuple(choices.values()) in fail:
            raise NotEstimable("no")
        middle = shift + sum(0.01 * (i + 1) * value for i, value in enumerate(choices.values()))
        low, high = middle - 0.25, middle + 0.25
        numbers = (middle, low, high) if unit == "correlation" else tuple(np.exp([middle, low, high]))
        return dict(zip(("estimate", "conf_low", "conf_high"), numbers, strict=True)) | {
            "n": 4 if tuple(choices.values()) in few else 50,
            "conf_level": 0.95,
        }

    return declared_specifications(
        None,
        decisions=decisions,
        estimate=estimate,
        deciding={f"d{i}": "a0" for i in range(len(sizes))} if deciding else None,
        unit_of_measurement=unit,
        null=0.0 if unit == "correlation" else 1.0,
        smallest_effect=smallest,
    )


@pytest.mark.parametrize(
    ("sizes", "unit"), [((3, 2), "correlation"), ((5, 5, 4, 2), "correlation"), ((4, 2), "ratio")]
)
def test_the_picture_says_what_it_shows(texts, sizes, unit):
    made = curve(sizes, unit=unit, smallest=(0.9, 1.1) if unit == "ratio" else (-0.1, 0.1))
    picture = specification_picture(made, texts=texts)
    drawn = svg(picture.figure)
    row = made.summary.iloc[0]
    median = texts.number(float(row["median"]), "number2")
    assert median in picture.alt
    assert f"Way 0.{sizes[0] - 1} {texts.language}" in drawn
    assert f"Decision 1 {texts.language}" in drawn
    total = int(row["n_estimated"])
    assert picture.takeaway.startswith(
        texts.say("All {n:integer} combinations of choices point in the same direction.", n=total)
    )
    clear = texts.say(
        "In {share:percent0} of them the interval leaves out “no effect”.",
        share=float(row["share_excluding_null"]),
    )
    assert (clear in picture.takeaway) == (float(row["share_excluding_null"]) < 1)
    # The last decision moves the estimates most for each step; which swings most depends on the number of steps.
    swing = {i: (i + 1) * (n - 1) for i, n in enumerate(sizes)}
    widest = max(swing, key=lambda i: swing[i])
    assert f"Decision {widest} {texts.language}" in picture.takeaway
    assert texts.number(float(made.deciding["estimate"]), "number2") in drawn


def test_every_mark_of_the_dashboard_stands_under_its_estimate():
    made = curve((3, 2))
    picture = specification_picture(made, texts=Texts("en"))
    below = picture.figure.axes[1]
    marks = sum(len(c.get_segments()) for c in below.collections)
    diamonds = sum(len(line.get_xdata()) for line in below.lines if line.get_marker() == "D")
    assert diamonds == 2
    assert marks == 6 * 2 - diamonds
    heights = picture.figure.axes[0].collections[-1].get_offsets()[:, 1]
    assert np.allclose(heights, np.sort(made.table["estimate"]))


def test_what_failed_and_what_does_not_decide_is_said(texts):
    made = curve((3, 2), fail={(1, 1)}, deciding=False)
    picture = specification_picture(made, texts=texts)
    assert texts.note(made.note) in picture.caption
    assert texts.say("Diamond: the declared combination, which alone decides.") not in picture.caption
    with_it = specification_picture(curve((3, 2)), texts=texts)
    assert texts.say("Diamond: the declared combination, which alone decides.") in with_it.caption
    reason = Note(message="There is nothing to show here.")
    assert (
        specification_picture(no_specifications(unit_of_measurement="ratio", note=reason), texts=texts)
        == reason
    )


def test_combinations_of_few_answers_are_neither_drawn_nor_said(texts):
    made = curve((3, 2), few={(2, 1)}, deciding=False)
    picture = specification_picture(made, texts=texts)
    whole = specification_picture(curve((3, 2), deciding=False), texts=texts)
    highest = texts.number(float(made.table["estimate"].max()), "number2")
    assert highest in whole.alt
    assert highest not in picture.alt
    # The combination with few answers, and another one as its company.
    assert len(picture.figure.axes[0].collections[-1].get_offsets()) == 4
    row = curve_table([(label("One"), made)], texts=texts)["frame"].iloc[0]
    assert (row["n_estimated"], row["n"]) == (4, 50)
    assert highest not in row["span"]
    nothing = curve((2,), few={(0,), (1,)}, deciding=False)
    assert isinstance(specification_picture(nothing, texts=texts), Note)
    assert curve_table([(label("One"), nothing)], texts=texts)["frame"].empty


def test_the_summary_is_one_row_per_curve(texts):
    first = curve((3, 2), fail={(1, 1)})
    arguments = curve_table([(label("One"), first), (label("Two"), curve((2, 2)))], texts=texts)
    assert arguments["frame"]["n_estimated"].tolist() == [5, 4]
    page = Page(language=texts.language, rules=DisclosureRules())
    shown = page.table(**arguments).data
    assert f"One {texts.language}" in shown
    assert texts.number(float(first.summary["median"].iloc[0]), "number2") in shown
    assert "p_value" not in arguments["columns"]
    reason = Note(message="There is nothing to show here.")
    assert texts.note(reason) in page.table(**curve_table([], texts=texts, note=reason)).data


def test_unmeasured_causes_stand_beside_the_strongest_measured_one(texts):
    rng = np.random.default_rng(4)
    units = pd.DataFrame({"ex": rng.normal(size=80), "size": rng.normal(size=80)})
    units["ex"] += 0.5 * units["size"]
    units["cx"] = 0.5 * units["ex"] + 0.4 * units["size"] + rng.normal(size=80)
    fit = linear_regression(units, outcome="cx", predictors=["ex", "size"], standardised=True)
    slope = Slope(label("Slope"), fit, "ex", {"size": (label("Size"), ["size"])}, 1.0, "standardised")
    rows = unmeasured_rows([slope, Ratio(label("Ratio"), 1.5, 1.2, 1.9, 0.95, 400)])
    page = Page(language=texts.language, rules=DisclosureRules())
    shown = page.table(**unmeasured_table(rows, texts=texts)).data
    assert texts.number(float(rows["robustness_value"].iloc[0]), "percent0") in shown
    assert texts.number(float(rows["e_value"].iloc[1]), "number2") in shown
    assert f"Size {texts.language}" in shown
    assert texts.number(float(rows["left_over"].iloc[0]), "number2") in shown
    # Without a slope there is no robustness value to head a column.
    alone = unmeasured_table(rows.iloc[1:], texts=texts)
    assert "robustness_value" not in alone["columns"]
    reason = Note(message="There is nothing to show here.")
    assert (
        texts.note(reason)
        in page.table(**unmeasured_table(unmeasured_rows([]), texts=texts, note=reason)).data
    )

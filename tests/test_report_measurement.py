"""Figures about measurement: they draw what they are given, hide what few people answered, and say it in words."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.measures import item_distribution
from exresearch.report import Picture, Texts
from exresearch.report import figures as draw
from exresearch.report.theme import svg
from exresearch.study import Codebook

RULES = DisclosureRules()
BOOK = Codebook((), {})
HATCHED = (
    "Hatched, apart: answers that too few people gave, together, wherever they lie. Where a mean would tell what they "
    "are, none is shown."
)
LONG = {
    "nl": "Wat ik nodig heb om mijn werk goed te doen, ook als dat moeite kost",
    "en": "What I need to work well",
}


@pytest.fixture(params=["nl", "en"])
def texts(request: Any) -> Texts:
    return Texts(request.param, strict=True)


def drawn(picture: Picture | Note) -> str:
    assert isinstance(picture, Picture)
    text = svg(picture.figure)
    assert picture.takeaway.endswith(".")
    assert len(picture.alt) > 15
    return re.sub(r"<[^>]+>", " ", text)


def bars(picture: Picture | Note) -> list[list[float]]:
    """Widths of the bars of each row, from the top."""
    assert isinstance(picture, Picture)
    rows: dict[float, list[float]] = {}
    for axes in picture.figure.axes:
        for patch in axes.patches:
            rows.setdefault(round(patch.get_y(), 6) + 100 * picture.figure.axes.index(axes), []).append(
                patch.get_width()
            )
    return [rows[key] for key in sorted(rows)]


def answers(share: list[float], people: list[int], *, column: str = "q1", **more: Any) -> pd.DataFrame:
    points = len(share)
    value = np.arange(1.0, points + 1)
    return pd.DataFrame(
        {
            "table": "employees",
            "construct": column,
            "column": column,
            "label": [{"nl": column, "en": column}] * points,
            "reversed": False,
            "minimum": 1.0,
            "maximum": float(points),
            "value": value,
            "share": share,
            "people": people,
            "mean": float(np.average(value, weights=share)),
            "n": sum(people),
            "respondents": sum(people),
        }
        | more
    )


def test_item_distribution_counts_weighs_and_turns_round(client: Any) -> None:
    client.variables["employees.eng_2"]["reversed"] = True
    employees = client.tables["employees"]
    employees["eng_1"], employees["eng_2"] = 7, 7
    employees.loc[:11, ["eng_1", "eng_2"]] = [3, 3]
    employees.loc[12, "eng_1"] = np.nan
    employees["enps"] = 10
    # Two sheets of one person are one person.
    employees.loc[[0, 1], "id"] = "p00"
    employees.loc[[1, *range(30, 36)], "year"] = "2023"
    employees["w"] = np.where(employees.index < 12, 3.0, 1.0)
    client.variables["employees.w"] = client.entry("employees", "w", "weight")
    table = item_distribution(client.load())
    first = table[table["column"] == "eng_1"].set_index("value")
    assert first["people"].to_dict() == {1: 0, 2: 0, 3: 11, 4: 0, 5: 0, 6: 0, 7: 47}
    assert first["n"].unique().tolist() == [59]
    assert first.loc[3, "share"] == pytest.approx(36 / 83)
    assert first["mean"].unique() == pytest.approx([(36 * 3 + 47 * 7) / 83])
    second = table[table["column"] == "eng_2"].set_index("value")
    assert second["people"].to_dict() == {1: 48, 2: 0, 3: 0, 4: 0, 5: 11, 6: 0, 7: 0}
    assert second["reversed"].all()
    assert table.loc[table["column"] == "enps", "value"].tolist() == list(range(11))
    assert set(table["construct"]) == {"engagement", "needs", "customer", "enps", "cx"}
    assert np.allclose(table.groupby("column")["share"].sum(), 1)


def test_item_distribution_leaves_out_what_is_not_chosen_from(client: Any) -> None:
    client.tables["customers"]["cx"] = client.tables["customers"]["cx"] + 0.25
    client.variables["customers.cx"] |= {"maximum": 100}
    client.variables["employees.needs"] |= {"minimum": 0, "maximum": 11}
    assert set(item_distribution(client.load())["column"]) == {"eng_1", "eng_2", "eng_3", "customer", "enps"}


def test_each_question_is_one_bar_of_shares(texts: Texts) -> None:
    frame = pd.concat(
        [answers([0.1, 0.2, 0.7], [10, 20, 70]), answers([0.5, 0, 0.5], [50, 0, 50], column="q2")]
    )
    picture = draw.item_answers(frame.reset_index(drop=True), texts=texts, rules=RULES)
    text = drawn(picture)
    assert bars(picture) == [pytest.approx([0.1, 0.2, 0.7]), pytest.approx([0.5, 0.5])]
    for shown in (texts.number(0.7, "percent0"), texts.number(2.6, "number1"), "q1", "q2"):
        assert shown in text
    assert picture.takeaway == texts.say(
        "{count:integer} of {total:integer} questions have at least half of their answers at one end of the scale "
        "and tell people hardly apart; the most “{label}”.",
        count=2,
        total=2,
        label="q1",
    )
    assert texts.say(HATCHED) not in picture.caption


def test_what_few_people_answered_is_one_block_that_cannot_be_taken_apart(texts: Texts) -> None:
    frame = answers([0.04, 0.03, 0.13, 0.2, 0.6], [4, 3, 13, 20, 60])
    picture = draw.item_answers(frame, texts=texts, rules=RULES)
    # 4 and 3 make 7 together, which is enough: their block is 7 per cent wide.
    assert bars(picture) == [pytest.approx([0.13, 0.2, 0.6, 0.07])]
    alone = draw.item_answers(answers([0.03, 0.17, 0.2, 0.6], [3, 17, 20, 60]), texts=texts, rules=RULES)
    assert bars(alone) == [pytest.approx([0.2, 0.6, 0.2])]
    assert texts.say(HATCHED) in alone.caption
    assert texts.number(0.03, "percent0") not in drawn(alone)
    # With a mean and the shares beside them the hidden answers could be worked out.
    mean = texts.number(float(frame["mean"].iloc[0]), "number1")
    assert mean not in drawn(picture)
    assert mean not in picture.alt
    assert mean in drawn(draw.item_answers(frame.assign(people=20), texts=texts, rules=RULES))
    # Of many answers the mean is too coarse to say anything of seven.
    assert mean in drawn(draw.item_answers(frame.assign(n=5000), texts=texts, rules=RULES))


def test_questions_that_four_people_answered_are_not_drawn(texts: Texts) -> None:
    few = draw.item_answers(answers([0.5, 0.5], [20, 20], respondents=4), texts=texts, rules=RULES)
    assert few == draw.item_answers(pd.DataFrame(), texts=texts, rules=RULES)
    assert isinstance(few, Note)


def test_of_many_questions_those_that_stand_alone_are_left_out(texts: Texts) -> None:
    names = {15: "nps"} | dict.fromkeys(range(20, 40), "both")
    parts = [
        answers([0.5, 0.5], [50, 50], column=f"a{i}", construct=names.get(i, f"a{i}")) for i in range(40)
    ]
    picture = draw.item_answers(pd.concat(parts, ignore_index=True), texts=texts, rules=RULES)
    text = drawn(picture)
    assert len(bars(picture)) == 30
    assert "a39" in text
    assert "a15" in text
    assert "a10" not in text
    assert (
        texts.say(
            "{shown:integer} of {total:integer} questions are drawn: the first, and all about recommending.",
            shown=30,
            total=40,
        )
        in picture.caption
    )


def coefficients(*rows: tuple[str, str, float, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["construct", "coefficient", "estimate", "conf_low", "conf_high"])
    label = [{"nl": f"nl {name}", "en": f"en {name}"} for name in frame["construct"]]
    return frame.assign(table="employees", label=label, conf_level=0.95, n_items=4, n=300, respondents=300)


def test_reliability_names_the_least_reliable(texts: Texts) -> None:
    frame = coefficients(
        ("good", "alpha", 0.88, 0.85, 0.9),
        ("good", "omega_total", 0.89, 0.86, 0.91),
        ("poor", "alpha", 0.58, 0.5, 0.66),
        ("doubt", "alpha", 0.5, 0.4, 0.6),
        ("doubt", "omega_total", 0.72, 0.68, 0.76),
        ("one", "alpha", np.nan, np.nan, np.nan),
        ("alike", "alpha", 0.0, np.nan, np.nan),
    )
    picture = draw.reliability_forest(frame, texts=texts, rules=RULES)
    text = drawn(picture)
    assert picture.takeaway == texts.say(
        "Less reliable than 0.70, of {total:integer} constructs: {surely:integer} surely, {perhaps:integer} perhaps. "
        "The least is “{label}” ({estimate:number2}).",
        total=3,
        surely=1,
        perhaps=1,
        label=f"{texts.language} poor",
        estimate=0.58,
    )
    assert f"ω {texts.number(0.72, 'number2')} (4)" in text
    assert f"α {texts.number(0.58, 'number2')} (4)" in text
    # What has no interval is not drawn.
    assert f"{texts.language} one" not in text
    assert f"{texts.language} alike" not in text
    fine = draw.reliability_forest(frame[frame["construct"] == "good"], texts=texts, rules=RULES)
    assert fine.takeaway == texts.say("Every construct is measured reliably enough to compare groups.")
    assert isinstance(draw.reliability_forest(frame.tail(1), texts=texts, rules=RULES), Note)
    # It says as much of people as a driver model does, so it takes as many.
    assert isinstance(draw.reliability_forest(frame.assign(respondents=29), texts=texts, rules=RULES), Note)


def test_reliability_refuses_an_unknown_coefficient(texts: Texts) -> None:
    with pytest.raises(ValueError) as caught:
        draw.reliability_forest(coefficients(("a", "kappa", 0.5, 0.4, 0.6)), texts=texts, rules=RULES)
    assert str(caught.value) == "reliability_forest knows alpha, omega_total, omega_hierarchical; got kappa."


def agreement(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"construct": ["a", "b"], "icc2": [0.8, 0.4], "passes": [True, False]} | columns)
    more = {
        "n": 200,
        "n_units": 9,
        "icc2_low": frame["icc2"] - 0.1,
        "icc2_high": frame["icc2"] + 0.1,
        "table": "employees",
    }
    more["rwg_median"] = [0.8, 0.75]
    return frame.assign(label=[{"nl": f"nl {c}", "en": f"en {c}"} for c in frame["construct"]], **more)


def test_aggregation_tells_what_fails_and_by_which_limit(texts: Texts) -> None:
    frame = pd.concat(
        [agreement(), agreement(construct=["c", "d"], icc2=[0.7, -np.inf], passes=[False, False])]
    )
    options: dict[str, Any] = {"texts": texts, "rules": RULES, "least_icc2": 0.6, "least_rwg": 0.7}
    picture = draw.aggregation_forest(frame.reset_index(drop=True), **options)
    text = drawn(picture)
    assert f"{texts.number(0.4, 'number2')} · rwg {texts.number(0.75, 'number2')}" in text
    # A value below nothing is not printed as if its size meant something.
    assert f"&lt; 0 · rwg {texts.number(0.75, 'number2')}" in text
    assert picture.takeaway == texts.say(
        "Below a limit for means of units, of {total:integer} constructs: {unstable:integer} by reliability, "
        "{torn:integer} by agreement alone.",
        total=4,
        unstable=2,
        torn=1,
    )
    assert texts.number(0.7, "number2") in picture.caption
    fine = draw.aggregation_forest(agreement(passes=[True, True]), **options | {"least_icc2": 0.3})
    assert fine.takeaway == texts.say(
        "Every construct reaches both limits that were declared for means of units."
    )
    assert isinstance(draw.aggregation_forest(agreement(icc2=[np.nan, np.nan]), **options), Note)
    assert isinstance(draw.aggregation_forest(agreement().assign(n_units=4), **options), Note)


def units(count: int, *, n: int = 20) -> pd.DataFrame:
    mean = np.linspace(4.0, 6.0, count)
    frame = pd.DataFrame(
        {"unit": [f"secret {i}" for i in range(count)], "n": 20, "mean": mean, "conf_level": 0.95}
    )
    frame = frame.assign(respondents=n, sd=1.0, table="employees", construct="ex", minimum=1.0, maximum=7.0)
    frame = frame.assign(conf_low=mean - 0.5, conf_high=mean + 0.5, shrunken=5 + (mean - 5) / 2)
    return frame.assign(shrunken_low=frame["shrunken"] - 0.3, shrunken_high=frame["shrunken"] + 0.3)


def test_units_are_counted_above_and_below_and_never_named(texts: Texts) -> None:
    # Four people, and a unit in which all answered alike, whose mean is everybody's answer.
    hidden = pd.concat([units(3, n=4), units(1).assign(sd=0.0)])
    frame = pd.concat([units(11), hidden], ignore_index=True)
    picture = draw.unit_caterpillar({"EX": frame, "CX": units(4)}, texts=texts, rules=RULES)
    text = drawn(picture)
    assert "secret" not in text + picture.alt + picture.caption
    # Shrunken estimates run from 4.5 to 5.5 in steps of 0.1: above 5.3 are two, below 4.7 are two.
    assert picture.takeaway == texts.say(
        "{label}: clearly above the mean {above:integer} of {total:integer} units, clearly below it {below:integer}.",
        label="EX",
        total=11,
        above=2,
        below=2,
    )
    assert len(picture.figure.axes) == 1
    assert isinstance(draw.unit_caterpillar({"EX": units(4)}, texts=texts, rules=RULES), Note)


def test_a_small_unit_takes_another_with_it(texts: Texts) -> None:
    frame = units(11)
    frame.loc[10, ["respondents", "n"]] = 3
    frame.loc[[2, 7], ["respondents", "n"]] = 6
    picture = draw.unit_caterpillar({"EX": frame}, texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    (released,) = picture.shown
    # Three people and six: the means of neither follow from that of all.
    assert released.hidden.sum() == 2
    assert released.hidden[10]
    assert released.entry.population == "employees"
    assert dict(released.entry.cells[0].group) == {"unit": "secret 0"}
    dots = picture.figure.axes[0].lines[0].get_ydata()
    assert len(dots) == 9
    assert 6.0 not in dots
    # A unit in which everybody gave the highest answer is one of those that are not drawn.
    top = units(11).assign(mean=lambda f: f["mean"].where(f.index != 4, 7.0))
    alike = draw.unit_caterpillar({"EX": top}, texts=texts, rules=RULES)
    assert isinstance(alike, Picture)
    assert alike.shown[0].hidden[4]


def test_a_question_that_all_answered_alike_tells_nothing(texts: Texts) -> None:
    alike = answers([0, 0, 1.0], [0, 0, 60], column="q2")
    frame = pd.concat([answers([0.1, 0.2, 0.7], [10, 20, 70]), alike], ignore_index=True)
    picture = draw.item_answers(frame, texts=texts, rules=RULES)
    # All of its bar is hatched, and it has no mean.
    assert bars(picture)[1] == [pytest.approx(1.0)]
    assert texts.number(3.0, "number1") not in drawn(picture)
    assert "q2" not in picture.alt + picture.takeaway


def test_a_mean_that_would_give_answers_away_is_in_no_ledger(texts: Texts) -> None:
    frame = answers([0.04, 0.03, 0.13, 0.2, 0.6], [4, 3, 13, 20, 60])
    picture = draw.item_answers(frame, texts=texts, rules=RULES)
    assert isinstance(picture, Picture)
    counts, means = picture.shown
    assert [cell.hidden for cell in counts.entry.cells] == [True, True, False, False, False]
    assert counts.entry.cells[4].totals[0].measure == "q1 = 5.0"
    assert [total.total for total in means.entry.cells[0].totals] == [None]


def changes(**columns: Any) -> pd.DataFrame:
    rows = [
        (construct, term, estimate)
        for construct, terms in {"a": (0.3, 0.25, 0.05), "b": (0.1, 0.0, 0.1)}.items()
        for term, estimate in zip(("total", "answers", "people"), terms, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["construct", "term", "estimate"])
    label = [{"nl": f"nl {name}", "en": f"en {name}"} for name in frame["construct"]]
    low, high = frame["estimate"] - 0.1, frame["estimate"] + 0.1
    more = {
        "from_wave": "2023",
        "to_wave": "2024",
        "method": "panel",
        "conf_low": low,
        "conf_high": high,
        "conf_level": 0.95,
        "n_from": 60,
        "n_to": 50,
    }
    return frame.assign(label=label, **(more | columns))


def test_change_counts_scores_whose_answers_moved(texts: Texts) -> None:
    picture = draw.wave_change_forest(changes(), texts=texts, codebook=BOOK)
    assert texts.number(0.3, "signed2") in drawn(picture)
    assert picture.takeaway == texts.say(
        "Clearly changed because people answered otherwise: {count:integer} of {total:integer} scores.",
        count=1,
        total=2,
    )
    assert "2023" in picture.caption
    assert texts.say("Other answers are those of the people who answered in both waves.") in picture.caption
    still = draw.wave_change_forest(changes(conf_low=-1.0), texts=texts, codebook=BOOK)
    assert still.takeaway == texts.say("No score clearly changed because people answered otherwise.")
    # The reason that was found is said, and not that there are no waves.
    few = "Fewer than 30 people have a score in one of the two waves."
    lacking = draw.wave_change_forest(changes(estimate=np.nan, reason=few), texts=texts, codebook=BOOK)
    assert isinstance(lacking, Note)
    assert texts.note(lacking) == texts.say("No change can be split: {reason}", reason=texts.translate(few))
    assert isinstance(draw.wave_change_forest(pd.DataFrame(), texts=texts, codebook=BOOK), Note)


def test_change_is_split_by_category_where_nobody_can_be_followed(texts: Texts) -> None:
    by_person, by_team = changes(), changes(method="categories:team")
    alone = by_person[by_person["construct"] == "a"]
    picture = draw.wave_change_forest(
        pd.concat([by_team, alone], ignore_index=True), texts=texts, codebook=BOOK
    )
    text = drawn(picture)
    assert f"{texts.language} b (team)" in text
    assert f"{texts.language} a (team)" not in text
    assert f"{texts.language} a" in text
    # Split by two categories that disagree, a score has not clearly changed: neither is picked.
    other = changes(method="categories:kind", conf_low=-1.0)
    both = draw.wave_change_forest(pd.concat([by_team, other], ignore_index=True), texts=texts, codebook=BOOK)
    assert both.takeaway == texts.say("No score clearly changed because people answered otherwise.")


def pairs(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["x", "y", "r", "disattenuated"])
    named = {side: [{"nl": f"nl {v}", "en": f"en {v}"} for v in frame[side]] for side in ("x", "y")}
    limits = {"conf_low": frame["r"] - 0.1, "conf_high": frame["r"] + 0.1}
    return frame.assign(x_label=named["x"], y_label=named["y"], n=100, respondents=100, **limits)


def test_the_map_has_measured_below_and_disattenuated_above(texts: Texts) -> None:
    frame = pairs(
        ("a", "b", 0.5, 0.93), ("a", "c", -0.2, np.nan), ("b", "c", 0.1, 0.15), ("c", "d", np.nan, np.nan)
    )
    picture = draw.correlation_map(frame, texts=texts, rules=RULES)
    text = drawn(picture)
    for value in (50, 93, -20, 10, 15):
        assert texts.number(value, "integer") in text
    cells = {(p.get_x(), round(p.get_y(), 3)) for p in picture.figure.axes[0].patches}
    assert len(cells) == 5
    assert picture.takeaway == texts.say(
        "Hardly to be told apart, of {total:integer} pairs that can be judged: {count:integer}. The closest are "
        "“{x}” and “{y}” (disattenuated {value:number2}).",
        total=2,
        count=1,
        x=f"{texts.language} a",
        y=f"{texts.language} b",
        value=0.93,
    )
    strongest = texts.say(
        "As measured, the strongest correlation is {r:number2} (interval {low:number2} to {high:number2}), between "
        "“{x}” and “{y}”.",
        r=0.5,
        low=0.4,
        high=0.6,
        x=f"{texts.language} a",
        y=f"{texts.language} b",
    )
    assert strongest in picture.alt


def test_the_map_claims_no_more_than_it_can_judge(texts: Texts) -> None:
    apart = draw.correlation_map(pairs(("a", "b", 0.3, 0.4)), texts=texts, rules=RULES)
    assert apart.takeaway == texts.say(
        "Of {total:integer} pairs that can be judged, none comes near to measuring the same.", total=1
    )
    unknown = draw.correlation_map(pairs(("a", "b", 0.95, np.nan)), texts=texts, rules=RULES)
    assert unknown.takeaway == texts.say(
        "Whether people tell the constructs apart cannot be judged: no pair has a known reliability on both sides."
    )
    assert isinstance(draw.correlation_map(pairs(("a", "b", np.nan, np.nan)), texts=texts, rules=RULES), Note)
    few = pairs(("a", "b", 1.0, 1.0)).assign(respondents=29)
    assert isinstance(draw.correlation_map(few, texts=texts, rules=RULES), Note)
    # Those that can be corrected come first.
    late = draw.correlation_map(
        pairs(("z", "a", 0.2, np.nan), ("a", "b", 0.3, 0.4)), texts=texts, rules=RULES
    )
    assert drawn(late).index(f"1  {texts.language} a") < drawn(late).index(f"{texts.language} z")
    many = pairs(*((f"v{i}", f"v{j}", 0.3, 0.4) for i in range(20) for j in range(i)))
    assert texts.say("The first {shown:integer} of {total:integer} constructs.", shown=14, total=20) in (
        draw.correlation_map(many, texts=texts, rules=RULES).caption
    )

"""The readiness page: who is behind the answers, what is missing, and nothing about fewer people than the minimum."""

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.measures import answers_by_wave, missing_cells, response_by_group, rows_used, weight_summary
from exresearch.report import Page, Texts
from exresearch.report import figures as draw
from exresearch.report.figures.missing import NO_ANSWERS
from exresearch.report.figures.readiness import NO_SHEETS, NO_WEIGHTS
from exresearch.report.figures.respondents import NO_GROUPS, NO_HEADCOUNT, NO_STAFF
from exresearch.report.figures.sheets import NOT_JUDGED, NOTHING_ODD, ODDITIES
from exresearch.report.theme import svg
from exresearch.study import Codebook, Variable
from exresearch.study.flags.quality import FLAGS
from exresearch.study.flags.suspects import SUSPECTS

RULES = DisclosureRules()
KIND = Variable(table="units", column="kind", role="category", label={"nl": "Soort", "en": "Kind"})
BOOK = Codebook((KIND,), {})


@pytest.fixture(params=["nl", "en"])
def texts(request: Any) -> Texts:
    return Texts(request.param, strict=True)


def drawn(picture: Any) -> str:
    """Every text in a drawing, joined; a figure has words for everybody."""
    assert picture.alt.startswith(picture.takeaway) or picture.alt == picture.takeaway
    return " ".join(re.findall(r">([^<>]+)</text>", svg(picture.figure)))


def response(**rows: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": "kind",
            "group": list(rows),
            "wave": "2024",
            "n": [n for n, _ in rows.values()],
            "headcount": [float(of) for _, of in rows.values()],
            "source": "staff list",
            "response_rate": [n / of for n, of in rows.values()],
            "conf_low": [n / of - 0.05 for n, of in rows.values()],
            "conf_high": [n / of + 0.05 for n, of in rows.values()],
        }
    )


def test_a_small_group_is_hidden_with_company(texts: Texts) -> None:
    picture = draw.group_response(
        response(shop=(40, 80), office=(3, 9), depot=(20, 25)), texts=texts, rules=RULES, codebook=BOOK
    )
    shown = drawn(picture)
    assert texts.pick({"nl": "50% van 80", "en": "50% of 80"}) in shown
    # Three of nine is too few, and the depot would give them away.
    assert shown.count("n &lt; 5") == 2
    assert "33%" not in shown + picture.alt
    assert "80%" not in picture.alt
    assert "n < 5" in picture.caption
    assert texts.pick({"nl": "Soort", "en": "Kind"}) in shown


def test_the_last_wave_is_drawn_and_named(texts: Texts) -> None:
    frame = pd.concat([response(shop=(10, 80)).assign(wave="2023"), response(shop=(40, 80))])
    picture = draw.group_response(frame, texts=texts, rules=RULES, codebook=BOOK)
    assert "2024" in picture.caption
    assert "50%" in drawn(picture)
    invited = {
        "nl": "Uitgenodigd zijn de mensen op de personeelslijst die tijdens de meting in dienst waren.",
        "en": "Invited are the people on the staff list in service during the wave.",
    }
    assert texts.pick(invited) in picture.caption
    counted = draw.group_response(
        frame.assign(source="head counts"), texts=texts, rules=RULES, codebook=BOOK
    ).caption
    assert texts.say("Invited are the people in the head counts of the units.") in counted
    assert texts.pick(invited) not in counted


def test_a_figure_of_hidden_groups_only_says_so() -> None:
    picture = draw.group_response(response(shop=(3, 8)), texts=Texts("en"), rules=RULES, codebook=BOOK)
    assert picture.takeaway == "Every group is too small to show its response rate."


def test_groups_without_a_rate_are_named(texts: Texts) -> None:
    frame = response(shop=(40, 80), office=(30, 60), depot=(20, 25))
    one = frame.assign(response_rate=frame["response_rate"].mask(frame["group"] == "depot"))
    two = frame.assign(response_rate=frame["response_rate"].where(frame["group"] == "shop"))

    def caption(of: pd.DataFrame) -> str:
        return draw.group_response(of, texts=texts, rules=RULES, codebook=BOOK).caption

    said = "{groups}: there the number of people or of answers of a unit is not known."
    assert texts.say("No rate for " + said, groups="depot") in caption(one)
    assert texts.say("No rates for " + said, groups="office, depot") in caption(two)
    assert "depot" not in caption(frame)


def test_response_by_group_of_a_study_without_answer_sheets(client: Any, texts: Texts) -> None:
    """What units count for their measure is what the wave's rate goes by, and that of the groups."""
    client.tables["units"] = client.tables["units"].assign(
        headcount=[20, 30, 40, 50, 60, 70], n=[10, 20, 30, 10, 20, 30], score=4.5
    )
    for name in ("employees", "customers"):
        del client.settings["tables"][name]
    units = {key: entry for key, entry in client.variables.items() if entry["table"] == "units"}
    client.variables = {
        **units,
        "headcount": client.entry("units", "headcount", "count"),
        "n": client.entry("units", "n", "count"),
        "score": client.entry("units", "score", "measure", kind="mean", construct="engagement", n_column="n"),
    }
    study = client.load()
    groups = response_by_group(study)
    assert groups[["group", "n", "headcount"]].to_numpy().tolist() == [["office", 60, 150], ["shop", 60, 120]]
    assert answers_by_wave(study)["response_rate"].tolist() == [120 / 270]
    picture = draw.group_response(groups, texts=texts, rules=RULES, codebook=study.codebook)
    assert texts.pick({"nl": "50% van 120", "en": "50% of 120"}) in drawn(picture)
    client.tables["units"]["n"] = [10, np.nan, 30, 10, 20, 30]
    unsaid = response_by_group(client.load()).set_index("group")
    assert unsaid["response_rate"].isna().tolist() == [True, False]
    assert np.isnan(unsaid.loc["office", "conf_high"])


def test_few_bars_stand_in_the_middle() -> None:
    for n in (1, 2, 3, 6):
        frame = pd.DataFrame(
            {"wave": list("abcdef")[:n], "n": 50, "n_units": 4, "response_rate": 0.5, "source": "x"}
        )
        picture = draw.response_by_wave(frame.assign(source="head counts"), texts=Texts("en"), rules=RULES)
        assert sum(picture.figure.axes[0].get_xlim()) / 2 == pytest.approx((n - 1) / 2)


def test_one_row_and_one_hypothesis_are_said_as_one(client: Any) -> None:
    texts = Texts("nl", strict=True)
    units = client.tables["units"]
    client.tables["units"] = pd.concat([units, units.head(1).assign(team="")])
    client.settings["tables"]["units"] = {"file": "units.csv", "without_key": "leave_out"}
    rows = draw.attrition_flow(rows_used(client.load()), texts=texts, rules=RULES)
    assert rows.takeaway == "1 rij is weggelaten, bij Eenheden; daarvan is 85,7% gebruikt."
    effects = pd.DataFrame(
        {
            "title": ["a", "b"],
            "testable": [True, False],
            "value": [0.2, math.nan],
            "kind": "correlation",
            "n": 9,
        }
    )
    assert draw.detectable_effects(effects, texts=texts).takeaway == (
        "Met deze gegevens is maar 1 van de 2 hypothesen te toetsen."
    )
    effects["testable"] = True
    assert draw.detectable_effects(effects, texts=texts).takeaway == (
        "Met deze gegevens zijn 2 van de 2 hypothesen te toetsen."
    )


def test_codes_of_a_category_are_shown_as_what_they_stand_for(client: Any, texts: Texts) -> None:
    employees = client.tables["employees"]
    employees["size"] = [2, 1, 3] * 20
    sizes = {"Less than 200": 1, "200 to 1000": 2, "Over 1000": 3}
    question = (
        "How many people work in the organisation that you are employed by, all of its locations together?"
    )
    client.variables["size"] = client.entry(
        "employees", "size", "category", values=sizes, label={"nl": question, "en": question}
    )
    for name in ("employees", "customers", "units"):
        del client.tables[name]["year"]
        del client.variables[f"{name}.year"]
    del client.variables["units.kind"]
    study = client.load()
    assert study.tables["employees"]["size"].tolist()[:3] == ["200 to 1000", "Less than 200", "Over 1000"]
    cells = missing_cells(study)
    assert cells[cells["table"] == "employees"]["group"].drop_duplicates().tolist() == list(sizes)
    shown = drawn(draw.missing_map(cells, texts=texts, rules=RULES))
    assert "Less than 200" in shown
    # The heading stays on the figure.
    assert question not in shown
    assert "…" in shown


def comparison(**rows: tuple[int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, index=["n_respondents", "n_staff"]).T.rename_axis("category").reset_index()
    shares = frame[["n_respondents", "n_staff"]] / frame[["n_respondents", "n_staff"]].sum()
    return frame.assign(
        wave="all",
        column="kind",
        share_respondents=shares["n_respondents"],
        share_staff=shares["n_staff"],
        difference=shares["n_respondents"] - shares["n_staff"],
    )


def test_respondents_beside_staff(texts: Texts) -> None:
    frame = comparison(shop=(60, 100), office=(40, 100))
    units = frame.assign(column="unit", category=["Unit A", "Unit B"])
    picture = draw.staff_comparison(pd.concat([units, frame]), texts=texts, rules=RULES, codebook=BOOK)
    shown = drawn(picture)
    assert texts.pick({"nl": "+10,0 %-punt", "en": "+10.0 %-points"}) in shown
    assert texts.pick({"nl": "−10,0 %-punt", "en": "−10.0 %-points"}) in shown
    assert "Unit" not in shown + picture.alt
    hidden = draw.staff_comparison(
        comparison(shop=(60, 100), office=(4, 9)), texts=texts, rules=RULES, codebook=BOOK
    )
    assert drawn(hidden).count("n &lt; 5") == 2


def test_missing_map_says_what_was_not_asked_and_hides_small_groups(client: Any, texts: Texts) -> None:
    employees = client.tables["employees"]
    employees["eng_1"] = employees["eng_1"].astype(float)
    employees.loc[:5, "eng_1"] = np.nan
    later = employees.assign(year="2025", needs=np.nan)
    small = employees.head(3).assign(year="2026")
    client.tables["employees"] = pd.concat([employees, later, small])
    # A wave has five rows or more in all tables together.
    units = client.tables["units"]
    client.tables["units"] = pd.concat([units.assign(year=year) for year in ("2024", "2025", "2026")])
    cells = missing_cells(client.load())
    of_staff = cells[cells["table"] == "employees"].set_index(["column", "group"])
    assert of_staff.loc[("eng_1", "2024"), "share"] == pytest.approx(0.1)
    assert of_staff.loc[("needs", "2025"), "share"] == 1
    assert of_staff.loc[("enps", "2026"), "n"] == 3
    assert (of_staff["by"] == "wave").all()
    # The other tables have one wave: by the kind of unit.
    assert cells.loc[cells["table"] == "customers", "group"].drop_duplicates().tolist() == ["office", "shop"]
    picture = draw.missing_map(cells, texts=texts, rules=RULES)
    shown = drawn(picture)
    assert "–" in shown
    assert shown.split().count("2026") == 1
    # Of the two waves with 60 sheets one keeps the small one company, so that a total gives nobody away.
    assert shown.split().count("10%") == 1
    blank = {"nl": "Leeg: groepen van minder dan 5", "en": "Blank: groups of fewer than 5"}
    assert texts.pick(blank) in picture.caption


def test_what_two_people_alone_are_is_not_named(client: Any, texts: Texts) -> None:
    employees = client.tables["employees"]
    employees["rank"] = ["clerk"] * 30 + ["manager"] * 28 + ["captain"] * 2
    client.variables["rank"] = client.entry("employees", "rank", "category")
    for name in ("employees", "customers", "units"):
        del client.tables[name]["year"]
        del client.variables[f"{name}.year"]
    del client.variables["units.kind"]
    cells = missing_cells(client.load())
    assert set(cells.loc[cells["table"] == "employees", "group"]) == {"clerk", "manager", "captain"}
    picture = draw.missing_map(cells, texts=texts, rules=RULES)
    said = f"{drawn(picture)} {picture.caption} {picture.takeaway} {picture.alt}"
    assert ("captain" in said, "clerk" in said, "manager" in said) == (False, True, True)
    staff = pd.DataFrame(
        {
            "wave": "all",
            "column": "rank",
            "category": ["clerk", "manager", "captain"],
            "n_respondents": [30, 28, 2],
            "n_staff": [50, 40, 4],
        }
    )
    for side in ("respondents", "staff"):
        staff[f"share_{side}"] = staff[f"n_{side}"] / staff[f"n_{side}"].sum()
    staff["difference"] = staff["share_respondents"] - staff["share_staff"]
    study = client.load()
    picture = draw.staff_comparison(staff, texts=texts, rules=RULES, codebook=study.codebook)
    said = f"{drawn(picture)} {picture.caption} {picture.takeaway} {picture.alt}"
    assert ("captain" in said, "clerk" in said) == (False, True)
    assert texts.say("Smaller groups are not drawn ({count:integer}).", count=1) in picture.caption


def test_attrition_follows_the_ledger(client: Any, texts: Texts) -> None:
    units = client.tables["units"]
    client.tables["units"] = pd.concat([units, units.head(3).assign(team="")])
    client.settings["tables"]["units"] = {"file": "units.csv", "without_key": "leave_out"}
    study = client.load()
    flow = rows_used(study)
    assert flow[flow["table"] == "units"].drop(columns="table").to_numpy().tolist() == [
        ["rows in the files", 9, 0],
        ["without unit", 6, 3],
        ["rows for the analysis", 6, 0],
    ]
    picture = draw.attrition_flow(flow, texts=texts, rules=RULES)
    assert "−3" in drawn(picture)
    assert picture.takeaway == texts.say(
        "{removed:integer} rows were left out; most of them in {table}, of which {kept:percent1} is used.",
        removed=3,
        table=texts.pick({"nl": "Eenheden", "en": "Units"}),
        kept=6 / 9,
    )


def test_a_step_that_the_ledger_lacks_shows(client: Any) -> None:
    study = client.load()
    short = {"units": study.tables["units"].head(4)}
    flow = rows_used(replace(study, tables=study.tables | short))
    assert flow.loc[flow["table"] == "units", "n"].tolist() == [6, 4]


def test_rows_left_out_are_drawn_between_files_and_analysis() -> None:
    flow = pd.DataFrame(
        [
            ("employees", "rows in the files", 100, 0),
            ("employees", "sheets answered too fast", 90, 10),
            ("employees", "rows for the analysis", 90, 0),
            ("customers", "rows in the files", 50, 0),
            ("customers", "rows for the analysis", 50, 0),
        ],
        columns=["table", "step", "n", "removed"],
    )
    picture = draw.attrition_flow(flow, texts=Texts("en"), rules=RULES)
    assert picture.takeaway == "10 rows were left out; most of them in Employees, of which 90.0% is used."
    shown = drawn(picture)
    assert "−10" in shown
    # A table without losses has one bar.
    assert "Customers: rows in the files" not in shown
    whole = draw.attrition_flow(flow.tail(2), texts=Texts("en"), rules=RULES)
    assert whole.takeaway == "Every row of the files is used."


def test_careless_sheets(texts: Texts) -> None:
    frame = pd.DataFrame(
        {
            "table": "employees",
            "flag": FLAGS,
            "n": [12, 3, 0, 0],
            "n_judged": [400, 400, 0, 3],
            "share": [0.03, 0.0075, math.nan, 0.0],
        }
    )
    picture = draw.careless_sheets(frame, texts=texts, rules=RULES)
    shown = drawn(picture)
    assert texts.pick({"nl": "12 van 400", "en": "12 of 400"}) in shown
    assert shown.count(texts.say("cannot be seen")) == 2
    assert texts.number(0.03, "percent1") in picture.takeaway
    clean = draw.careless_sheets(frame.assign(n=0, share=0.0), texts=texts, rules=RULES)
    assert clean.takeaway == texts.say("No answer sheet looks careless.")


def test_odd_columns(texts: Texts) -> None:
    frame = pd.DataFrame(
        {"table": "units", "column": ["kind"] * len(SUSPECTS), "kind": list(SUSPECTS), "n": 9, "detail": ""}
    )
    picture = draw.odd_columns(frame, texts=texts, codebook=BOOK)
    assert texts.pick({"nl": "Eenheden: Soort", "en": "Units: Kind"}) in drawn(picture)
    assert picture.takeaway == texts.say("One column looks odd; look at it before you trust a result.")
    many = pd.DataFrame({"table": "units", "column": [f"c{i}" for i in range(30)], "kind": "constant"})
    assert "24" in draw.odd_columns(many, texts=texts, codebook=BOOK).caption


def test_every_kind_of_oddity_has_a_name() -> None:
    assert set(ODDITIES) == set(SUSPECTS)


def test_weights_show_the_effective_number(client: Any, texts: Texts) -> None:
    client.tables["employees"]["w"] = np.tile([1.0, 3.0], 30)
    client.variables["w"] = client.entry("employees", "w", "weight")
    summary = weight_summary(client.load())
    picture = draw.weight_ranges(summary, texts=texts, rules=RULES)
    # 60 sheets with weights 1 and 3: (60 x 2)^2 / (30 x 1 + 30 x 9) = 48.
    assert texts.say("{n:integer} count as {n_eff:integer}", n=60, n_eff=48.0) in drawn(picture)
    assert texts.number(0.2, "percent0") in picture.takeaway
    equal = draw.weight_ranges(summary.assign(n_eff=summary["n"]), texts=texts, rules=RULES)
    assert equal.takeaway == texts.say("The weights cost hardly any precision.")


def test_a_small_wave_has_no_weights_and_neither_has_its_company(texts: Texts) -> None:
    frame = pd.DataFrame(
        {
            "table": "employees",
            "wave": ["2023", "2024", "2025", "all"],
            "source": "supplied",
            "n": [4, 60, 90, 154],
            "n_eff": [3.7, 48.0, 81.0, 140.0],
            "design_effect": [1.08, 1.25, 1.11, 1.1],
            "smallest": [0.8, 0.5, 0.6, 0.5],
            "largest": [1.3, 1.5, 1.4, 1.5],
        }
    )
    picture = draw.weight_ranges(frame, texts=texts, rules=RULES)
    shown = drawn(picture)
    assert shown.count("n &lt; 5") == 2
    assert texts.say("{n:integer} count as {n_eff:integer}", n=90, n_eff=81.0) in shown
    assert not {"4", "60"} & set(shown.split())
    # The hidden wave loses most, and no word is said of it.
    assert "2024" not in picture.takeaway
    few = draw.weight_ranges(frame.head(1), texts=texts, rules=RULES)
    assert isinstance(few, Note)
    assert texts.language == "nl" or texts.note(few).startswith("Not drawn: fewer than 5 people")


def test_no_weight_of_a_single_person_is_an_end_of_the_range(client: Any) -> None:
    weights = np.ones(60)
    weights[0], weights[1:6], weights[59] = 9.0, 2.0, 0.01
    client.tables["employees"]["w"] = weights
    client.variables["w"] = client.entry("employees", "w", "weight")
    study = client.load()
    alone, guarded = weight_summary(study).iloc[0], weight_summary(study, least=5).iloc[0]
    mean = weights.mean()
    assert (alone["smallest"], alone["largest"]) == pytest.approx((0.01 / mean, 9 / mean))
    assert (guarded["smallest"], guarded["largest"]) == pytest.approx((1 / mean, 2 / mean))
    assert alone["design_effect"] == guarded["design_effect"]
    assert math.isnan(weight_summary(study, least=31).iloc[0]["smallest"])


def test_a_table_of_four_rows_is_not_followed() -> None:
    flow = pd.DataFrame(
        [
            ("employees", "rows in the files", 100, 0),
            ("employees", "rows for the analysis", 100, 0),
            ("partners", "rows in the files", 4, 0),
            ("partners", "without unit", 3, 1),
            ("partners", "rows for the analysis", 3, 0),
        ],
        columns=["table", "step", "n", "removed"],
    )
    picture = draw.attrition_flow(flow, texts=Texts("en"), rules=RULES)
    assert "Partners" not in f"{drawn(picture)} {picture.alt}"
    assert picture.takeaway == "Every row of the files is used."
    assert isinstance(draw.attrition_flow(flow.tail(3), texts=Texts("en"), rules=RULES), Note)


def test_missing_answers_of_four_sheets_are_not_drawn(client: Any, texts: Texts) -> None:
    client.tables["customers"] = client.tables["customers"].head(4)
    picture = draw.missing_map(missing_cells(client.load()), texts=texts, rules=RULES)
    assert texts.say("Customers") not in drawn(picture)
    assert texts.say("Employees") in drawn(picture)
    cells = missing_cells(client.load())
    alone = draw.missing_map(cells[cells["table"] == "customers"], texts=texts, rules=RULES)
    assert isinstance(alone, Note)


def test_who_is_in_each_row_is_named_as_in_the_study(client: Any) -> None:
    texts = Texts("en")
    waves = pd.DataFrame(
        {"wave": ["a", "b"], "n": [50, 60], "n_units": 4, "response_rate": 0.5, "source": "staff list"}
    )
    (released,) = draw.response_by_wave(waves, texts=texts, rules=RULES).shown
    assert [dict(cell.group) for cell in released.entry.cells] == [{"wave": "a"}, {"wave": "b"}]
    (released,) = draw.response_by_wave(waves.head(1).assign(wave="all"), texts=texts, rules=RULES).shown
    assert [dict(cell.group) for cell in released.entry.cells] == [{}]
    (released,) = draw.group_response(
        response(shop=(40, 80), office=(30, 60)), texts=texts, rules=RULES, codebook=BOOK
    ).shown
    assert [dict(cell.group) for cell in released.entry.cells] == [
        {"wave": "2024", "kind": "shop"},
        {"wave": "2024", "kind": "office"},
    ]
    picture = draw.missing_map(missing_cells(client.load()), texts=texts, rules=RULES)
    groups = {part.entry.population: dict(part.entry.cells[0].group) for part in picture.shown[:-1]}
    assert groups["employees"] == groups["customers"] == {"kind": "office"}


def test_a_wave_of_too_few_people_has_no_bar(texts: Texts) -> None:
    frame = pd.DataFrame(
        {"wave": ["a", "b", "c"], "n": [3, 60, 50], "n_units": 4, "response_rate": [0.123, 0.5, 0.456]}
    ).assign(source="head counts")
    picture = draw.response_by_wave(frame, texts=texts, rules=RULES)
    rate = texts.say("The percentage is the response rate.")
    assert f"{rate} {texts.say('Invited are the people in the head counts of the units.')}" in picture.caption
    unknown = frame.assign(response_rate=math.nan, source=None)
    assert rate not in draw.response_by_wave(unknown, texts=texts, rules=RULES).caption
    shown = drawn(picture)
    assert shown.count("n &lt; 5") == 2
    assert "60" in shown
    assert not {"12%", "46%", "50 "} & set(shown.split())
    alone = draw.response_by_wave(frame.head(1), texts=texts, rules=RULES)
    assert alone.takeaway == texts.say("Fewer than {needed:integer} people answered.", needed=5)


@pytest.mark.parametrize(
    ("shown", "note"),
    [
        (lambda o: draw.group_response(response(), codebook=BOOK, **o), NO_GROUPS),
        (
            lambda o: draw.group_response(
                response(shop=(8, 9)).assign(response_rate=math.nan), codebook=BOOK, **o
            ),
            NO_HEADCOUNT,
        ),
        (lambda o: draw.staff_comparison(comparison(), codebook=BOOK, **o), NO_STAFF),
        (lambda o: draw.missing_map(pd.DataFrame(), **o), NO_ANSWERS),
        (lambda o: draw.careless_sheets(pd.DataFrame(), **o), NOT_JUDGED),
        (lambda o: draw.odd_columns(pd.DataFrame(), texts=o["texts"], codebook=BOOK), NOTHING_ODD),
        (lambda o: draw.weight_ranges(pd.DataFrame(), **o), NO_SHEETS),
        (lambda o: draw.weight_ranges(pd.DataFrame({"source": ["none"]}), **o), NO_WEIGHTS),
    ],
    ids=["groups", "response", "staff", "missing", "careless", "odd", "no sheets", "weights"],
)
def test_without_the_data_there_is_one_sentence(shown: Any, note: Note, texts: Texts) -> None:
    result = shown({"texts": texts, "rules": RULES})
    assert result is note
    page = Page(language=texts.language, rules=RULES)
    assert str(escape(texts.note(note))) in page.figure(result).data


def test_units_are_not_counted_where_answers_have_none(client: Any) -> None:
    for name in ("units", "customers"):
        del client.settings["tables"][name]
    client.variables = {
        key: entry
        for key, entry in client.variables.items()
        if entry["table"] == "employees" and entry["role"] != "unit"
    }
    waves = answers_by_wave(client.load())
    assert waves["n"].tolist() == [60]
    assert waves["n_units"].isna().all()

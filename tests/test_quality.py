"""Careless sheets against a plain reading of the rules, row by row; the ledger adds up, and nobody is named."""

from __future__ import annotations

from math import factorial, prod
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.study import Codebook, Quality, Study, Variable
from exresearch.study.flags import judge_sheets, quality_flags
from exresearch.study.tables import Table

FLAGS = ["straight_lining", "too_fast", "impossible_duration", "duplicate_sheet"]
SCALES = {"seven": (1, 7), "ten": (0, 10)}


def item(column: str, scale: str = "seven", *, reverse: bool = False) -> Variable:
    low, high = SCALES[scale]
    return Variable(
        table="employees",
        column=column,
        role="item",
        construct=scale,
        minimum=low,
        maximum=high,
        reversed=reverse,
    )


def judge(
    frame: pd.DataFrame, variables: list[Variable], **settings: Any
) -> tuple[pd.DataFrame, dict[str, tuple[int, int]], Table]:
    """What is left, n and n_judged per flag, and the table."""
    table = Table("employees", frame, "e.csv", (), {}, len(frame), {})
    book = Codebook(variables=tuple(variables), constructs={})
    quality = Quality.model_validate(settings)
    before = frame.copy()
    left, counts = judge_sheets({"employees": table}, codebook=book, quality=quality)
    pd.testing.assert_frame_equal(frame, before)
    assert counts["flag"].tolist() == FLAGS
    found = {row.flag: (row.n, row.n_judged) for row in counts.itertuples()}
    for row in counts.itertuples():
        assert row.share == row.n / row.n_judged if row.n_judged else np.isnan(row.share)
    return left["employees"].frame, found, left["employees"]


def read_plainly(
    frame: pd.DataFrame, variables: list[Variable], *, seconds_per_item: float
) -> dict[str, tuple[int, int]]:
    """The rules in the docstring, one sheet after another."""
    n, judged = dict.fromkeys(FLAGS, 0), dict.fromkeys(FLAGS, 0)
    seen: set[tuple[Any, ...]] = set()
    items = [v for v in variables if v.role == "item"]
    groups = [
        [None if pd.isna(row[name]) else row[name] for name in ("unit", "wave")]
        for _, row in frame.iterrows()
    ]
    for number, (_, row) in enumerate(frame.iterrows()):
        answered = [v for v in items if pd.notna(row[v.column])]
        answers = [row[v.column] for v in answered]
        same = len(set(answers)) == 1
        mixed = len({v.reversed for v in answered}) == 2
        if len(answers) >= 8 and mixed:
            judged["straight_lining"] += 1
            sides = {
                np.sign((2 * row[v.column] - v.minimum - v.maximum) * (-1) ** v.reversed) for v in answered
            }
            n["straight_lining"] += same and {-1, 1} <= sides
        if pd.notna(row["took"]):
            judged["impossible_duration"] += 1
            impossible = not 0 < row["took"] <= 86_400
            n["impossible_duration"] += impossible
            if answers and not impossible:
                judged["too_fast"] += 1
                n["too_fast"] += row["took"] < seconds_per_item * len(answers)
        others = sum(group == groups[number] for group in groups) - 1
        orders = factorial(len(answers)) / prod(factorial(answers.count(a)) for a in set(answers))
        if len(answers) >= 10 and not same and max(others, 1) / orders < 0.001:
            judged["duplicate_sheet"] += 1
            key = (
                row["unit"],
                row["wave"],
                *(None if pd.isna(row[v.column]) else row[v.column] for v in items),
            )
            n["duplicate_sheet"] += key in seen
            seen.add(key)
    return {flag: (int(n[flag]), judged[flag]) for flag in FLAGS}


@pytest.mark.parametrize("seed", range(12))
def test_every_flag_as_a_plain_reading_counts_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    variables = [
        item(f"q{i}", "seven" if i < 8 + seed % 5 else "ten", reverse=i % 4 == 3 and seed % 3 > 0)
        for i in range(12)
    ]
    columns = [v.column for v in variables]
    size = 300
    answers = np.where(
        rng.random((size, 1)) < 0.3, rng.integers(1, 8, (size, 1)), rng.integers(1, 8, (size, 12))
    ).astype("float64")
    answers[rng.random((size, 12)) < rng.choice([0, 0, 0.1, 0.4], (size, 1))] = np.nan
    frame = pd.DataFrame(answers, columns=columns)
    frame.insert(0, "unit", rng.choice(["a", "b"], size))
    frame.insert(1, "wave", rng.choice(["1", None], size))
    frame = frame.astype({"unit": "str", "wave": "str"})
    copies = rng.integers(0, size, 60)
    frame.loc[rng.permutation(size)[:60]] = frame.iloc[copies].to_numpy()
    frame = frame.astype(dict.fromkeys(columns, "float64") | {"unit": "str", "wave": "str"})
    frame["took"] = rng.choice([np.nan, -3, 0, 5, 10, 20, 24, 100, 86_400, 90_000], size)
    variables.append(Variable(table="employees", column="took", role="duration"))
    expected = read_plainly(frame, variables, seconds_per_item=2.0)
    left, found, _ = judge(frame, variables)
    assert found == expected
    assert len(left) == size
    assert found["straight_lining"][0] > 0 or seed % 3 == 0
    assert found["duplicate_sheet"][0] > 0


def test_nothing_is_said_where_nothing_can_be_seen() -> None:
    seven_items = [item(f"q{i}", reverse=i == 0) for i in range(7)]
    one_way = [item(f"q{i}") for i in range(8)]
    for variables in (seven_items, one_way):
        frame = pd.DataFrame(4.0, index=range(6), columns=[v.column for v in variables])
        _, found, _ = judge(frame, variables)
        assert found == dict.fromkeys(FLAGS, (0, 0))


@pytest.mark.parametrize(
    ("scale", "contradictory"),
    # Of two scales without a whole number between their middles nothing can be seen.
    [((0, 10), {4.0}), ((1, 5), set()), ((1, 7), set()), ((1, 6), set()), ((2, 8), {4.0})],
)
def test_one_answer_says_opposite_things_only_across_the_middle(
    scale: tuple[int, int], contradictory: set[float]
) -> None:
    variables = [
        Variable(table="employees", column=f"q{i}", role="item", construct="q", minimum=1, maximum=5)
        for i in range(8)
    ]
    z = {"minimum": scale[0], "maximum": scale[1]}
    variables.append(Variable(table="employees", column="z", role="outcome", construct="z", **z))
    given = [float(answer) for answer in range(max(1, scale[0]), 6)]
    frame = pd.DataFrame([[answer] * 9 for answer in given], columns=[v.column for v in variables])
    judged = len(given) if contradictory else 0
    assert judge(frame, variables)[1]["straight_lining"] == (len(contradictory), judged)


def test_the_middle_of_a_scale_that_is_asked_both_ways_is_no_contradiction() -> None:
    variables = [item(f"q{i}", reverse=i == 0) for i in range(8)]
    frame = pd.DataFrame(
        [[float(answer)] * 8 for answer in range(1, 8)], columns=[v.column for v in variables]
    )
    assert judge(frame, variables)[1]["straight_lining"] == (6, 7)


def test_satisfied_people_are_not_each_others_copies() -> None:
    # 2,000 customers without a unit, 10 questions, answers that go together: hundreds of sheets are alike.
    rng = np.random.default_rng(12)
    level = rng.normal(size=(2000, 1))
    answers = (5.5 + 0.9 * (0.8 * level + 0.6 * rng.normal(size=(2000, 20)))).round().clip(1, 7)
    variables = [item(f"q{i}") for i in range(20)]
    frame = pd.DataFrame(answers, columns=[v.column for v in variables])
    short = frame.iloc[:, :10]
    varied = short.max(axis=1) > short.min(axis=1)
    assert short[varied].duplicated().sum() > 150
    assert judge(short, variables[:10])[1]["duplicate_sheet"] == (0, 0)
    # With twenty questions many sheets can be judged: real copies are seen, and nothing else.
    n, judged = judge(frame, variables)[1]["duplicate_sheet"]
    assert n == 0
    assert judged > 700
    n, judged_now = judge(pd.concat([frame, frame], ignore_index=True), variables)[1]["duplicate_sheet"]
    # Among twice as many sheets a little less can be judged.
    assert 0.8 * judged < n == judged_now / 2 <= judged


def test_the_same_answers_in_another_unit_or_wave_are_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = [item(f"q{i}") for i in range(14)]
    frame = pd.DataFrame([[float(1 + i % 7) for i in range(14)]] * 4, columns=[v.column for v in variables])
    frame.loc[4] = [float(1 + i % 2) for i in range(14)]
    frame["unit"], frame["wave"] = (
        pd.Series(list("aabab"), dtype="str"),
        pd.Series(list("12111"), dtype="str"),
    )
    # Two answers in turn can be arranged in 3,432 ways: with one other in the unit and wave the sheet is judged.
    assert judge(frame, variables)[1]["duplicate_sheet"] == (1, 5)
    monkeypatch.setattr("exresearch.study.flags.quality._BLOCK", 2)
    assert judge(frame, variables)[1]["duplicate_sheet"] == (1, 5)
    crowd = pd.concat([frame] * 5, ignore_index=True)
    # With nine others it is not.
    assert judge(crowd, variables)[1]["duplicate_sheet"] == (17, 20)


def test_of_two_durations_the_longest_counts() -> None:
    variables = [
        item("q"),
        *(Variable(table="employees", column=c, role="duration") for c in ("page", "all")),
    ]
    frame = pd.DataFrame({"q": [1.0, 1.0], "page": [1.0, 1.0], "all": [50.0, np.nan]})
    assert judge(frame, variables)[1]["too_fast"] == (1, 2)
    assert judge(frame, variables, seconds_per_item=0.9)[1]["too_fast"] == (0, 2)


def test_only_the_kinds_that_are_named_are_left_out_and_each_sheet_once() -> None:
    variables = [item(f"q{i}", reverse=i == 0) for i in range(10)]
    columns = [v.column for v in variables]
    varied = [float(1 + i % 7) for i in range(10)]
    frame = pd.DataFrame([[5.0] * 10, varied, varied, varied, [2.0] * 10], columns=columns)
    frame["took"] = [5.0, 5.0, 400.0, 400.0, -1.0]
    variables.append(Variable(table="employees", column="took", role="duration"))
    kept = {
        (): [0, 1, 2, 3, 4],
        ("straight_lining",): [1, 2, 3],
        ("too_fast",): [2, 3, 4],
        ("duplicate_sheet",): [0, 1, 4],
    }
    # The first of three copies is too fast; then the second stays as the first of two.
    kept[("too_fast", "duplicate_sheet")] = [2, 4]
    kept[("straight_lining", "too_fast", "duplicate_sheet")] = [2]
    for leave_out, rows in kept.items():
        left, found, table = judge(frame, variables, leave_out=list(leave_out))
        pd.testing.assert_frame_equal(left, frame.iloc[rows].reset_index(drop=True))
        assert found == {
            "straight_lining": (2, 5), "too_fast": (2, 4), "impossible_duration": (1, 5), "duplicate_sheet": (2, 3),
        }  # fmt: skip
        assert sum(removed for _, removed in table.flagged.values()) == 5 - len(rows)


@pytest.fixture
def careless(client: Any) -> Any:
    """The small client with sixty sheets of ten items, ten of them careless, and a duration."""
    people = client.tables["employees"]
    for number in range(1, 8):
        people[f"x{number}"] = (people.index * number) % 7 + 1
        client.variables[f"x{number}"] = client.entry(
            "employees", f"x{number}", "item", construct="extra", minimum=1, maximum=7, reversed=number == 7
        )
    answers = [name for name in people if name[0] in "ex" or name in ("needs", "customer")]
    people.loc[0:3, answers] = 5
    people["took"] = "0:05:00"
    people.loc[10:12, "took"] = "8"
    client.variables["took"] = client.entry("employees", "took", "duration")
    for row in (21, 22, 23):
        people.loc[row, answers] = people.loc[20, answers]
    return client


def ledger(study: Study, table: str) -> list[list[Any]]:
    return study.ledger[study.ledger["table"] == table].drop(columns="table").to_numpy().tolist()


def test_the_ledger_counts_careless_sheets_and_adds_up(careless: Any) -> None:
    counted = careless.load()
    assert ledger(counted, "employees") == [
        ["rows in the file", "rows", 60, 0],
        ["sheets with all answers the same", "rows", 4, 0],
        ["sheets answered too fast", "rows", 3, 0],
        ["sheets that repeat an earlier one", "rows", 3, 0],
        ["rows for the analysis", "rows", 60, 0],
    ]
    careless.settings["quality"] = {"leave_out": ["too_fast", "duplicate_sheet", "straight_lining"]}
    study = careless.load()
    assert ledger(study, "employees") == [
        ["rows in the file", "rows", 60, 0],
        ["sheets with all answers the same", "rows", 4, 4],
        ["sheets answered too fast", "rows", 3, 3],
        ["sheets that repeat an earlier one", "rows", 3, 3],
        ["rows for the analysis", "rows", 50, 0],
    ]
    pd.testing.assert_frame_equal(quality_flags(study), counted.quality)
    frame = quality_flags(study)
    assert list(frame.columns) == ["table", "flag", "n", "n_judged", "share"]
    assert frame[frame["table"] == "employees"]["n"].tolist() == [4, 3, 0, 3]


def test_rows_in_minus_rows_removed_are_the_rows_of_every_table(careless: Any) -> None:
    people = careless.tables.pop("employees")
    half = careless.folder / "half"
    careless.write()
    half.mkdir()
    people.iloc[:33].drop(columns="x3").to_csv(half / "one.csv", index=False)
    # Three wholly empty rows, as a workbook leaves them.
    with_gaps = pd.concat([people.iloc[33:40], pd.DataFrame(index=range(3)), people.iloc[40:]])
    with_gaps.to_excel(half / "two.xlsx", index=False)
    units = careless.tables["units"]
    careless.tables["units"] = pd.concat([units, pd.DataFrame({"staff": [72, 12]})])
    careless.settings["tables"] |= {
        "employees": ["half/one.csv", "half/two.xlsx"],
        "units": {"file": "units.csv", "without_key": "leave_out"},
    }
    careless.settings["quality"] = {"leave_out": ["too_fast"]}
    study = careless.load()
    assert ledger(study, "employees")[:4] == [
        ["rows in the files", "rows", 63, 0],
        ["one.csv", "rows", 33, 0],
        ["two.xlsx", "rows", 30, 0],
        ["empty rows", "rows", 3, 3],
    ]
    assert ledger(study, "units") == [
        ["rows in the file", "rows", 8, 0],
        ["without unit", "rows", 2, 2],
        ["rows for the analysis", "rows", 6, 0],
    ]
    for name, frame in study.tables.items():
        rows = study.ledger[(study.ledger["table"] == name) & (study.ledger["counted"] == "rows")]
        read = rows[rows["step"].isin(["rows in the file", "rows in the files"])]["n"].item()
        assert read - rows["removed"].sum() == len(frame) == rows["n"].iloc[-1]
    assert [str(r) for r in study.remarks if r.kind == "column_missing_in_part"] == [
        "one.csv: x3: This column is missing in one.csv; its answers are missing there."
    ]
    # Of the 33 in the first file three were too fast.
    assert study.table("employees")["x3"].isna().sum() == 30


def test_no_output_names_a_person_or_an_answer(careless: Any) -> None:
    study = careless.load()
    text = study.ledger.to_csv() + study.quality.to_csv() + "\n".join(map(str, study.remarks))
    assert not any(person in text for person in careless.tables["employees"]["id"])

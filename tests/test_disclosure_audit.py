"""Attacks on a report: each is tried on tables that hide small groups alone, and on what the door releases.

The audit must find every planted leak, and the attacks must fail on released tables.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import linprog

from exresearch.disclosure import (
    Audit,
    Cell,
    DisclosureRules,
    Entry,
    Groups,
    Measure,
    Members,
    Total,
    audit,
    ledger_text,
    read_ledger,
    release,
)
from exresearch.disclosure.attack.bounds import LinearSystem

RULES = DisclosureRules()
SCALE = (1.0, 7.0)


def sheets(sizes: Mapping[str, int], *, seed: int = 1, waves: Sequence[str] = ("w1",)) -> pd.DataFrame:
    """Answer sheets of the people of each unit, in every wave."""
    rng = np.random.default_rng(seed)
    people = [unit for unit, size in sizes.items() for _ in range(size)]
    one = pd.DataFrame({"person": range(len(people)), "unit": people})
    one["sex"] = rng.choice(["m", "f"], len(one))
    one["department"] = one["unit"].str[0]
    frame = pd.concat([one.assign(wave=wave) for wave in waves], ignore_index=True)
    frame["mood"] = rng.integers(1, 8, len(frame)).astype("float64")
    return frame


def members(frame: pd.DataFrame) -> dict[str, Members]:
    """What the staff list says."""
    columns = [c for c in ("unit", "sex", "department", "wave", "filter") if c in frame]
    return {"employees": Members(frame[columns].astype("string"), frame["person"].to_numpy())}


def table(frame: pd.DataFrame, by: Sequence[str], *, fixed: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Means and counts by groups."""
    return frame.assign(all=1).groupby(list(by) or ["all"])["mood"].agg(mean="mean", n="size").reset_index()


def groups(by: Sequence[str], fixed: Mapping[str, str] | None = None) -> Groups:
    """Who the rows of such a table are."""
    return Groups(
        "employees", by={b: b for b in by}, fixed=fixed or {}, measures={"mean": Measure("mood", *SCALE)}
    )


def careful(
    frame: pd.DataFrame, by: Sequence[str], fixed: Mapping[str, str] | None = None
) -> tuple[str, Entry]:
    """What the door makes of a table, knowing which department each unit is in."""
    units = frame[["unit", "department"]].drop_duplicates()
    above = {unit: [("department", name)] for unit, name in units.itertuples(index=False)}
    rules = DisclosureRules(roll_ups={"unit": above})
    shown = release(table(frame, by), count="n", rules=rules, groups=groups(by, fixed), name=f"by {by}")
    return "01", shown.entry


def naive(
    frame: pd.DataFrame, by: Sequence[str], fixed: Mapping[str, str] | None = None
) -> tuple[str, Entry]:
    """What platforms make of it: groups under five hidden, the rest shown."""
    cells = []
    for row in table(frame, by).to_dict("records"):
        hidden = row["n"] < 5
        total = Total("mood", *SCALE, None if hidden else row["mean"] * row["n"])
        group = dict(fixed or {}) | {b: str(row[b]) for b in by}
        cells.append(Cell(group, None if hidden else float(row["n"]), (total,), hidden))
    return "01", Entry(f"by {by}", "groups", "employees", 5.0, tuple(cells))


def found(*shown: tuple[str, Entry], frame: pd.DataFrame) -> Audit:
    return audit(list(shown), members(frame), rules=RULES)


def names(result: Audit) -> set[str]:
    return {one.group for one in result.disclosures if not one.counts}


def test_a_hidden_team_follows_from_the_total_beside_the_rest() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9, "A4": 12})
    leak = found(naive(frame, ["unit"]), naive(frame, []), frame=frame)
    assert names(leak) == {"unit A1"}
    assert all(one.exact for one in leak.disclosures)
    assert {one.tables for one in leak.disclosures} == {("01: by ['unit']", "01: by []")}
    assert not found(careful(frame, ["unit"]), careful(frame, []), frame=frame).disclosures


def test_without_the_total_a_hidden_team_stays_hidden() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9})
    assert not found(naive(frame, ["unit"]), frame=frame).disclosures


def test_sibling_teams_give_away_a_team_through_their_department() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9, "B1": 30, "B2": 8})
    shown = [naive(frame, ["unit"]), naive(frame, ["department"])]
    assert names(found(*shown, frame=frame)) == {"unit A1"}
    together = pd.concat(
        [table(frame, ["department", "unit"]), table(frame, ["department"]), table(frame, [])],
        ignore_index=True,
    )
    shown_well = release(
        together, count="n", rules=RULES, groups=groups(["department", "unit"]), name="departments and teams"
    )
    assert shown_well.n_hidden == 2
    assert not found(("01", shown_well.entry), careful(frame, []), frame=frame).disclosures


def test_two_tables_that_hide_different_company_give_the_team_away() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9, "A4": 12})
    first, second = naive(frame, ["unit"])[1], naive(frame, ["unit"])[1]

    def also(entry: Entry, unit: str) -> tuple[str, Entry]:
        cells = [
            Cell(c.group, None, (Total("mood", *SCALE, None),), True) if c.group["unit"] == unit else c
            for c in entry.cells
        ]
        return "02", Entry(f"without {unit}", "groups", "employees", 5.0, tuple(cells))

    everybody = naive(frame, [])
    assert not found(also(first, "A3"), everybody, frame=frame).disclosures
    assert names(found(also(first, "A3"), also(second, "A4"), everybody, frame=frame)) >= {"unit A1"}


def test_two_overlapping_filters_leave_a_few_people_over() -> None:
    frame = sheets({"A1": 30, "A2": 20}, seed=3)
    odd = frame.index[(frame["unit"] == "A1")][:3]
    frame["filter"] = "full time"
    frame.loc[odd, "filter"] = "other"
    a1 = naive(frame[frame["unit"] == "A1"], ["unit"])
    full = naive(frame[(frame["unit"] == "A1") & (frame["filter"] == "full time")], ["unit", "filter"])
    assert names(found(a1, full, frame=frame)) == {"some of unit A1"}
    many = frame.index[(frame["unit"] == "A1")][:8]
    frame.loc[many, "filter"] = "other"
    full = naive(frame[(frame["unit"] == "A1") & (frame["filter"] == "full time")], ["unit", "filter"])
    assert not found(a1, full, frame=frame).disclosures


def test_all_waves_together_without_the_others_are_one_wave() -> None:
    frame = sheets({"A1": 9, "A2": 20}, waves=["w1", "w2", "w3"])
    gone = frame[(frame["unit"] == "A1") & (frame["wave"] == "w3")].index[3:]
    frame = frame.drop(gone).reset_index(drop=True)
    shown = [naive(frame, ["unit", "wave"]), naive(frame, ["unit"])]
    assert names(found(*shown, frame=frame)) == {"unit A1, wave w3"}
    assert not found(careful(frame, ["unit", "wave"]), careful(frame, ["unit"]), frame=frame).disclosures


def test_an_extreme_mean_of_a_few_bounds_each_of_them() -> None:
    frame = sheets({"A1": 6, "A2": 20})
    frame.loc[frame["unit"] == "A1", "mood"] = [7, 7, 7, 7, 7, 5]
    assert (
        release(table(frame, ["unit"]), count="n", rules=RULES, groups=groups(["unit"])).hidden.tolist()
        == [
            True,
            True,
        ]
        or found(careful(frame, ["unit"]), frame=frame).disclosures == ()
    )
    frame.loc[frame["unit"] == "A1", "mood"] = 7
    assert release(table(frame, ["unit"]), count="n", rules=RULES, groups=groups(["unit"])).hidden.iloc[0]
    # The same people under two names: what one table hides, the other shows.
    frame["filter"] = frame["unit"].where(frame["unit"] == "A1")
    shown = [naive(frame[frame["unit"] == "A1"], ["filter"]), careful(frame, ["unit"])]
    assert "unit A1" in names(found(*shown, frame=frame))


def test_a_cell_is_bounded_by_the_margins_of_two_tables() -> None:
    frame = sheets({"A1": 8, "A2": 40})
    frame["sex"] = ["m"] * 3 + ["f"] * 5 + ["m"] * 20 + ["f"] * 20
    # Three men in A1. The others there are known to be at the very top, because the unit nearly is.
    frame.loc[frame["unit"] == "A1", "mood"] = [7, 7, 6, 7, 7, 7, 7, 6]
    leak = found(naive(frame, ["unit"]), naive(frame, ["sex"]), frame=frame)
    assert "some of sex m" in names(leak)
    assert not any(one.exact for one in leak.disclosures)


def test_where_nobody_is_there_is_nothing_to_hide_and_no_company() -> None:
    frame = pd.DataFrame(
        {"unit": ["A1", "A2", "A3", "A4"], "n": [0, 3, 30, 40], "mean": [np.nan, 4.0, 4.5, 4.2]}
    )
    shown = release(frame, count="n", rules=RULES, groups=groups(["unit"]))
    assert shown.hidden.tolist() == [True, True, True, False]
    people = sheets({"A2": 3, "A3": 30, "A4": 40})
    people.loc[people["unit"] == "A2", "mood"] = [4, 3, 5]
    assert not found(("01", shown.entry), naive(people, []), frame=people).disclosures


def test_a_distribution_gives_away_what_everybody_answered_and_hides_few() -> None:
    rows = pd.DataFrame({"item": ["q"] * 4, "answer": [1, 2, 3, 4], "n": [0, 2, 9, 40]})
    shown = release(
        rows, count="n", rules=RULES, groups=Groups("employees", answer="answer", answered="item"), name="q"
    )
    assert shown.hidden.tolist() == [True, True, True, False]
    assert shown.entry.distribution
    alike = pd.DataFrame({"item": ["q"] * 2, "answer": [1, 2], "n": [0, 12]})
    assert release(
        alike, count="n", rules=RULES, groups=Groups("employees", answer="answer", answered="item")
    ).hidden.all()


def test_parts_of_the_analysis_own_making_add_up_to_their_group() -> None:
    frame = sheets({"A1": 60})
    cells = [(10.0, "low"), (None, "middle"), (30.0, "high")]
    bands = Entry(
        "bands", "groups", "employees", 5.0,
        tuple(
            Cell({"band": band}, n, (Total("mood", *SCALE, None if n is None else 4.0 * n),), n is None)
            for n, band in cells
        ),
    )  # fmt: skip
    result = audit([("01", bands), naive(frame, [])], members(frame), rules=RULES)
    assert "band middle" in {one.group for one in result.disclosures}
    assert result.unmatched == ("employees: band",)


@pytest.mark.parametrize("name", ["min", "max", "median", "q75"])
def test_medians_and_extremes_of_groups_do_not_pass_the_door(name: str) -> None:
    frame = sheets({"A1": 9, "A2": 20})
    shown = table(frame, ["unit"]).assign(**{name: 7.0})
    with pytest.raises(ValueError, match=f"{name} of a group is the answer of one"):
        release(shown, count="n", rules=RULES, groups=groups(["unit"]))


def test_a_share_that_only_one_count_fits_is_hidden_with_its_count() -> None:
    """Of 100 people 3 % are three; the rest of the shares must not say so either."""
    rows = pd.DataFrame({"unit": ["A", "B", "C", "D"], "n": [3, 40, 50, 7], "share": [0.03, 0.4, 0.5, 0.07]})
    shown = release(rows, count="n", rules=RULES, groups=Groups("employees", by={"unit": "unit"}))
    assert shown.hidden.tolist() == [True, False, False, True]
    assert shown.frame.loc[shown.hidden, ["n", "share"]].isna().all(axis=None)
    # What is left over is that of two groups with ten people, and fits 0 to 10 of them in the first.
    left = 1 - shown.frame["share"].sum()
    assert round(left * 100) == 10


def test_rounded_means_are_known_to_half_a_step_only() -> None:
    frame = sheets({"A1": 30, "A2": 20})
    frame["filter"] = ["other"] + ["full time"] * 49
    exact = [naive(frame, ["unit"]), naive(frame[frame["filter"] == "full time"], ["unit", "filter"])]
    assert names(found(*exact, frame=frame))
    coarse = []
    for one, by in ((frame, ["unit"]), (frame[frame["filter"] == "full time"], ["unit", "filter"])):
        shown = release(
            table(one, by), count="n", rules=RULES, groups=groups(by), rounded={"mean": 0.5}, name=f"by {by}"
        )
        assert set((shown.frame["mean"] * 2) % 1) == {0.0}
        coarse.append(("01", shown.entry))
    assert not found(*coarse, frame=frame).disclosures


def test_tables_on_weighted_answers_may_disagree_and_are_still_held_together() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9, "A4": 12})
    page, entry = naive(frame, [])
    (everybody,) = entry.cells
    total = everybody.totals[0].total
    assert total is not None
    weighted = Entry(
        "weighted", "groups", "employees", 5.0,
        (Cell({}, everybody.n, (Total("mood", *SCALE, total + 0.3),), False),),
    )  # fmt: skip
    shown = [naive(frame, ["unit"]), (page, entry), ("02", weighted)]
    assert "unit A1" in names(audit(shown, members(frame), rules=RULES))


def test_one_person_in_six_waves_is_one_person() -> None:
    frame = sheets({"A1": 1, "A2": 30}, waves=[f"w{k}" for k in range(6)])
    shown = [naive(frame, ["unit"]), naive(frame, [])]
    assert names(found(*shown, frame=frame)) == {"unit A1"}
    # Nor are there more people where waves are told apart.
    shown += [naive(frame, ["wave"]), naive(frame, ["unit", "wave"])]
    expected = {"all hidden groups by wave of unit A1", "unit A1, wave w0", "unit A1 without wave w0"}
    assert expected <= names(found(*shown, frame=frame))


def test_a_table_that_counts_people_is_held_against_one_that_counts_sheets() -> None:
    """Over three waves the mean of 29 people is one of 87 sheets, whatever the table calls n."""
    frame = sheets({"A1": 3, "A2": 20, "A3": 9}, waves=["w1", "w2", "w3"])
    everybody = frame["mood"].mean()
    people = Entry(
        "people",
        "groups",
        "employees",
        32.0,
        (Cell({}, 32.0, (Total("mood", *SCALE, 32.0 * everybody),), False),),
    )
    units = table(frame[frame["unit"] != "A1"], ["unit"])
    cells = [Cell({"unit": "A1"}, None, (Total("mood", *SCALE, None),), True)]
    cells += [
        Cell({"unit": row["unit"]}, row["n"] / 3, (Total("mood", *SCALE, row["mean"] * row["n"] / 3),), False)
        for row in units.to_dict("records")
    ]
    shown = ("01", Entry("units", "groups", "employees", 9.0, tuple(cells)))
    result = found(("02", people), shown, naive(frame, ["wave"]), frame=frame)
    assert ("unit A1", True) in {(one.group, one.exact) for one in result.disclosures if not one.counts}


def test_facts_that_contradict_one_another_clear_nobody() -> None:
    facts = LinearSystem(
        sparse.csr_array(np.ones((2, 2))),
        known=np.array([1.0, 9.0]),
        slack=np.zeros(2),
        most=np.full(2, 20.0),
    )
    assert not facts.feasible()
    assert set(facts.intervals(sparse.csr_array(np.eye(2)), wanted=1.0)) == {0, 1}


@pytest.mark.parametrize("seed", range(12))
def test_what_the_door_releases_gives_nothing_away(seed: int) -> None:
    """Random units of two to eight people in two waves and departments, attacked by the audit and by brute force."""
    rng = np.random.default_rng(seed)
    sizes = {f"{d}{k}": int(rng.integers(2, 9)) for d in "AB" for k in range(rng.integers(3, 6))}
    frame = sheets(sizes, seed=seed, waves=["w1", "w2"])
    frame = frame[rng.random(len(frame)) < 0.8].reset_index(drop=True)
    # Others in every wave, so that sheets are people.
    frame["person"] = range(len(frame))
    tables = [[], ["wave"], ["unit"], ["department"], ["department", "wave"], ["sex"]]
    shown = [careful(frame, by) for by in tables]
    result = found(*shown, frame=frame)
    exact = [one for one in result.disclosures if one.exact and not one.counts]
    attacked = _brute_force(frame, [entry for _, entry in shown])
    # The audit calls everything that brute force pins down, and nothing else, exact.
    assert (not exact) == (not attacked), (exact, attacked)


def _brute_force(frame: pd.DataFrame, shown: Sequence[Entry]) -> list[tuple[str, ...]]:
    """Small unions of kinds of people whose sum of answers is the same in every solution of what was shown.

    Works on people and not on the audit's unknowns, and tries every union of up to two kinds.
    """
    kinds = frame.groupby(["unit", "sex", "wave", "department"], sort=True)
    number, sizes = kinds.ngroup().to_numpy(), kinds.size().to_numpy()
    rows, known = [], []
    for entry in shown:
        for cell in entry.cells:
            if cell.hidden or cell.n is None:
                continue
            inside = np.ones(len(frame), dtype=bool)
            for dimension, value in cell.group.items():
                inside &= (frame[dimension] == value).to_numpy()
            rows.append(np.isin(np.arange(len(sizes)), number[inside]).astype("float64"))
            total = cell.totals[0].total
            assert total is not None
            known.append(total)
    matrix = np.array(rows)
    rank = np.linalg.matrix_rank(matrix)
    caught = []
    for count in (1, 2):
        for union in itertools.combinations(range(len(sizes)), count):
            if sizes[list(union)].sum() >= 5:
                continue
            target = np.isin(np.arange(len(sizes)), union).astype("float64")
            if np.linalg.matrix_rank(np.vstack([matrix, target])) == rank:
                ends = [
                    linprog(
                        sign * target, A_eq=matrix, b_eq=known,
                        bounds=np.column_stack([sizes * 1.0, sizes * 7.0]), method="highs",
                    ).fun
                    for sign in (1, -1)
                ]  # fmt: skip
                assert ends[0] == pytest.approx(-ends[1], abs=1e-4)
                caught.append(tuple(str(k) for k in union))
    return caught


def test_entries_survive_the_notebook() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9})
    _, entry = careful(frame, ["unit"])
    assert read_ledger(ledger_text([entry])) == [entry]
    assert "None" not in str([t for c in entry.cells if not c.hidden for t in c.totals])
    assert all(t.total is None and c.n is None for c in entry.cells if c.hidden for t in c.totals)


def test_an_entry_says_nothing_of_hidden_rows() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9})
    secret = float(frame.loc[frame["unit"] == "A1", "mood"].sum())
    text = str(careful(frame, ["unit"])[1].as_json())
    assert f"{secret:g}," not in text.replace("'", "")


def test_order_of_tables_changes_nothing() -> None:
    frame = sheets({"A1": 3, "A2": 20, "A3": 9, "B1": 30, "B2": 8})
    shown = [naive(frame, ["unit"]), naive(frame, ["department"]), naive(frame, [])]
    assert found(*shown, frame=frame).disclosures
    assert names(found(*shown, frame=frame)) == names(found(*reversed(shown), frame=frame))

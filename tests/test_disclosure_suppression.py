"""Complementary suppression: published tables, brute force, random hierarchies, and what should never change."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import sparse

from exresearch.disclosure import DisclosureRules, Groups, Measure, complementary_suppression, release
from exresearch.disclosure.hiding.relations import relations_of
from tests.recoverable import bounds, made_table, room_in_two_ways

RULES = DisclosureRules()


def with_margins(inner: list[list[int]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cells of a two-way table with its totals, row by row, and its relations."""
    body = np.array(inner, dtype="float64")
    full = np.block([[body, body.sum(axis=1, keepdims=True)], [body.sum(axis=0), body.sum()]])
    sign = np.append(np.ones(full.shape[1] - 1), -1.0)
    rows = np.kron(np.eye(full.shape[0]), sign)
    columns = np.kron(np.append(np.ones(full.shape[0] - 1), -1.0), np.eye(full.shape[1]))
    return full, np.vstack([rows, columns])


def exposed(
    full: NDArray[np.float64],
    hidden: NDArray[np.bool_],
    asked: dict[tuple[int, int], tuple[float, float]],
) -> list[tuple[int, int]]:
    """Cells whose bounds, from what is shown, do not reach what is asked."""
    inner = full[:-1, :-1]
    size = inner.shape
    known = []
    for cell in zip(*np.nonzero(~hidden), strict=True):
        weights = np.zeros(size)
        weights[
            slice(None) if cell[0] == size[0] else cell[0], slice(None) if cell[1] == size[1] else cell[1]
        ] = 1.0
        known.append((weights.ravel(), float(full[cell])))
    found = []
    for cell, (fewest, most) in asked.items():
        weights = np.zeros(size)
        weights[cell] = 1.0
        low, high = bounds(known, weights.ravel(), inner.ravel() == 0)
        if low > fewest + 1e-6 or high < most - 1e-6:
            found.append(cell)
    return found


# Federal Committee on Statistical Methodology (1994, revised 2005), Statistical Policy Working Paper 22: delinquent
# children by county (Alpha to Delta) and education of the head of the household; fewer than five are sensitive.
DELINQUENTS = [[15, 1, 3, 1], [20, 10, 10, 15], [3, 10, 10, 2], [12, 14, 7, 2]]
# What the paper hides.
DELINQUENTS_HIDDEN = {(0, 1), (0, 2), (0, 3), (2, 0), (2, 1), (2, 3), (3, 0), (3, 2), (3, 3)}


@pytest.mark.parametrize("method", ["auto", "optimal", "heuristic"])
def test_delinquent_children_of_working_paper_22(method: str) -> None:
    full, relations = with_margins(DELINQUENTS)
    assert full[-1].tolist() == [50, 35, 30, 20, 135]
    assert full[:, -1].tolist() == [20, 55, 25, 35, 135]
    primary = full < 5
    pattern = complementary_suppression(
        full.ravel(),
        relations,
        primary=primary.ravel(),
        least=5,
        method=method,  # type: ignore[arg-type]
    )
    hidden = pattern.hidden.reshape(full.shape)
    asked = {(int(r), int(c)): (0.0, 5.0) for r, c in zip(*np.nonzero(primary), strict=True)}
    assert exposed(full, hidden, asked) == []
    published = np.zeros_like(hidden)
    published[tuple(np.transpose(list(DELINQUENTS_HIDDEN)))] = True
    assert exposed(full, published, asked) == []
    assert hidden.sum() <= published.sum()
    assert pattern.loss <= full[published & ~primary].sum() == 29.0
    assert not pattern.unprotected.any()


@pytest.mark.parametrize("method", ["auto", "optimal", "heuristic"])
def test_investments_of_fischetti_and_salazar(method: str) -> None:
    """Fischetti and Salazar-Gonzalez (2001), after Willenborg and de Waal: activities I to III, regions A to C.

    Activity II in region C is sensitive. Hiding four cells leaves it between 5 and 30, which is what is asked here.
    """
    full, relations = with_margins([[20, 50, 10], [8, 19, 22], [17, 32, 12]])
    assert full[-1].tolist() == [45, 101, 44, 190]
    primary = np.zeros(full.shape, bool)
    primary[1, 2] = True
    pattern = complementary_suppression(
        full.ravel(),
        relations,
        primary=primary.ravel(),
        least=5,
        up=8.0 * primary.ravel(),
        down=17.0 * primary.ravel(),
        method=method,  # type: ignore[arg-type]
    )
    hidden = pattern.hidden.reshape(full.shape)
    assert exposed(full, hidden, {(1, 2): (5.0, 30.0)}) == []
    assert hidden.sum() <= 4
    assert pattern.loss <= 8 + 17 + 12


@pytest.mark.parametrize("method", ["auto", "optimal", "heuristic"])
def test_the_problem_of_sdctable(method: str) -> None:
    """sdc_testproblem() of the R package sdcTable 0.32: four regions by gender, two women in region A.

    Its tests say that the optimal method hides both genders in A and C: three cells with 40 people beside the two.
    """
    full, relations = with_margins([[18, 2], [14, 19], [12, 10], [11, 14]])
    assert full[-1].tolist() == [55, 45, 100]
    pattern = complementary_suppression(
        full.ravel(),
        relations,
        primary=full.ravel() == 2,
        least=5,
        method=method,  # type: ignore[arg-type]
    )
    hidden = pattern.hidden.reshape(full.shape)
    assert exposed(full, hidden, {(0, 1): (0.0, 5.0)}) == []
    assert [tuple(cell) for cell in np.argwhere(hidden).tolist()] == [(0, 0), (0, 1), (2, 0), (2, 1)]
    assert pattern.loss == 40.0


def two_way(table: NDArray[np.int64]) -> NDArray[np.float64]:
    rows, columns = table.shape
    return np.vstack(
        [np.kron(np.eye(rows), np.ones(columns)), np.kron(np.ones(rows), np.eye(columns))],
    )


def cheapest(table: NDArray[np.int64], least: int) -> float | None:
    """The least people hidden beside the small cells, by trying every set of the others; None if none protects."""
    small = (table > 0) & (table < least)
    if not protects(table, table > 0, least):
        return None
    others = [tuple(cell) for cell in np.argwhere(table >= least).tolist()]
    sets = itertools.chain.from_iterable(itertools.combinations(others, k) for k in range(len(others) + 1))
    for cells in sorted(sets, key=lambda cells: sum(table[cell] for cell in cells)):
        hidden = small.copy()
        for cell in cells:
            hidden[cell] = True
        if protects(table, hidden, least):
            return float(sum(table[cell] for cell in cells))
    return None


def protects(table: NDArray[np.int64], hidden: NDArray[np.bool_], least: int) -> bool:
    for row, column in np.argwhere((table > 0) & (table < least)).tolist():
        if not hidden[row, column]:
            return False
        rise, fall = room_in_two_ways(table, hidden, row, column, enough=least)
        if table[row, column] + rise < least or fall < table[row, column]:
            return False
    return True


def test_the_optimum_is_that_of_brute_force() -> None:
    rng = np.random.default_rng(11)
    compared = excess = 0
    for _ in range(100):
        table = rng.choice([0, 1, 2, 3, 4, 6, 7, 9, 12, 15, 30], (3, 3))
        best = cheapest(table, 5)
        small = ((table > 0) & (table < 5)).ravel()
        arguments = {"primary": small, "least": 5.0}
        heuristic = complementary_suppression(
            table.ravel().astype(float),
            two_way(table),
            method="heuristic",
            **arguments,  # type: ignore[arg-type]
        )
        if best is None:
            assert heuristic.unprotected.any()
            continue
        compared += 1
        assert protects(table, heuristic.hidden.reshape(3, 3), 5), table
        assert heuristic.loss >= best
        excess += heuristic.loss > best
        if compared % 4 == 0:
            optimal = complementary_suppression(
                table.ravel().astype(float),
                two_way(table),
                method="optimal",
                **arguments,  # type: ignore[arg-type]
            )
            assert optimal.loss == best, table
            assert optimal.method in ("optimal", "none")
            assert protects(table, optimal.hidden.reshape(3, 3), 5), table
    assert compared > 75
    # The quick way is nearly always the best one as well.
    assert excess < 0.2 * compared


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("totals", [True, False], ids=["totals", "no-totals"])
def test_no_small_group_of_a_hierarchy_can_be_worked_out(seed: int, totals: bool) -> None:
    made = made_table(np.random.default_rng([5, seed]), totals=totals, most_rows=50)
    groups = Groups("employees", by={column: column for column in made.columns})
    released = release(made.frame, count="n", rules=RULES, groups=groups)
    assert made.exposed(released.hidden.to_numpy(), least=5) == []
    assert (made.frame["n"][~released.hidden] >= 5).all()


@pytest.mark.parametrize("seed", range(15))
def test_nobodys_answer_follows_for_a_reader_with_the_staff_list(seed: int) -> None:
    """The number of people in each smallest group is known, and so are shown means; a hidden sum stays half open."""
    rng = np.random.default_rng([7, seed])
    made = made_table(rng, totals=seed % 2 == 1, most_rows=40)
    yes = rng.binomial(made.leaves.astype(int), rng.choice([0, 0, 0.3, 0.5, 0.8, 1, 1], len(made.leaves)))
    counts, sums = made.members @ made.leaves, made.members @ yes
    frame = made.frame.assign(mean=np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    groups = Groups("employees", by={c: c for c in made.columns}, measures={"mean": Measure("stays", 0, 1)})
    hidden = release(frame, count="n", rules=RULES, groups=groups).hidden.to_numpy()
    known = [
        (row, total) for row, total, secret in zip(made.members, sums, hidden, strict=True) if not secret
    ]
    known.append((np.ones_like(made.leaves), float(yes.sum())))
    for row in np.flatnonzero((counts > 0) & (counts < 5)):
        low, high = bounds(known, made.members[row], made.leaves == 0, most=made.leaves)
        assert hidden.all() or high - low > 0.5 - 1e-6, row


def test_the_outsider_finds_what_is_hidden_badly() -> None:
    made = made_table(np.random.default_rng(5), most_rows=40)
    assert made.exposed((made.frame["n"] < 5).to_numpy(), least=5) != []
    full, _ = with_margins(DELINQUENTS)
    assert exposed(full, full < 5, {(0, 1): (0.0, 5.0), (0, 2): (0.0, 2.0)}) == [(0, 1), (0, 2)]


TEAMS = Groups("employees", by={"department": "department", "team": "team"})


def teams(*rows: tuple[str | None, str | None, int]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["department", "team", "n"])


@pytest.mark.parametrize(
    ("rows", "hidden"),
    [
        # Four people in a department follow from everybody and the other department, though no row shows them.
        ([("A", "a", 3), ("A", "b", 1), ("B", "c", 20), ("B", "d", 30)], [True, True, True, False]),
        # A department of one team follows in the same way.
        ([("A", "a", 3), ("B", "c", 20), ("B", "d", 30)], [True, True, False]),
        ([("A", "a", 3), ("A", "b", 9), ("A", None, 12), ("B", "c", 7), ("B", None, 7)], [1, 1, 0, 0, 0]),
        # A team that is its department is hidden with it.
        ([("A", "a", 3), ("A", None, 3), ("B", "c", 7), ("B", None, 7), ("C", None, 90)], [1, 1, 1, 1, 0]),
        # Departments without teams in the table do not disturb those with teams.
        ([("A", "a", 3), ("A", "b", 9), ("A", None, 12), ("B", None, 80), (None, None, 92)], [1, 1, 0, 0, 0]),
    ],
)
def test_teams_in_departments(rows: list[tuple[str | None, str | None, int]], hidden: list[bool]) -> None:
    released = release(teams(*rows), count="n", rules=RULES, groups=TEAMS)
    assert released.hidden.tolist() == [bool(value) for value in hidden]


def test_totals_without_rows_are_cells() -> None:
    frame = teams(("A", "a", 3), ("A", "b", 9), ("B", "c", 7), ("B", "d", 8), ("C", "e", 6))
    relations = relations_of(frame, counts=frame["n"].to_numpy("float64"), within=(), groups=TEAMS)
    assert relations.sums.toarray().tolist() == [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0]]
    # The team in C is its department; the whole is known, and therefore no cell.
    assert sorted(relations.matrix.toarray().tolist()) == [
        [0, 0, 0, 0, 1, 1, 1],
        [0, 0, 1, 1, 0, 0, -1],
        [1, 1, 0, 0, 0, -1, 0],
    ]
    assert relations.with_totals(np.arange(5.0)).tolist() == [0, 1, 2, 3, 4, 1, 5]


def test_rows_hidden_together_must_not_agree_either() -> None:
    """All of the small team and all of the twenty gave the highest answer: their common mean says so as well."""
    frame = pd.DataFrame({"team": list("abcd"), "mean": [10.0, 10.0, 7.0, 6.0], "n": [3, 20, 30, 40]})
    groups = Groups("employees", by={"team": "team"}, measures={"mean": Measure("pride", 0, 10)})
    assert release(frame, count="n", rules=RULES, groups=groups).hidden.tolist() == [True, True, True, False]
    frame["mean"] = [10.0, 9.0, 7.0, 6.0]
    assert release(frame, count="n", rules=RULES, groups=groups).hidden.tolist() == [True, True, False, False]


def test_rows_hidden_together_are_not_dominated_either() -> None:
    frame = pd.DataFrame(
        {
            "team": list("abcd"),
            "sales": [500.0, 50.0, 200.0, 300.0],
            "n": [10, 12, 40, 50],
            "part": [0.9, 0.2, 0.1, 0.1],
        }
    )
    measure = Measure("sales", 0, 1_000, largest="part")
    groups = Groups("employees", by={"team": "team"}, measures={"sales": measure})
    assert release(frame, count="n", rules=RULES, groups=groups).hidden.tolist() == [True, True, True, False]
    frame.loc[1, "sales"] = 400.0
    assert release(frame, count="n", rules=RULES, groups=groups).hidden.tolist() == [True, True, False, False]


def suppress(values: list[float], relations: list[list[float]], **more: object) -> list[bool]:
    cells = np.array(values, dtype="float64")
    more.setdefault("primary", cells < 5)
    found = complementary_suppression(cells, np.array(relations, dtype="float64"), least=5, **more)  # type: ignore[arg-type]
    return [bool(value) for value in found.hidden]


def test_nothing_to_hide_and_everything_hidden() -> None:
    assert suppress([20, 30, 5], [[1, 1, 1]]) == [False, False, False]
    assert suppress([3, 2, 4], [[1, 1, 1]]) == [True, True, True]
    assert suppress([0, 20, 30], [[1, 1, 1]]) == [True, False, False]
    assert suppress([3, 20], [[0, 0]]) == [True, False]
    none = complementary_suppression(
        np.zeros(0), sparse.csr_array((0, 0)), primary=np.zeros(0, bool), least=5
    )
    assert none.hidden.size == 0
    assert (none.method, none.loss) == ("none", 0.0)


def test_a_table_of_two_by_two_is_hidden_whole() -> None:
    full, relations = with_margins([[3, 20], [9, 30]])
    pattern = complementary_suppression(full.ravel(), relations, primary=full.ravel() < 5, least=5)
    assert pattern.hidden.reshape(3, 3).astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert pattern.complementary.sum() == 3
    assert pattern.loss == 59.0


def test_an_empty_cell_keeps_nobody_company() -> None:
    assert suppress([3, 0, 20, -0.0], [[1, 1, 1, 1]]) == [True, True, True, True]
    full, relations = with_margins([[3, 0, 8], [9, 30, 9], [9, 9, 9]])
    pattern = complementary_suppression(full.ravel(), relations, primary=full.ravel() == 3, least=5)
    assert not pattern.hidden.reshape(4, 4)[0, 1]
    assert pattern.hidden.reshape(4, 4)[0, 2]


@pytest.mark.parametrize("method", ["auto", "optimal", "heuristic"])
def test_hopeless_cells_are_named_and_hide_what_adds_up_with_them(method: str) -> None:
    values = np.array([3.0, 0.0, 20.0, 30.0])
    pattern = complementary_suppression(
        values,
        np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]]),
        primary=values < 5,
        least=5,
        method=method,  # type: ignore[arg-type]
    )
    assert pattern.unprotected.tolist() == [True, False, False, False]
    assert pattern.hidden.tolist() == [True, True, False, False]


def test_two_small_cells_may_be_each_others_company() -> None:
    assert suppress([4, 4, 20], [[1, 1, 1]]) == [True, True, False]
    assert suppress([2, 2, 20, 30], [[1, 1, 1, 1]]) == [True, True, True, False]
    # A large cell that is hidden for another reason is company, but not alone.
    assert suppress([30, 3, 20, 9], [[1, 1, 1, 1]], primary=np.array([True, True, False, False])) == [
        1,
        1,
        0,
        0,
    ]
    assert suppress([30, 20, 9], [[1, 1, 1]], primary=np.array([True, False, False])) == [True, False, True]


def test_protection_levels_count_in_one_relation_too() -> None:
    primary = np.array([True, False, False, False])
    levels = {"up": 25.0 * primary, "down": 3.0 * primary}
    assert suppress([3, 9, 20, 30], [[1, 1, 1, 1]], primary=primary, **levels) == [True, True, True, False]


def test_company_of_small_cells_that_need_no_protection_is_not_wasted() -> None:
    """The cell of one person would be cheap, but does not help; twenty are enough by themselves."""
    primary = np.array([True, False, False])
    found = complementary_suppression(np.array([3.0, 1, 20]), np.ones((1, 3)), primary=primary, least=5)
    assert found.hidden.tolist() == [True, False, True]
    assert found.loss == 20.0


@pytest.mark.parametrize("method", ["optimal", "heuristic"])
def test_the_order_of_cells_does_not_matter(method: str) -> None:
    full, relations = with_margins([[15, 1, 3, 11], [23, 9, 10, 16], [3, 13, 12, 2]])
    values, losses = full.ravel(), set()
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(values))
        pattern = complementary_suppression(
            values[order],
            relations[:, order],
            primary=values[order] < 5,
            least=5,
            method=method,  # type: ignore[arg-type]
        )
        losses.add(pattern.loss)
    assert len(losses) == 1


def test_a_higher_minimum_hides_at_least_as_many_people() -> None:
    rng = np.random.default_rng(3)
    for _ in range(4):
        full, relations = with_margins(rng.choice([2, 4, 6, 7, 9, 11, 20, 30], (3, 3)).tolist())
        values = full.ravel()
        hidden = [
            complementary_suppression(
                values, relations, primary=values < least, least=least, method="optimal"
            ).hidden
            for least in (5, 8, 10)
        ]
        people = [float(values[cells].sum()) for cells in hidden]
        assert people == sorted(people)


def test_tables_without_a_common_cell_are_solved_apart() -> None:
    full, relations = with_margins(DELINQUENTS)
    values = full.ravel()
    alone = complementary_suppression(values, relations, primary=values < 5, least=5)
    both = complementary_suppression(
        np.tile(values, 2),
        sparse.block_diag([relations, relations]),
        primary=np.tile(values < 5, 2),
        least=5,
    )
    assert both.hidden.tolist() == np.tile(alone.hidden, 2).tolist()
    assert both.loss == 2 * alone.loss


def test_two_calls_give_the_same_bytes() -> None:
    made = made_table(np.random.default_rng(8), most_rows=40)
    groups = Groups("employees", by={column: column for column in made.columns})
    first, second = (release(made.frame, count="n", rules=RULES, groups=groups) for _ in range(2))
    assert first.frame.to_csv().encode() == second.frame.to_csv().encode()
    assert first.entry == second.entry


@pytest.mark.parametrize(
    ("values", "primary", "relations", "message"),
    [
        ([3.0, -1.0], [True, False], [[1, 1]], "numbers of people must be finite and not negative."),
        ([3.0, np.nan], [True, False], [[1, 1]], "numbers of people must be finite and not negative."),
        (
            [3.0, 4.0],
            [True],
            [[1, 1]],
            "2 values, 1 marks and relations of shape (1, 2) do not fit together.",
        ),
        (
            [3.0, 4.0],
            [True, True],
            [[1, 1, 1]],
            "2 values, 2 marks and relations of shape (1, 3) do not fit together.",
        ),
    ],
)
def test_what_it_refuses(
    values: list[float], primary: list[bool], relations: list[list[int]], message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        complementary_suppression(np.array(values), np.array(relations), primary=np.array(primary), least=5)
    assert str(caught.value) == f"complementary_suppression: {message}"

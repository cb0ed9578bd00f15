"""The codebook as one thing: what its entries say together, where they contradict, and what is worth knowing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exresearch.study.codebook.sources import source_faults
from exresearch.study.codebook.variable import KEYS, Construct, Variable
from exresearch.study.problems import Problem
from exresearch.study.remarks import Remark

# Two correlate in one way only, which three unknowns can explain.
LEAST_ITEMS_OF_A_FACTOR = 3
_Report = Callable[[int, str, str, str], Problem]


@dataclass(frozen=True, slots=True)
class Codebook:
    """All variables of a study, and the labels of its constructs.

    Attributes
    ----------
    variables : tuple of Variable
        In the order of the file.
    constructs : dict of str to Construct
        Label of each construct, and the share of its items that must be answered; a construct without a label of
        its own is called by its name.
    """

    variables: tuple[Variable, ...]
    constructs: dict[str, Construct]

    def select(
        self, table: str, *, role: str | None = None, construct: str | None = None, block: str | None = None
    ) -> tuple[Variable, ...]:
        """Return the variables of a table with the given role, construct and block."""
        return tuple(
            variable
            for variable in self.variables
            if variable.table == table
            and (role is None or variable.role == role)
            and (construct is None or variable.construct == construct)
            and (block is None or variable.block == block)
        )

    def find(self, table: str, column: str) -> Variable:
        """Return the variable of a column.

        Raises
        ------
        KeyError
            If the codebook does not describe that column.
        """
        for variable in self.select(table):
            if variable.column == column:
                return variable
        raise KeyError(f"the codebook does not describe column {column!r} of table {table!r}")

    def label(self, name: str) -> dict[str, str]:
        """Return the label of a construct or column in both languages; its own name where it has none."""
        if name in self.constructs:
            return self.constructs[name].model_dump(include={"nl", "en"})
        for variable in self.variables:
            if name in (variable.column, variable.construct) and variable.label is not None:
                return variable.label.model_dump()
        return {"nl": name, "en": name}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Entries that cannot all be right.

    Attributes
    ----------
    problem : Problem
        What contradicts what.
    left_out : tuple of int
        Numbers, from 0, of the entries without which the others are in order.
    """

    problem: Problem
    left_out: tuple[int, ...] = ()


def contradictions(
    variables: Sequence[Variable],
    constructs: Mapping[str, Construct],
    *,
    file: str,
    starts: Sequence[str] = (),
) -> list[Contradiction]:
    """Find entries that are right by themselves and wrong together.

    Parameters
    ----------
    variables : sequence of Variable
        Entries in the order of the file.
    constructs : mapping of str to Construct
        Labels of the constructs.
    file : str
        Name of the file, for the messages.
    starts : sequence of str
        Line or row of each entry; without one the messages name the column alone.

    Returns
    -------
    list of Contradiction

    Examples
    --------
    >>> twice = [Variable(table="units", column=name, role="count") for name in ("Staff", "staff")]
    >>> [str(found.problem) for found in contradictions(twice, {}, file="book.csv", starts=["row 2", "row 3"])]
    ["book.csv: row 3, staff: table 'units' has column 'Staff' as well, in other capitals only. Keep one."]
    """

    def problem(number: int, name: str, message: str, remedy: str) -> Problem:
        start = starts[number] if number < len(starts) else ""
        return Problem(file, f"{start}, {name}" if start else name, message, remedy)

    return [
        *_repeated(variables, problem),
        *_competing(variables, problem),
        *_scales(variables, problem),
        *_factors(variables, constructs, problem),
        *_ambiguous(variables, problem),
        *_derived(variables, problem),
        *_misspelt(variables, constructs, problem),
    ]


def codebook_remarks(book: Codebook, *, file: str) -> tuple[Remark, ...]:
    """Return what is worth knowing about a codebook and stands in nobody's way.

    Parameters
    ----------
    book : Codebook
        A codebook without problems.
    file : str
        Name of its file.

    Returns
    -------
    tuple of Remark
        Constructs without a label although others have one, labels that no column uses, missing codes inside a scale,
        and scales whose ends no text answer reaches.

    Examples
    --------
    >>> cx = Variable(
    ...     table="customers", column="q1", role="item", construct="cx", minimum=1, maximum=10, missing=(10,)
    ... )
    >>> [str(remark) for remark in codebook_remarks(Codebook((cx,), {}), file="book.yaml")]
    ['book.yaml: q1: Missing code 10 lies inside the scale; whoever gave that answer counts as not having answered.']
    """
    remarks = []
    used = {name: None for v in book.variables for name in (v.column, v.construct, v.group) if name}
    constructs = {v.construct: None for v in book.variables if v.construct}
    unlabelled = [name for name in constructs if book.label(name) == {"nl": name, "en": name}]
    if book.constructs and unlabelled:
        remarks.append(
            Remark("", file, "", "construct_without_label", len(unlabelled), ", ".join(unlabelled))
        )
    unused = [name for name in book.constructs if name not in used]
    if unused:
        remarks.append(Remark("", file, "", "label_not_used", len(unused), ", ".join(unused)))
    for v in book.variables:
        if v.minimum is None or v.maximum is None or v.role == "ignore":
            continue
        inside = [code for code in v.missing if not isinstance(code, str) and v.minimum <= code <= v.maximum]
        if inside:
            codes = ", ".join(f"{code:g}" for code in inside)
            remarks.append(Remark(v.table, file, v.column, "missing_code_in_scale", len(inside), codes))
        ends = [end for end in (v.minimum, v.maximum) if end not in v.values.values()]
        if v.values and ends:
            listed = ", ".join(f"{end:g}" for end in ends)
            remarks.append(Remark(v.table, file, v.column, "scale_end_without_answer", len(ends), listed))
    return tuple(remarks)


def _repeated(variables: Sequence[Variable], problem: _Report) -> list[Contradiction]:
    found = []
    places: dict[tuple[str, str], list[int]] = {}
    names: dict[tuple[str, str], tuple[int, str]] = {}
    for number, v in enumerate(variables):
        places.setdefault((v.table, v.column), []).append(number)
    for (table, column), numbers in places.items():
        if len(numbers) > 1:
            message = f"table {table!r} has {len(numbers)} entries for this column."
            found.append(
                Contradiction(problem(numbers[-1], column, message, "Keep one."), tuple(numbers[1:]))
            )
    for (table, column), numbers in places.items():
        _, other = names.setdefault((table, column.casefold()), (numbers[0], column))
        if other != column:
            message = f"table {table!r} has column {other!r} as well, in other capitals only."
            found.append(Contradiction(problem(numbers[0], column, message, "Keep one."), tuple(numbers)))
    return found


def _competing(variables: Sequence[Variable], problem: _Report) -> list[Contradiction]:
    """Columns of which a table, or a construct, may have one."""
    found = []
    keys: dict[tuple[str, str], dict[str, int]] = {}
    once: dict[tuple[str, str, str], dict[str, int]] = {}
    for number, v in enumerate(variables):
        if v.role in KEYS:
            keys.setdefault((v.table, v.role), {}).setdefault(v.column, number)
        if v.construct is not None and v.role in ("outcome", "measure"):
            once.setdefault((v.table, v.role, v.construct), {}).setdefault(v.column, number)
    for (table, role), columns in keys.items():
        if len(columns) > 1:
            (*_, last), (_, *others) = columns, columns.values()
            message = f"table {table!r} has {len(columns)} columns with role {role!r}: {', '.join(columns)}."
            found.append(Contradiction(problem(columns[last], last, message, "Keep one."), tuple(others)))
    for (table, role, construct), columns in once.items():
        if len(columns) > 1:
            (*_, last), (_, *others) = columns, columns.values()
            message = (
                f"construct {construct!r} has {len(columns)} columns with role {role!r} in table {table!r}: "
                f"{', '.join(columns)}."
            )
            remedy = "Give each a construct of its own."
            found.append(Contradiction(problem(columns[last], last, message, remedy), tuple(others)))
    return found


def _scales(variables: Sequence[Variable], problem: _Report) -> list[Contradiction]:
    found = []
    scales: dict[tuple[str, str], dict[str, list[int]]] = {}
    for number, v in enumerate(variables):
        if v.construct is not None and v.role in ("item", "outcome", "need"):
            of = scales.setdefault((v.table, v.construct), {})
            of.setdefault(f"{v.minimum:g}-{v.maximum:g}", []).append(number)
    for (table, construct), by_scale in scales.items():
        if len(by_scale) > 1:
            _, *others = by_scale.values()
            message = f"the items of this construct in table {table!r} have different scales: {', '.join(by_scale)}."
            remedy = "Give each scale a construct of its own."
            left_out = tuple(number for numbers in others for number in numbers)
            found.append(Contradiction(problem(left_out[0], construct, message, remedy), left_out))
    return found


def _factors(
    variables: Sequence[Variable], constructs: Mapping[str, Construct], problem: _Report
) -> list[Contradiction]:
    """Constructs with a factor score that have too few items in a table to find a factor."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for number, v in enumerate(variables):
        if v.construct is not None and v.role in ("item", "outcome", "need"):
            numbers.setdefault((v.table, v.construct), []).append(number)
    found = []
    for (table, construct), of in numbers.items():
        declared = constructs.get(construct)
        if declared is not None and declared.score == "factor" and len(of) < LEAST_ITEMS_OF_A_FACTOR:
            message = (
                f"score: factor needs {LEAST_ITEMS_OF_A_FACTOR} items; this construct has {len(of)} in table "
                f"{table!r}."
            )
            found.append(Contradiction(problem(of[0], construct, message, "Write score: mean."), tuple(of)))
    return found


def _ambiguous(variables: Sequence[Variable], problem: _Report) -> list[Contradiction]:
    """Columns whose name or use would be taken for something else once keys have their standard names."""
    found = []
    roles = {(v.table, v.column): v.role for v in variables}
    for number, v in enumerate(variables):
        name = f"{v.table}.{v.column}"
        if v.column in KEYS and v.role not in (v.column, "ignore"):
            message = f"this name is kept for the column with role {v.column!r}; here the role is {v.role!r}."
            remedy = "Rename the column, or give it that role."
            found.append(Contradiction(problem(number, name, message, remedy), (number,)))
        for key in ("n_column", "std_error_column"):
            other = getattr(v, key)
            role = roles.get((v.table, other), "")
            if other is not None and (other in KEYS or role in (*KEYS, "category", "date", "text")):
                message = f"{key} names {other!r}, which does not hold numbers of answers or standard errors."
                remedy = "Name a column with role count, or leave it out."
                found.append(Contradiction(problem(number, name, message, remedy), (number,)))
    return found


def _derived(variables: Sequence[Variable], problem: _Report) -> list[Contradiction]:
    return [
        Contradiction(problem(number, name, message, remedy), (number,))
        for number, name, message, remedy in source_faults(variables)
    ]


def _misspelt(
    variables: Sequence[Variable], constructs: Mapping[str, Construct], problem: _Report
) -> list[Contradiction]:
    """Constructs that have no label and are all but the name of one that has."""
    first: dict[str, int] = {}
    for number, v in enumerate(variables):
        if v.construct is not None and v.construct not in constructs and v.label is None:
            first.setdefault(v.construct, number)
    found = []
    for name, number in first.items():
        near = [other for other in constructs if _near(name, other)]
        if near:
            message = f"construct {name!r} has no label, but {near[0]!r} has one."
            remedy = f"Did you mean {near[0]!r}? If not, give {name!r} a label under constructs."
            found.append(Contradiction(problem(number, variables[number].column, message, remedy)))
    return found


def _near(name: str, other: str) -> bool:
    """Whether a name is another one misspelt: one sign off, two in a long name; nps is no misspelt enps."""
    if name == other or name[:1] != other[:1] or re.sub(r"\D", "", name) != re.sub(r"\D", "", other):
        return False
    return _distance(name, other) <= (1 if min(len(name), len(other)) < 9 else 2)


def _distance(one: str, other: str) -> int:
    """How many signs must be put in, taken out or replaced (Levenshtein)."""
    before = list(range(len(other) + 1))
    for row, sign in enumerate(one, start=1):
        now = [row]
        for column, against in enumerate(other, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (sign != against)))
        before = now
    return before[-1]

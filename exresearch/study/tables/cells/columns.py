"""One column at a time: missing codes, numbers, dates and texts, and whether the values can be right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from exresearch.study.codebook import Variable
from exresearch.study.importers.text.decimals import SETTING, with_points
from exresearch.study.problems import NAMEABLE, Problem
from exresearch.study.tables.cells.dates import as_dates
from exresearch.study.tables.cells.key_cells import strange_keys
from exresearch.study.tables.cells.naming import n_cells, named, several

NUMERIC_ROLES = ("item", "driver", "outcome", "need", "measure", "count", "flag", "weight", "duration")
# Cells from which on it pays to look at each text once.
_LARGE = 5000
# What a spreadsheet writes where a formula failed, in English and in Dutch. It is nobody's answer, and may be named.
_ERRORS = (
    "#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#ERROR", "#N/B",
    "#DEEL/0!", "#WAARDE!", "#VERW!", "#NAAM?", "#GETAL!", "#LEEG!",
)  # fmt: skip
# Marks that cannot be seen, such as the byte-order mark of a file that was pasted below another.
_UNSEEN = "[\ufeff\u200b\u2060\u00ad]"
_THOUSANDS = r"[-+]?[1-9]\d{0,2}\.\d{3}"
# A whole number that would have a point if thousands had one.
_WITHOUT_POINT = r"[-+]?\d{4,}"
_FIRST_THOUSAND = 1000
_CORRECT = "Correct the cells, or list the text under 'missing' in the codebook."
# An answer such as '10 - very likely': listed under 'missing', the best or the worst answers would be lost.
_WITH_NUMBER = r"-?\d{1,3}(?:\s*[-\u2013=:.)(]\s*|\s+)[^\W\d_].*"
_NUMBER_IT = (
    "Give a text that begins with its number that number under 'values' in the codebook; correct the other cells, or "
    "list them under 'missing'."
)


@dataclass(frozen=True, slots=True)
class CleanColumn:
    """A column as its codebook entry describes it.

    Attributes
    ----------
    cells : pandas.Series
        float64 for numbers, datetime64 for dates, str for the rest; missing codes and blanks missing.
    coded_missing : int
        Cells that held a missing code.
    problems : tuple of Problem
        What is wrong with it.
    """

    cells: pd.Series
    coded_missing: int
    problems: tuple[Problem, ...]


def clean_column(
    values: pd.Series,
    variable: Variable | None,
    *,
    column: str,
    file: str,
    decimal_comma: bool,
    decimal_known: bool = False,
) -> CleanColumn:
    """Clean and check one column.

    Parameters
    ----------
    values : pandas.Series
        Cells as they stand in the file; not changed.
    variable : Variable or None
        The codebook entry; None for a number of answers or a standard error that a measure names.
    column, file : str
        Where it is, for the messages.
    decimal_comma : bool
        Whether a comma is the usual decimal sign of the file.
    decimal_known : bool
        Whether that is certain, so that the column need not show it.

    Returns
    -------
    CleanColumn

    Examples
    --------
    >>> q = Variable(table="employees", column="q", role="driver", block="other", minimum=1, maximum=7, missing=(9,))
    >>> clean_column(pd.Series(["1", "9", " "]), q, column="q", file="a.csv", decimal_comma=False).cells.tolist()
    [1.0, nan, nan]
    """
    if variable is not None and len(values) > _LARGE and isinstance(values.dtype, pd.StringDtype):
        options = {
            "column": column,
            "file": file,
            "decimal_comma": decimal_comma,
            "decimal_known": decimal_known,
        }
        repeated = _by_text(values, variable, options)
        if repeated is not None:
            return repeated
    values = _plain(values)
    values, n_coded = _blank_codes(values, variable)
    values, broken = _without_errors(values, column=column, file=file)
    problems: list[Problem] = []
    if variable is None or variable.role in NUMERIC_ROLES:
        strange: list[Problem] = []
        if variable is not None and variable.values:  # noqa: PD011 - a field of the codebook
            values, strange = _as_answers(
                values,
                variable,
                column=column,
                file=file,
                decimal_comma=decimal_comma,
                decimal_known=decimal_known,
            )
        elif variable is not None and variable.role == "duration":
            values = _as_seconds(values)
        if _may_be_thousands(variable) and not (decimal_comma or decimal_known):
            whole = variable is not None and variable.role == "count"
            strange += _thousands(values, whole=whole, column=column, file=file)
        values, problems = _as_numbers(
            values, column=column, file=file, decimal_comma=decimal_comma, decimal_known=decimal_known
        )
        problems = strange + problems + _check_range(values, variable, column=column, file=file)
    elif variable.role == "date":
        values, problems = as_dates(values, column=column, file=file)
    else:
        if variable.role in ("category", "unit") and pd.api.types.is_datetime64_any_dtype(values.dtype):
            message = f"a {variable.role} is expected, but the column holds dates."
            remedy = "Spreadsheets make dates of texts such as '1-5': correct them, or the role."
            problems.append(Problem(file, column, message, remedy))
        problems += strange_keys(values, variable.role, column=column, file=file)
        values = _as_text(values)
        if variable.role == "category" and variable.values:  # noqa: PD011 - a field of the codebook
            values = _labelled(values, variable)
    return CleanColumn(values, n_coded, (*broken, *problems))


def _by_text(values: pd.Series, variable: Variable, options: dict[str, Any]) -> CleanColumn | None:
    """Clean a long column of keys or categories text by text; None where it is to be looked at cell by cell.

    What becomes of a cell follows from its text, and whether anything is wrong from the texts that there are. How many
    cells are wrong does not, nor how many hold a missing code, nor what a date or number means.
    """
    if variable.role == "date" or variable.role in NUMERIC_ROLES:
        return None
    codes, texts = pd.factorize(values)
    if len(texts) > len(values) / 2:
        return None
    each = clean_column(pd.Series(texts, dtype=values.dtype), variable, **options)
    if each.problems or each.coded_missing:
        return None
    cells = each.cells.array.take(codes, allow_fill=True)
    return CleanColumn(pd.Series(cells, index=values.index), 0, ())


def _plain(values: pd.Series) -> pd.Series:
    """Texts without surrounding blanks, and missing where nothing is left; anything unusual as text."""
    kind = values.dtype
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        return values
    if pd.api.types.is_timedelta64_dtype(kind):
        return pd.Series(values.dt.total_seconds(), index=values.index, dtype="float64")
    if not isinstance(kind, pd.StringDtype):
        values = values.astype("object").map(str, na_action="ignore").astype("str")
    if values.str.contains(_UNSEEN, regex=True, na=False).any():
        values = values.str.replace(_UNSEEN, "", regex=True)
    values = values.str.strip()
    return values.mask(values == "")


def _blank_codes(values: pd.Series, variable: Variable | None) -> tuple[pd.Series, int]:
    if variable is None or not variable.missing:
        return values, 0
    texts = {code.strip() if isinstance(code, str) else f"{code:g}" for code in variable.missing}
    # A code between quotes is still a number where the column is one.
    numbers = set(pd.to_numeric(pd.Series(sorted(texts)), errors="coerce").dropna().tolist())
    if isinstance(values.dtype, pd.StringDtype):
        coded = values.isin(texts)
        if any(not isinstance(code, str) for code in variable.missing):
            coded |= pd.to_numeric(values, errors="coerce").isin(numbers)
    elif pd.api.types.is_numeric_dtype(values.dtype):
        coded = values.isin(numbers)
    else:
        return values, 0
    coded = (coded & values.notna()).astype(bool)
    return values.mask(coded), int(coded.sum())


def _without_errors(values: pd.Series, *, column: str, file: str) -> tuple[pd.Series, list[Problem]]:
    """Take out the errors of a spreadsheet, which no role can hold."""
    if not isinstance(values.dtype, pd.StringDtype):
        return values, []
    # Looked at closely only where a cell begins like one.
    begun = values.str.startswith(("#", "Err:"), na=False)
    broken = begun
    if begun.any():
        broken = values.isin(_ERRORS) | values.str.fullmatch(r"Err:\d{3}", na=False)
    if not broken.any():
        return values, []
    names = ", ".join(sorted(values[broken].unique()))
    message = f"{n_cells(broken, 'holds an error', 'hold errors')} of the spreadsheet ({names})."
    remedy = "Correct the formulas, or list the error under 'missing' in the codebook."
    return values.mask(broken), [Problem(file, column, message, remedy)]


def _as_answers(
    values: pd.Series, variable: Variable, *, column: str, file: str, decimal_comma: bool, decimal_known: bool
) -> tuple[pd.Series, list[Problem]]:
    """Answer texts as numbers, by the codebook; a number in the file stays what it is.

    Upper and lower case and blanks around a text make no difference.
    """
    if not isinstance(values.dtype, pd.StringDtype):
        return values, []
    numbers = {text.strip().casefold(): number for text, number in variable.values.items()}  # noqa: PD011 - a field
    known = values.str.casefold().map(numbers)
    rest = values.mask(known.notna())
    written, _ = _as_numbers(
        rest, column=column, file=file, decimal_comma=decimal_comma, decimal_known=decimal_known
    )
    strange = written.isna() & rest.notna()
    cells = known.astype("float64").fillna(written)
    if not strange.any():
        return cells, []
    message = f"{n_cells(strange, 'holds', 'hold')} a text that is not under 'values'{named(rest[strange])}."
    remedy = "Add it under 'values' in the codebook, or under 'missing'."
    return cells, [Problem(file, column, message, remedy)]


def _as_seconds(values: pd.Series) -> pd.Series:
    """A time written as 0:04:10 as seconds; a plain number is in seconds already."""
    if not isinstance(values.dtype, pd.StringDtype):
        return values
    parts = values.str.extract(r"^(\d{1,3}):([0-5]\d):([0-5]\d)$").astype("float64")
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    return values.mask(seconds.notna(), seconds.map("{:.0f}".format)) if seconds.notna().any() else values


def _as_numbers(
    values: pd.Series, *, column: str, file: str, decimal_comma: bool, decimal_known: bool
) -> tuple[pd.Series, list[Problem]]:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        nothing = pd.Series(np.nan, index=values.index)
        return nothing, [
            Problem(file, column, "a number is expected, but the column holds dates.", "Correct the role.")
        ]
    if not isinstance(values.dtype, pd.StringDtype):
        numbers = pd.Series(values.to_numpy(dtype="float64", na_value=np.nan), index=values.index)
        wrong = pd.Series(False, index=values.index)
    else:
        text, unclear = with_points(values, comma=decimal_comma, known=decimal_known)
        if unclear:
            return pd.Series(np.nan, index=values.index), [Problem(file, column, *unclear)]
        numbers = pd.to_numeric(text, errors="coerce").astype("float64")
        wrong = numbers.isna() & values.notna()
    problems = []
    if wrong.any():
        message = f"a number is expected, but {n_cells(wrong, 'holds', 'hold')} text{named(values[wrong])}."
        begun = values[wrong].str.fullmatch(_WITH_NUMBER).any()
        problems.append(Problem(file, column, message, _NUMBER_IT if begun else _CORRECT))
    infinite = pd.Series(np.isinf(numbers.to_numpy()), index=numbers.index)
    if infinite.any():
        message = f"{n_cells(infinite, 'is', 'are')} infinite."
        problems.append(Problem(file, column, message, "Correct the cells."))
        numbers = numbers.mask(infinite)
    return numbers, problems


def _may_be_thousands(variable: Variable | None) -> bool:
    """Whether numbers of a column can reach a thousand: not the answers to a scale, weights or seconds."""
    if variable is None or variable.role == "count":
        return True
    return variable.role == "measure" and (variable.maximum is None or variable.maximum >= _FIRST_THOUSAND)


def _thousands(values: pd.Series, *, whole: bool, column: str, file: str) -> list[Problem]:
    """Where each point has three digits behind it, these may be thousands; counts are whole, so most probably are."""
    if not isinstance(values.dtype, pd.StringDtype):
        return []
    pointed = values[values.str.contains(".", regex=False, na=False)]
    if pointed.empty or not pointed.str.fullmatch(_THOUSANDS).all():
        return []
    if values.str.contains(",", regex=False, na=False).any():
        # Then the signs decide between them.
        return []
    if not whole and values.str.fullmatch(_WITHOUT_POINT, na=False).any():
        # Thousands have no point here, so a point is the decimal sign.
        return []
    message = "every number with a point can be read in two ways, with decimals or with thousands."
    return [Problem(file, column, message, SETTING)]


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values.astype("str")
    if (
        pd.api.types.is_float_dtype(values.dtype)
        and (values.dropna() % 1 == 0).all()
        and values.abs().max() < 2**63
    ):
        # A name that is a whole number: 12, not 12.0.
        values = values.astype("Int64")
    text = values.astype("str").where(values.notna().to_numpy())
    # 12 and 12.5, not 12.0: the same name in another file may stand among whole numbers.
    return text.str.removesuffix(".0") if pd.api.types.is_float_dtype(values.dtype) else text


def _labelled(codes: pd.Series, variable: Variable) -> pd.Series:
    """Codes of a category as the text that each stands for; a code without a text stays."""
    texts = {f"{number:g}": text for text, number in variable.values.items()}  # noqa: PD011 - a field
    return codes.map(texts).fillna(codes).astype("str")


def _check_range(values: pd.Series, variable: Variable | None, *, column: str, file: str) -> list[Problem]:
    role = "count" if variable is None else variable.role
    if role == "weight":
        problems = []
        if (values <= 0).any():
            message = f"{several(values <= 0, 'weight is', 'weights are')} zero or negative."
            problems.append(Problem(file, column, message, "Weights must be above 0."))
        if values.isna().any():
            message = f"{several(values.isna(), 'row has', 'rows have')} no weight."
            problems.append(
                Problem(file, column, message, "Give every row a weight, or leave the column out.")
            )
        return problems
    if role == "count" and (values < 0).any():
        message = f"{several(values < 0, 'count is', 'counts are')} negative."
        return [Problem(file, column, message, "Counts must be 0 or more.")]
    low, high = (0.0, 1.0) if role == "flag" else (None, None)
    if variable is not None and variable.minimum is not None and variable.maximum is not None:
        low, high = variable.minimum, variable.maximum
    if low is None or high is None:
        return []
    outside = (values < low) | (values > high)
    if not outside.any():
        return []
    message = (
        f"{n_cells(outside, 'lies', 'lie')} outside the scale {low:g} to {high:g}{named(values[outside])}."
    )
    remedy = "Correct the scale, or list the code under 'missing' in the codebook."
    if role == "flag":
        return [Problem(file, column, message, "A flag is 0 or 1: correct the cells, or the role.")]
    return [Problem(file, column, message, _range(values, outside, low=low, high=high) + remedy)]


def _range(values: pd.Series, outside: pd.Series, *, low: float, high: float) -> str:
    """Say how far the values really run, where they go on in steps of one beyond an end of the scale."""
    counts = values.value_counts()
    common = set(counts.index[counts >= NAMEABLE])
    strange = {value for value in values[outside].dropna().unique() if value in common}
    reached = {low, high}
    while more := {value for value in strange - reached if value - 1 in reached or value + 1 in reached}:
        reached |= more
    if not strange or strange - reached:
        return ""
    return f"The values run from {min(common):g} to {max(common):g}. "

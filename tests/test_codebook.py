"""A codebook is the same in YAML, CSV and XLSX, and what is wrong with it is said with its line or row."""

from __future__ import annotations

import hashlib
import unicodedata
from itertools import permutations
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exresearch.study.codebook import (
    KEYS,
    Block,
    Codebook,
    Construct,
    Guessable,
    Role,
    Variable,
    contradictions,
    load_codebook,
    read_codebook,
    write_codebook,
)
from exresearch.study.parameters import TABLES, LocalText

ROOT = Path(__file__).parents[1]
FORMATS = ("yaml", "csv", "xlsx")
SHIPPED = [ROOT / "data/demo/codebook.yaml", *sorted((ROOT / "params/public").glob("*.codebook.yaml"))]
# Texts that YAML, Excel or CSV take for something else when nobody looks after them.
TRAPS = [
    "9", "009", "9.0", "1,5", "1.000", "1-5", "3/4", "1 mei", "MARCH1", "12:30", "1E5", "12345678901234567890", "50%",
    "true", "WAAR", "Nee", "no", "on", "~", "null", "=1+1", "=SUM(A1)", "+31", "-x", "@name", "'quoted'", '"quoted"',
    '""', '"', 'a "b" c', '"a" or "b"', "a;b", "a; b = 3", "a=b", "a,b", "a\tb", "a\nb", "a: b", "# no", "- no", "{x}",
    "[x]", "&a", "*a", "!a", "%a", "`a`", "a #b", "#N/A", "#NAAM?", "_x0041_b", "é\u2028b", "\ufeffb", "😀", "İ",
    "2024-05-01", "constructs", "sep=;", "n.v.t.", "Strongly agree", "may", "1.125", "€ 5", "q\u00a0r",
]  # fmt: skip
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
SIGNS = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), include_characters="\n\t")
TEXTS = st.one_of(st.sampled_from(TRAPS), st.text(SIGNS, min_size=1, max_size=12)).filter(
    lambda text: text.strip()
)
FINITE = st.one_of(
    st.integers(-1000, 1000).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1.125, 12.125, 0.1, 1e300, 1e-7, 1.1250000000000002]),
)
CODES = st.one_of(st.integers(), FINITE, TEXTS)
LABELS = st.builds(LocalText, nl=TEXTS, en=TEXTS)


@st.composite
def variable(draw: Any, column: str) -> Variable:
    """Any entry that is legal by itself and cannot contradict another."""
    role = draw(st.sampled_from([role for role in get_args(Role) if role not in KEYS]))
    entry: dict[str, Any] = {
        "table": "units" if role == "measure" else draw(st.sampled_from(TABLES)),
        "column": column,
        "role": role,
        "missing": tuple(draw(st.lists(CODES, max_size=3))),
        "guessed": tuple(draw(st.lists(st.sampled_from(get_args(Guessable)), max_size=3, unique=True))),
    }
    for key in ("label", "instrument", "licence", "comment"):
        entry[key] = draw(st.none() | (LABELS if key == "label" else TEXTS))
    if role in ("item", "outcome", "measure", "need", "driver") and (
        role not in ("need", "driver") or draw(st.booleans())
    ):
        entry["construct"] = f"c_{hashlib.sha256(column.encode()).hexdigest()[:8]}"
    if role in ("item", "outcome", "need", "driver"):
        entry["minimum"], entry["maximum"] = sorted(
            draw(st.lists(FINITE, min_size=2, max_size=2, unique=True))
        )
        entry["reversed"] = draw(st.booleans())
        within = st.floats(entry["minimum"], entry["maximum"])
        codes = {code.strip().casefold() for code in entry["missing"] if isinstance(code, str)}
        answers = TEXTS.filter(lambda text: text.strip().casefold() not in codes)
        entry["values"] = draw(
            st.lists(
                st.tuples(answers, within), max_size=3, unique_by=lambda pair: pair[0].strip().casefold()
            ).map(dict)
        )
    if role == "driver":
        entry |= {"block": draw(st.sampled_from(get_args(Block))), "named": draw(st.booleans())}
        entry["group"] = draw(st.none() | NAMES)
    if role == "measure":
        entry |= {"kind": draw(st.sampled_from(["percent", "mean", "rate"]))}
        if entry["kind"] == "percent":
            entry |= {"minimum": 0.0, "maximum": 100.0}
        entry["n_column"] = draw(st.none() | st.just("a number of answers"))
    return Variable(**entry)


@st.composite
def codebooks(draw: Any) -> Codebook:
    columns = draw(
        st.lists(
            TEXTS.filter(lambda text: text.strip() not in KEYS),
            min_size=1,
            max_size=4,
            unique_by=lambda text: unicodedata.normalize("NFKC", text.strip().replace("\r", "\n")).casefold(),
        )
    )
    names = draw(st.lists(TEXTS.map(str.strip), max_size=3, unique=True))
    constructs = {
        name: Construct(
            nl=draw(TEXTS), en=draw(TEXTS), min_share=draw(st.sampled_from([0.5, 1.0, 0.6667, 1 / 3]))
        )
        for name in names
    }
    return Codebook(tuple(draw(variable(column)) for column in columns), constructs)


def assert_same(read: tuple[Codebook | None, list[Any]], book: Codebook) -> None:
    """Equal, problems none, and codes of the same type: 9 is not "9", nor 9.0."""
    assert [str(problem) for problem in read[1]] == []
    assert read[0] == book
    assert read[0] is not None
    for one, other in zip(read[0].variables, book.variables, strict=True):
        assert [type(code) for code in one.missing] == [type(code) for code in other.missing]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(book=codebooks(), order=st.sampled_from(list(permutations(FORMATS))))
def test_any_codebook_is_the_same_in_every_format(
    tmp_path_factory: pytest.TempPathFactory, book: Codebook, order: tuple[str, ...]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert contradictions(book.variables, book.constructs, file="") == []
    for suffix in order:
        path = folder / f"any.{suffix}"
        write_codebook(book, path)
        read = read_codebook(path)
        assert_same(read, book)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("trap", TRAPS)
def test_texts_that_look_like_something_else(tmp_path: Path, trap: str, delimiter: Any) -> None:
    label = LocalText(nl=trap, en=trap)
    item = {"table": "employees", "role": "item", "construct": "ease", "minimum": 1, "maximum": 7.5}
    book = Codebook(
        (
            Variable(column=trap, missing=(9, "9", 9.5, trap), values={"(" + trap: 1.5}, label=label, **item),
            Variable(table="units", column="x", role="text", comment=trap, instrument=trap, missing=(trap,)),
        ),
        {trap: Construct(nl=trap, en=trap, min_share=1 / 3)},
    )
    for suffix in FORMATS if delimiter == "," else ("csv",):
        write_codebook(book, tmp_path / f"trap.{suffix}", delimiter=delimiter)
        assert_same(read_codebook(tmp_path / f"trap.{suffix}"), book)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize(("one", "other"), list(permutations(FORMATS, 2)))
def test_shipped_codebooks_go_to_and_fro(tmp_path: Path, path: Path, one: str, other: str) -> None:
    book = load_codebook(path)
    write_codebook(book, tmp_path / f"one.{one}")
    write_codebook(load_codebook(tmp_path / f"one.{one}"), tmp_path / f"other.{other}")
    assert_same(read_codebook(tmp_path / f"other.{other}"), book)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_codebook_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    book = load_codebook(SHIPPED[0])
    for name in ("a", "b"):
        write_codebook(book, tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()

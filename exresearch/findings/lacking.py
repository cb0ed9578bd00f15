"""What a hypothesis needs and a study does not have, in words."""

from __future__ import annotations

from exresearch.findings.note import Note
from exresearch.findings.registry import Hypothesis
from exresearch.study import Study
from exresearch.study.codebook import KEYS

# The key stays in brackets: it is what goes into the study file or the codebook.
_TABLES = {
    "employees": "medewerkers", "customers": "klanten", "partners": "partners", "units": "eenheden",
    "people": "personeelslijst", "moments": "contactmomenten",
}  # fmt: skip
_ROLES = {
    "driver": "drijfveer", "outcome": "uitkomst", "item": "vraag", "need": "behoefte", "category": "categorie",
    "person": "persoon", "unit": "eenheid", "wave": "meting", "date": "datum", "count": "aantal", "measure": "maat",
    "flag": "kenmerk",
}  # fmt: skip


def lacking_data(study: Study, declared: Hypothesis, *, ex_measure: str, cx_measure: str) -> Note | None:
    """Say which tables, roles and constructs a hypothesis needs and a study does not have.

    Parameters
    ----------
    study : Study
        The client.
    declared : Hypothesis
        From the registry.
    ex_measure, cx_measure : str
        Constructs of the two sides.

    Returns
    -------
    Note or None
        None where nothing is missing.
    """
    roles: dict[str, set[str]] = {}
    constructs: dict[str, set[str]] = {}
    for name in study.tables:
        # Keys stand in the table under the name of their role.
        variables = [
            v for v in study.codebook.select(name) if study.has(name, v.role if v.role in KEYS else v.column)
        ]
        roles[name] = {v.role for v in variables}
        if study.has(name, "wave"):
            # Of a table with one file per wave the study file tells the wave, and no column has that role.
            roles[name].add("wave")
        constructs[name] = {v.construct for v in variables if v.construct is not None}
    # The study file says which constructs stand for the two sides.
    for table, chosen, declared_name in (
        ("employees", ex_measure, "engagement"),
        ("customers", cx_measure, "cx"),
    ):
        if (
            chosen in constructs.get(table, set())
            and chosen != declared_name
            and declared.power in ("correlation_units", "panel_units")
        ):
            constructs[table].add(declared_name)
    measures = {v.construct for v in study.codebook.select("units", role="measure")}
    parts = [
        part for part, chosen in (("ex", ex_measure), ("cx", cx_measure), ("bx", "bx")) if chosen in measures
    ]
    missing = declared.needs.missing(roles=roles, constructs=constructs, parts=parts)
    if not missing:
        return None
    # Without a table nothing in it can be there; only the table needs saying.
    absent = [item.removeprefix("table ") for item in missing if item.startswith("table ")]
    missing = tuple(
        item for item in missing if item.startswith("table ") or item.rpartition(" in ")[2] not in absent
    )
    return Note(
        message="These data are missing: {missing}.",
        values={"missing": {"en": ", ".join(missing), "nl": ", ".join(map(_in_dutch, missing))}},
    )


def _in_dutch(lacking: str) -> str:
    """Put one lacking thing into Dutch.

    Examples
    --------
    >>> _in_dutch("table people"), _in_dutch("role driver in employees")
    ('tabel personeelslijst (people)', 'rol drijfveer (driver) in de tabel medewerkers')
    >>> _in_dutch("construct cx in customers"), _in_dutch("part ex of units")
    ('begrip cx in de tabel klanten', 'maat ex van de eenheden')
    """
    kind, _, rest = lacking.partition(" ")
    name, _, table = rest.replace(" of ", " in ").partition(" in ")
    if kind == "table":
        word = _TABLES.get(name, name)
        return f"tabel {word}" if word == name else f"tabel {word} ({name})"
    if kind == "part":
        return f"maat {name} van de eenheden"
    what = f"begrip {name}" if kind == "construct" else f"rol {_ROLES.get(name, name)} ({name})"
    return f"{what} in de tabel {_TABLES.get(table, table)}"

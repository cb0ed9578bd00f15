"""What a hypothesis needs and a study does not have, in words."""

from __future__ import annotations

from exresearch.findings.note import Note
from exresearch.findings.registry import Hypothesis
from exresearch.study import Study
from exresearch.study.codebook import KEYS
from exresearch.study.languages import listed, translation, worded

# What is lacking, by its kind; and the keys that a translation has a word for.
FORMS = {
    "table": "table {name}",
    "part": "part {name} of units",
    "construct": "construct {name} in {table}",
    "role": "role {name} in {table}",
}
WORDS = (
    "employees", "customers", "partners", "units", "people", "moments", "driver", "outcome", "item", "need", "category",
    "person", "unit", "wave", "date", "count", "measure", "flag",
)  # fmt: skip


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
        values={"missing": listed([_said(item) for item in missing])},
    )


def _said(lacking: str) -> dict[str, str]:
    """Put one lacking thing into every language.

    Examples
    --------
    >>> _said("table people")["nl"], _said("role driver in employees")["nl"]
    ('tabel personeelslijst (people)', 'rol drijfveer (driver) in de tabel medewerkers')
    >>> _said("construct cx in customers")["nl"], _said("part ex of units")["nl"]
    ('begrip cx in de tabel klanten', 'maat ex van de eenheden')
    """
    kind, _, rest = lacking.partition(" ")
    name, _, table = rest.replace(" of ", " in ").partition(" in ")
    said = {}
    for language, form in worded(FORMS[kind]).items():
        # A construct and a part have names of the client and of the settings, which no catalogue knows.
        known = (translation(name, language) or name) if kind in ("table", "role") else name
        # The key stays in brackets: it is what goes into the study file or the codebook.
        named = name if known == name else f"{known} ({name})"
        said[language] = form.format(name=named, table=translation(table, language) or table)
    return said

"""What every key of a codebook is for, in both languages, and the JSON schema that editors check it by."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from exresearch.study.codebook.variable import CONSTRUCT, VARIABLE, Variable

# Of a variable: the keys of an entry in YAML.
KEY_TEXTS: dict[str, tuple[str, str]] = {
    "table": (
        "Tabel waarin de kolom staat: employees, customers, partners, units, people of moments.",
        "Table the column is in: employees, customers, partners, units, people or moments.",
    ),
    "column": (
        "Naam van de kolom, precies zoals boven de kolom in het bestand van de klant.",
        "Name of the column, exactly as it heads the column in the client's file.",
    ),
    "role": (
        "Waarvoor de kolom dient; ignore laat hem buiten beschouwing.",
        "What the column is for; ignore leaves it out.",
    ),
    "construct": (
        "Wat de kolom meet: kleine letters, cijfers en lage streepjes. Meer items kunnen samen één construct meten.",
        "What the column measures: lower-case letters, digits and underscores. Several items may share a construct.",
    ),
    "block": (
        "Van een drijfveer (driver): employee-first, customer-first of other.",
        "Of a driver: employee-first, customer-first or other.",
    ),
    "named": (
        "Van een drijfveer: true als de stelling deze drijfveer met name noemt.",
        "Of a driver: true if the claim names this driver.",
    ),
    "group": (
        "Van een drijfveer: drijfveren met dezelfde naam gaan samen een model in.",
        "Of a driver: drivers of the same name enter a model together.",
    ),
    "minimum": ("Laagste antwoord van de schaal.", "Lowest answer of the scale."),
    "maximum": ("Hoogste antwoord van de schaal.", "Highest answer of the scale."),
    "reversed": (
        "true als een hoger antwoord minder van het construct betekent.",
        "true if a higher answer means less of the construct.",
    ),
    "missing": (
        "Codes die geen antwoord betekenen, zoals 9 of \"n.v.t.\"; tekst tussen dubbele aanhalingstekens.",
        "Codes that stand for no answer, such as 9 or \"n/a\"; a text between double quotation marks.",
    ),
    "values": (
        "Getal van elk antwoord dat het bestand als tekst bevat: Helemaal eens = 5; Eens = 4.",
        "Number of each answer that the file holds as text: Strongly agree = 5; Agree = 4.",
    ),
    "kind": (
        "Van een maat (measure): percent (0 tot 100), mean of rate.",
        "Of a measure: percent (0 to 100), mean or rate.",
    ),
    "n_column": (
        "Van een maat: kolom met het aantal antwoorden erachter.",
        "Of a measure: column with the number of answers behind it.",
    ),
    "std_error_column": (
        "Van een maat: kolom met de standaardfout.",
        "Of a measure: column with the standard error.",
    ),
    "derived_from": (
        "Kolommen van dezelfde tabel waaruit deze is berekend: een oordeel waarin de bezetting meetelt.",
        "Columns of the same table from which this one is computed: a rating in which staffing counts.",
    ),
    "label": (
        "Wat erover in het rapport staat, in het Nederlands (nl) en het Engels (en); beide of geen van beide.",
        "What the report calls it, in Dutch (nl) and English (en); both or neither.",
    ),
    "instrument": (
        "Vragenlijst waaruit de vraag komt, met het nummer van de vraag.",
        "Questionnaire the question comes from, with the number of the question.",
    ),
    "licence": (
        "Voorwaarden waaronder de vraag is gebruikt.",
        "Terms under which the question is used.",
    ),
    "guessed": (
        "Sleutels die een concept heeft geraden en die nog niemand heeft nagekeken; haal weg wat klopt.",
        "Keys that a draft guessed and nobody has confirmed yet; take out what is right.",
    ),
    "comment": ("Voor wie het codeboek leest.", "For whoever reads the codebook."),
}  # fmt: skip
CONSTRUCT_TEXTS: dict[str, tuple[str, str]] = {
    "name": (
        "Naam van het construct, of van een kolom zonder construct.",
        "Name of the construct, or of a column without one.",
    ),
    "nl": ("Hoe het in een Nederlands rapport heet.", "What a Dutch report calls it."),
    "en": ("Hoe het in een Engels rapport heet.", "What an English report calls it."),
    "min_share": (
        "Deel van de items dat beantwoord moet zijn voor een score, boven 0 tot en met 1; 0,5 als het leeg is.",
        "Share of the items that must be answered for a score, above 0 and at most 1; 0.5 if left empty.",
    ),
    "score": (
        "Hoe de items een score worden: mean (gemiddelde), sum (som) of factor (factorscore); mean als het leeg is.",
        "How the items become a score: mean, sum or factor (factor score); mean if left empty.",
    ),
}


def codebook_schema() -> str:
    """Return the JSON schema of a codebook in YAML, which editors use to complete and check it.

    Examples
    --------
    >>> json.loads(codebook_schema())["title"]
    'exresearch codebook'
    """
    entry = VARIABLE.json_schema(ref_template="#/$defs/{model}")
    construct = CONSTRUCT.json_schema(ref_template="#/$defs/{model}")
    definitions = entry.pop("$defs", {}) | construct.pop("$defs", {})
    for key, described in entry["properties"].items():
        # A description beside a reference would be lost in older editors.
        entry["properties"][key] = _described(described, KEY_TEXTS[key][1])
    for key, described in construct["properties"].items():
        construct["properties"][key] = _described(described, CONSTRUCT_TEXTS[key][1])
    entry["description"] = "One column of one table."
    construct["description"] = (
        "What a construct is called, how many of its items must be answered, and how they become a score."
    )
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "exresearch codebook",
        "description": "What every column of every table means.",
        "type": "object",
        "additionalProperties": False,
        "required": ["variables"],
        "properties": {
            "constructs": {
                "type": "object",
                "description": "Label of each construct, by its name.",
                "additionalProperties": {"$ref": "#/$defs/Construct"},
            },
            "variables": {
                "type": "array",
                "minItems": 1,
                "description": "One entry per column.",
                "items": {"$ref": "#/$defs/Variable"},
            },
        },
        "$defs": definitions | {"Construct": construct, "Variable": entry},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def variable_keys() -> tuple[str, ...]:
    """Return the keys of an entry, in the order of the model."""
    return tuple(field.name for field in fields(Variable))


def _described(schema: dict[str, Any], text: str) -> dict[str, Any]:
    if "$ref" in schema:
        schema = {"allOf": [{"$ref": schema["$ref"]}]}
    return {key: value for key, value in schema.items() if key != "title"} | {"description": text}

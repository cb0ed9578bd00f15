"""Exports of survey platforms: where their headings stand, what the questions were, and which columns are personal.

Sources, all public: Qualtrics support pages "Understanding Your Dataset", "Understanding Your Response Dataset (EX)"
and "Data Export Options"; QuestionPro help page "System Variables" (raw data); Microsoft support page "Check and share
your form results". QuestionPro and Microsoft publish no full list of their columns: the names below are those that
the help pages show and that published scripts read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

_IMPORT_ID = re.compile(r"""['"]+ImportId['"]+\s*:\s*['"]+([^'"]+)""")
# A coded choice, not a typed text, a display order or a time on page.
_CHOICE = re.compile(r"(\d+_)?QID\d+([_-]\d+)*(_NPS_GROUP)?")
_DEEPEST, _MOSTLY = 40, 0.5

# ImportId: the name and the wording that Qualtrics gives the column.
_QUALTRICS = {
    "startDate": ("StartDate", "Start Date"),
    "endDate": ("EndDate", "End Date"),
    "status": ("Status", "Response Type"),
    "ipAddress": ("IPAddress", "IP Address"),
    "progress": ("Progress", "Progress"),
    "duration": ("Duration (in seconds)", "Duration (in seconds)"),
    "finished": ("Finished", "Finished"),
    "recordedDate": ("RecordedDate", "Recorded Date"),
    "_recordId": ("ResponseId", "Response ID"),
    "recipientLastName": ("RecipientLastName", "Recipient Last Name"),
    "recipientFirstName": ("RecipientFirstName", "Recipient First Name"),
    "recipientEmail": ("RecipientEmail", "Recipient Email"),
    "externalDataReference": ("ExternalReference", "External Data Reference"),
    "locationLatitude": ("LocationLatitude", "Location Latitude"),
    "locationLongitude": ("LocationLongitude", "Location Longitude"),
    "distributionChannel": ("DistributionChannel", "Distribution Channel"),
    "userLanguage": ("UserLanguage", "User Language"),
}
_QUESTIONPRO = (
    "response id", "response status", "ip address", "timestamp", "duplicate", "time taken to complete (seconds)",
    "seq. number", "sequence number", "external reference", "respondent email", "email list", "device data",
    "country code", "country", "region", "city", "dma code", "area code", "latitude", "longitude", "language",
    "first name", "last name", "email", "email address",
)  # fmt: skip
_FORMS = {
    "id": ("id",),
    "start": ("start time", "begintijd"),
    "end": ("completion time", "tijd van voltooien"),
    "email": ("email", "e-mail"),
    "name": ("name", "naam"),
    "changed": ("last modified time", "tijd van laatste wijziging"),
    "language": ("language", "taal"),
}
_PERSONAL = frozenset(
    [
        "ipaddress",
        "recipientlastname",
        "recipientfirstname",
        "recipientemail",
        "locationlatitude",
        "locationlongitude",
        "participantname",
        "participantemail",
        "respondentemail",
        "firstname",
        "lastname",
        "email",
        "emailaddress",
        "name",
        "naam",
        "countrycode",
        "country",
        "region",
        "city",
        "dmacode",
        "areacode",
        "latitude",
        "longitude",
    ]
)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a platform laid its export out; rows and columns are counted from 0.

    Attributes
    ----------
    platform : str
        qualtrics, questionpro or forms.
    heading : int
        Row with the column names.
    first : int
        First row with answers.
    names : tuple of tuple of str
        Per column the names it may be asked for by, the usual one first; empty for a column without a name.
    questions : tuple of str
        Per column the wording of its question, empty where the file has none.
    personal : frozenset of int
        Columns with a name, an address or a place: read only if the codebook describes them.
    watched : dict of str to int
        Columns that say something about a whole answer sheet: status, channel, finished.
    choices : frozenset of int
        Columns that hold the code or the text of a chosen answer.
    above : int
        Rows above the headings that are as full as a row of answers: whoever sorted the file sorted the headings too.
    """

    platform: str
    heading: int
    first: int
    names: tuple[tuple[str, ...], ...]
    questions: tuple[str, ...]
    personal: frozenset[int] = frozenset()
    watched: dict[str, int] = field(default_factory=dict)
    choices: frozenset[int] = frozenset()
    above: int = 0

    def named(self, wanted: Collection[str] | None) -> tuple[str, ...]:
        """Return one name per column: the one that is wanted, else the usual one."""
        return tuple(
            next((name for name in names if wanted and name in wanted), names[0] if names else "")
            for names in self.names
        )

    def wording(self, present: Sequence[str]) -> dict[str, str]:
        """Return the question of each named column that has one."""
        # The reader may have cut empty columns off the end.
        pairs = zip(present, self.questions, strict=False)
        return {name: question for name, question in pairs if name and question}


def recognise(rows: Sequence[Sequence[str]]) -> Layout | None:
    """Recognise the export of a survey platform by its first rows.

    Parameters
    ----------
    rows : sequence of sequence of str
        The first rows of a text file or a sheet, every cell as text.

    Returns
    -------
    Layout or None
        None for a table that is no such export.

    Examples
    --------
    >>> layout = recognise([["Q1"], ["How are you?"], ['{"ImportId":"QID1"}'], ["5"]])
    >>> layout.platform, layout.first, layout.names, layout.questions
    ('qualtrics', 3, (('Q1', 'QID1'),), ('How are you?',))
    """
    for number, row in enumerate(rows[:_DEEPEST]):
        cells = [cell.strip() for cell in row]
        ids = [match.group(1) if (match := _IMPORT_ID.search(cell)) else "" for cell in cells]
        if any(ids) and 2 * sum(map(bool, ids)) >= sum(map(bool, cells)):
            return _qualtrics(rows, number, ids)
        known = [_plain(cell) for cell in row]
        if "response id" in known and sum(_system(name) for name in known) >= 3:
            return _questionpro(row, number)
        if len(known) > 3 and all(known[n] in _FORMS[key] for n, key in enumerate(("id", "start", "end"))):
            return _forms(row, number)
    return None


def _qualtrics(rows: Sequence[Sequence[str]], at: int, ids: list[str]) -> Layout:
    """Read the three header rows by the row of ImportIds, in whatever order and as far as they are still there."""
    headers: dict[int, tuple[int, float]] = {}
    for number in [*range(at), *range(at + 1, min(at + 3, len(rows)))]:
        row = _fitted(rows[number], len(ids))
        as_tag = sum(row[c] == _QUALTRICS[i][0] for c, i in enumerate(ids) if i in _QUALTRICS)
        as_text = sum(row[c] == _QUALTRICS[i][1] for c, i in enumerate(ids) if i in _QUALTRICS)
        if number > at and not (as_tag or as_text):
            # The first row below that knows no heading is the first answer.
            break
        if 2 * sum(map(bool, row)) >= sum(map(bool, ids)):
            # A title is no heading.
            headers[number] = (as_tag - as_text, _shortness(row))
    last = max([at, *headers])
    tags = max(headers, key=lambda number: headers[number], default=None)
    if tags is not None and headers[tags] < (0, _MOSTLY):
        # Questions alone: the row of names is gone.
        tags = None
    wording = max(
        (number for number in headers if number != tags),
        key=lambda number: (-headers[number][0], number),
        default=None,
    )
    named = _fitted(rows[tags], len(ids)) if tags is not None else [""] * len(ids)
    heads = {at, tags, wording}
    above = sum(
        2 * sum(bool(cell.strip()) for cell in rows[number]) > len(ids)
        for number in range(last)
        if number not in heads
    )
    names = []
    for tag, one in zip(named, ids, strict=True):
        usual = tag or (_QUALTRICS[one][0] if one in _QUALTRICS else one)
        # A name that several questions share says nothing: the ImportId does.
        usual = one if one and named.count(tag) > 1 and tag else usual
        names.append(tuple(dict.fromkeys(name for name in (usual, one) if name)))
    kept = [one if one else name for one, name in zip(ids, named, strict=True)]
    place = {one: number for number, one in enumerate(kept)}
    watched = {"status": "status", "channel": "distributionChannel", "finished": "finished"}
    return Layout(
        "qualtrics",
        tags if tags is not None else at,
        last + 1,
        tuple(names),
        tuple(_fitted(rows[wording], len(ids))) if wording is not None else ("",) * len(ids),
        frozenset(n for n, parts in enumerate(names) if any(_letters(part) in _PERSONAL for part in parts)),
        {key: place[one] for key, one in watched.items() if one in place},
        frozenset(number for number, one in enumerate(ids) if _CHOICE.fullmatch(one)),
        above,
    )


def _questionpro(row: Sequence[str], at: int) -> Layout:
    names = [" ".join(cell.split()) for cell in row]
    plain = [_plain(name) for name in names]
    return Layout(
        "questionpro",
        at,
        at + 1,
        tuple(_alternatives(cell) for cell in row),
        tuple(
            "" if _system(p) or p.startswith("custom variable") else n
            for n, p in zip(names, plain, strict=True)
        ),
        frozenset(number for number, p in enumerate(plain) if _system(p) and _letters(p) in _PERSONAL),
        {"status": plain.index("response status")} if "response status" in plain else {},
        frozenset(number for number, p in enumerate(plain) if p and not _system(p)),
    )


def _forms(row: Sequence[str], at: int) -> Layout:
    # Only the first columns are the platform's own; "Name" further on is a question.
    own = 3
    later = {name for key in ("email", "name", "changed", "language") for name in _FORMS[key]}
    plain = [_plain(cell) for cell in row]
    while own < len(plain) and plain[own] in later and plain[own] not in plain[3:own]:
        own += 1
    return Layout(
        "forms",
        at,
        at + 1,
        tuple(_alternatives(cell) for cell in row),
        tuple("" if number < own else " ".join(cell.split()) for number, cell in enumerate(row)),
        frozenset(number for number in range(own) if _letters(plain[number]) in _PERSONAL),
        {},
        frozenset(number for number in range(own, len(row)) if plain[number]),
    )


def _alternatives(cell: str) -> tuple[str, ...]:
    """A heading with its blanks made single, or as it stands."""
    return tuple(dict.fromkeys(name for name in (" ".join(cell.split()), cell) if name.strip()))


def _fitted(row: Sequence[str], width: int) -> list[str]:
    cells = [cell.strip() for cell in row[:width]]
    return cells + [""] * (width - len(cells))


def _shortness(row: Sequence[str]) -> float:
    """Share of cells that are one word, as names are and questions are not."""
    cells = [cell for cell in row if cell]
    return sum(len(cell.split()) == 1 for cell in cells) / len(cells)


def _plain(cell: str) -> str:
    return " ".join(cell.split()).lower()


def _letters(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())


def _system(name: str) -> bool:
    return name in _QUESTIONPRO or name.startswith(("timestamp (", "time taken to complete"))

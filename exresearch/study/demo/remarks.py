"""What the demo company's people write about contact moments: sentences put together, their tone by the rating."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.study.demo import planted as p
from exresearch.study.demo.company import Floats, Integers

#: What a remark is about, by contact moment: in Dutch and in English.
SUBJECTS = (
    (
        ("de website", "het filmpje met de medewerkers", "de advertentie", "de banenmarkt"),
        ("the careers page", "the clip with the staff", "the advert", "the job fair"),
    ),
    (
        ("de kennismaking", "het tweede gesprek", "de terugkoppeling", "de proefochtend"),
        ("the first interview", "the second round", "the outcome of my application", "the trial morning"),
    ),
    (
        ("de startweek", "het inwerkplan", "de inlogcode", "de rondgang door het magazijn"),
        ("my starting week", "the induction plan", "the login code", "the walk through the warehouse"),
    ),
    (
        ("het nieuwe rooster", "het jaargesprek", "de vakopleiding", "het teamoverleg"),
        ("the new roster", "the yearly talk", "the craft course", "the team meeting"),
    ),
    (
        ("het laatste gesprek", "de eindafrekening", "de afscheidsborrel", "de overdracht"),
        ("the last talk", "the final statement", "the leaving drinks", "the handing over"),
    ),
    (
        ("de nieuwsbrief voor oud-collega's", "de reünie", "de jaaropgave", "het telefoontje achteraf"),
        (
            "the newsletter for former staff",
            "the get-together",
            "the annual statement",
            "the call afterwards",
        ),
    ),
)
#: Sentences by tone, in the order of ``planted.TONES``: in Dutch and in English; {0} is what the remark is about.
SENTENCES = (
    (
        (
            "{0} liet wekenlang op zich wachten",
            "door {0} ben ik een halve dag kwijtgeraakt",
            "aan {0} had ik weinig, want de helft klopte niet",
            "rond {0} ging van alles mis",
            "over {0} kreeg ik bij niemand gehoor",
            "{0} was slordig voorbereid en liep uit",
            "{0} was aardig bedoeld, maar leverde alleen verwarring op",
        ),
        (
            "{0} was weeks behind schedule",
            "{0} cost me half a day because nothing was prepared",
            "half of {0} was incorrect",
            "nobody could tell me anything about {0}",
            "{0} was well meant, but it only caused confusion",
        ),
    ),
    (
        (
            "{0} was helder en kwam ruim op tijd",
            "dankzij {0} hoefde ik geen dag te wachten",
            "{0} was met zorg samengesteld",
            "bij {0} kreeg ik alle hulp die ik nodig had",
            "{0} maakte het een stuk gemakkelijker voor me",
            "over {0} ben ik goed te spreken, alles was keurig voorbereid",
            "het begin was stroef, maar {0} was daarna snel in orde",
        ),
        (
            "{0} was clear and came in good time",
            "because of {0} I lost no time",
            "{0} was put together with care",
            "I got all the help I needed with {0}",
            "it began badly, but {0} was soon in good order",
        ),
    ),
    (
        (
            "{0} maakte dat ik er iets van wil maken",
            "{0} gaf mij meer vertrouwen in mijn eigen kunnen",
            "na {0} stond ik te popelen om verder te leren",
            "bij {0} merkte ik dat mijn inzet wordt gewaardeerd",
            "het compliment bij {0} deed me veel plezier",
            "{0} was pittig, maar ik heb er energie van gekregen",
        ),
        (
            "{0} made me eager to make something of it",
            "{0} gave me more confidence in my own skill",
            "at {0} I noticed that my effort is appreciated",
            "the compliment about {0} gave me new energy",
        ),
    ),
    (
        (
            "{0} liet zien waar dit bedrijf voor staat en dat raakte me",
            "van {0} kreeg ik kippenvel",
            "door {0} loop ik met meer trots door de poort",
            "{0} bracht me op ideeën die ik nog steeds gebruik",
            "uit {0} spreekt liefde voor het ambacht",
            "wie {0} meemaakt, snapt waarom dit werk betekenis heeft",
        ),
        (
            "{0} showed what this firm believes in and that moved me",
            "{0} made me proud of the firm",
            "{0} gave me ideas that I still use",
            "anyone who sees {0} knows why this work has meaning",
        ),
    ),
    (
        (
            "{0} viel op een woensdag",
            "over {0} heb ik geen uitgesproken mening",
            "{0} duurde ongeveer een uur",
            "ik heb {0} gehad, verder niets bijzonders",
            "over {0} heb ik elders al iets ingevuld",
        ),
        (
            "{0} was on a Wednesday",
            "I have no strong opinion about {0}",
            "{0} took about an hour",
            "nothing in particular to say about {0}",
        ),
    ),
)
OPENINGS = (
    ("", "", "", "eerlijk gezegd: ", "kort samengevat: ", "wat ik onthoud: "),
    ("", "", "", "to be honest: ", "in short: ", "what I remember: "),
)
#: Nobody is called this and nothing lies behind these numbers and addresses.
PERSONAL = (
    (
        "Bel gerust: 06-00000000.",
        "Vraag het maar aan Jolien van Dommelen.",
        "Mail me op oudcollega@noorderlicht.example.",
        "Groeten, Karim El Amrani.",
    ),
    (
        "Call me on +31 6 00000000.",
        "Ask Sarah Johnson about it.",
        "Write to me at former@noorderlicht.example.",
    ),
)


def remarks_table(
    rng: np.random.Generator, moment: Integers, rating: Floats, *, by_rating: bool = True
) -> pd.DataFrame:
    """Write a remark about some of the rated moments.

    Parameters
    ----------
    rng : numpy.random.Generator
        A stream of its own, so that remarks change no other number.
    moment : array of int, (rows,)
        Place in ``planted.MOMENTS``.
    rating : array of float, (rows,)
        1 to 7.
    by_rating : bool
        Whether the tone goes with the rating; else that of the middle for everybody.

    Returns
    -------
    pandas.DataFrame
        ``written`` (bool), ``tone`` (of ``planted.TONES``), ``language``, ``comment`` (None where nothing was written).

    Examples
    --------
    >>> rows = remarks_table(np.random.default_rng(1), np.zeros(400, dtype=int), np.full(400, 7.0))
    >>> bool(rows["comment"].notna().equals(rows["written"])), rows["comment"].nunique() > 30
    (True, True)
    """
    size, draw = moment.size, rng.random((4, moment.size))
    choice = rng.integers(0, 2**31, (4, size))
    written = draw[0] < p.COMMENTED
    level = np.searchsorted([3.5, 4.5, 5.5], rating) if by_rating else np.full(size, 2)
    chances = np.cumsum(np.array(list(p.TONE_BY_RATING.values())), axis=1)
    tone = np.minimum((draw[1][:, None] > chances[level]).sum(axis=1), len(p.TONES) - 1)
    english = (draw[2] < p.COMMENT_ENGLISH).astype(np.int64)
    personal = draw[3] < p.COMMENT_PERSONAL
    texts: NDArray[np.object_] = np.full(size, None, dtype=object)
    for row in np.flatnonzero(written):
        own, pick = english[row], choice[:, row]
        subject = _one(SUBJECTS[moment[row]][own], pick[0])
        text = _one(OPENINGS[own], pick[2]) + _one(SENTENCES[tone[row]][own], pick[1]).format(subject)
        text = f"{text[0].upper()}{text[1:]}."
        texts[row] = f"{text} {_one(PERSONAL[own], pick[3])}" if personal[row] else text
    names = np.array(p.TONES, dtype=object)[tone]
    return pd.DataFrame(
        {"written": written, "tone": names, "language": np.where(english == 1, "en", "nl"), "comment": texts}
    )


def _one(choices: tuple[str, ...], number: int) -> str:
    return choices[int(number) % len(choices)]

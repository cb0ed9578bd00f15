"""The words, Dutch and English, by which a draft guesses what a file or a column is."""

from __future__ import annotations

import re

# Labels of the constructs that a draft can guess, as the demo client has them.
CONSTRUCTS: dict[str, tuple[str, str]] = {
    "engagement": ("Bevlogenheid", "Engagement"),
    "enps": ("Werkgever aanbevelen", "Recommending the employer"),
    "stay": ("Willen blijven", "Intention to stay"),
    "effort": ("Extra inzet", "Discretionary effort"),
    "promote": ("Het merk aanprijzen", "Promoting the brand"),
    "satisfaction": ("Tevredenheid met het werk", "Job satisfaction"),
    "pay_satisfaction": ("Tevredenheid met het salaris", "Pay satisfaction"),
    "advocacy": ("Aanbevelen", "Advocacy"),
    "headcount": ("Aantal medewerkers", "Head count"),
    "cx": ("Klantbeleving", "Customer experience"),
    "nps": ("Aanbeveling door klanten (NPS)", "Recommendation by customers (NPS)"),
    "bx": ("Partnerbeleving", "Partner experience"),
    "moment_experience": ("Beleving van het contactmoment", "Experience of the contact moment"),
    "journey_recommendation": (
        "Aanbeveling als werkgever, op een contactmoment",
        "Recommendation as an employer, at a contact moment",
    ),
    "readiness": ("Klaar voor het werk", "Readiness"),
    "willingness": ("Bereid om zich in te zetten", "Willingness"),
    "ability": ("In staat om het werk te doen", "Ability"),
    "alignment": ("Achter de koers staan", "Alignment"),
    "customer_orientation": ("Klantgericht handelen", "Customer-oriented behaviour"),
    "promise": ("Belofte", "Promise"),
    "delivery": ("Waarmaken", "Delivery"),
    "experience": ("Gevoel, herinnering en verbondenheid", "Emotion, memory and identity"),
    "autonomy": ("Ruimte om zelf te handelen", "Autonomy"),
    "standardisation": ("Standaardisatie", "Standardisation"),
    "human_skill": ("Menselijke vaardigheid", "Human skill"),
    "complaints": ("Klachten", "Complaints"),
    "productivity": ("Productiviteit", "Productivity"),
    "result": ("Resultaat", "Result"),
    "absence": ("Verzuim", "Absence"),
    "turnover": ("Verloop", "Turnover"),
    "start": ("Eerste dag in dienst", "First day in service"),
    "end": ("Laatste dag in dienst", "Last day in service"),
}


def beginning(pattern: str) -> re.Pattern[str]:
    """Return a pattern for words that begin so, whatever capitals they have; it says itself where they end."""
    return re.compile(rf"\b(?:{pattern})", re.IGNORECASE)


# Names of columns, after spaced(): ends matter there, so each pattern says where it ends.
PERSONAL = beginning(
    r"e ?mail\b|e ?mail ?(address|adres)|first ?name\b|last ?name\b|full ?name\b|surname\b|voornaam\b|"
    r"achternaam\b|name$|"
    r"naam$|recipient|phone|telephone|telefoon|mobiel|mobile\b|ip ?adr|ip ?addr|latitude\b|longitude\b|home address|"
    r"address$|adres$|street|straat|postcode|zip ?code|postal|birth|geboorte|geb ?dat|dob\b|bsn\b|ssn\b|iban\b|"
    r"external ?(data )?reference"
)
# A name of something else than a person.
_NAMED_THING = beginning(
    r"(org|organi[sz]ation|unit|team|department|trust|provider|region|stp|ics|site|store|branch|company|"
    r"agency|school|location|"
    r"afdeling|vestiging|regio|bedrijf|locatie|filiaal|project|group|survey|business unit)s? ?(name|"
    r"naam)$|unitnaam$|teamnaam$"
)
PLATFORM = beginning(
    r"response ?id$|respondent ?id ?hash|seq ?number|recorded ?date$|start ?(date|time)$|end ?(date|"
    r"time)$|completion time$|"
    r"response status$|status$|progress$|finished$|distribution ?channel$|user ?language$|time ?stamp|id$|"
    r"start ?datum$|begin ?datum$|eind ?datum$|\w+ nps group$|"
    r"last modified time$|language$|device|browser|user ?agent|collector ?id|starttijd$|"
    r"tijd van voltooien$|begintijd$|voltooiingstijd$"
)
DURATION = beginning(
    r"duration|time taken|seconds$|completion seconds|duur\b|invultijd|tijdsduur|tijd in seconden"
)
PERSON = beginning(
    r"person ?(id|nr|number|code)?$|employee ?(id|nr|no|number|code)|emp ?(id|nr|no|number)$|staff ?(id|"
    r"nr|no|number)|"
    r"worker ?id|respondent ?(id|nr|no|number)?$|participant ?(id|nr)?$|subject ?(id)?$|medewerker ?(id|"
    r"nr|nummer|code)?$|"
    r"pers(oneels?)? ?(id|nr|no|nummer)\b|medewerkers? ?(id|nr|nummer)$|"
    r"persoon ?(id|nr|nummer)?$|respondentnummer|subnum$|personid$|employeeid$|pseudonym"
)
# These may number the sheets of one wave and not the people.
RESPONDENT = beginning(r"respondent|participant|subject")
# A number of something; of the person where every row has another and nothing else is.
NUMBER = beginning(r"(nr|nummer)$")
# From the most to the least likely day of coming or going; a contract that ends may be followed by another.
FIRST_DAY = tuple(
    beginning(pattern)
    for pattern in (
        r"(datum |date )?(in|entry) ?(dienst|service)|hire|hiring|joined|first day|"
        r"eerste werkdag|date of (hire|joining)",
        r"start(ed)?( ?(date|datum|day|dag))?$|begin ?(date|datum)?$|aanvang",
    )
)
LAST_DAY = tuple(
    beginning(pattern)
    for pattern in (
        r"(datum |date )?(uit|out of|exit) ?(dienst|service)|left$|leaving|leave date|terminat|last day|"
        r"laatste werkdag|exit ?date|vertrek|ontslag",
        r"end(ed)?( ?(date|datum|day|dag))?$|eind(e)? ?(date|datum)?$",
    )
)
# From the most to the least likely to be the unit that work is organised in.
UNITS = tuple(
    beginning(pattern)
    for pattern in (
        r"unit ?(id|code|nr|nummer)?$|eenheid$|work ?unit|eenheids? ?(code|nr|nummer)$",
        r"team ?(id|code|nr|nummer)?$|work ?group$|werkgroep$",
        r"(trust|org|organi[sz]ation|provider|ods|site|store|shop|branch|location|agency|facility|school|"
        r"hospital) ?(id|code|nr|number)$",
        r"vestigings? ?(id|code|nr|nummer)$|vestiging$|filiaal ?(id|code|nr|nummer)?$|branch$|store$|shop$|"
        r"winkel ?(id|code|nr|nummer)?$",
        r"department ?(id|code)?$|afd$|dept ?(id|code)?$|afdelings? ?(id|code|nr|nummer)$|afdeling$|company$|grp$|"
        r"group ?(id)$|afd ?(code|nr|nummer)$",
        r"location$|locatie ?(code|nr|nummer)?$|kosten ?plaats ?(code|nr|nummer)?$|"
        r"site$|business ?unit$|bedrijfsonderdeel$|division$|divisie$|agency$|trust$",
    )
)
WAVE = beginning(
    r"(survey ?|meet)?wave$|golf$|meting$|meetmoment$|ronde$|round$|quarter$|kwartaal$|period(e)?$|"
    r"(survey ?)?year$|jaar$|meetjaar$|release$|time ?(point)?$|tijdstip$|maand$|month$|survey date$"
)
WEIGHT = beginning(r"weight(s|ing)?$|weegfactor$|weging$|gewicht$|wgt$|wt$")
CATEGORY = beginning(
    r"gender|sex\b|geslacht|educat|how ?long|time$|age\b|age ?(group|band|class)|leeftijd|education|"
    r"opleiding(s?niveau)?|function|functie|job (family|level|"
    r"title|group)|level\b|niveau|grade\b|schaal|salary|salaris|contract|tenure|dienstjaren|anci|size|"
    r"omvang|region|regio|"
    r"department|afdeling|location|locatie|division|divisie|business unit|manager\b|levels? of management|"
    r"leidinggevende\b|country|\bland\b|language|taal|type\b|soort|"
    r"group\b|groep|sector|care setting|status|reason|reden|role\b|rol\b|phase|fase|channel|kanaal|moment|"
    r"touch ?point|segment|"
    r"employment|dienstverband|cluster|discipline|rank\b|marital|population|populatie|experience years|"
    r"highest level of"
)
FREE_TEXT = beginning(
    r"comment|remark|toelichting|opmerking|open ?(question|vraag|answer)|explain|suggest|verbatim|feedback text|"
    r"tekst\b|text\b|please specify|namelijk|other \(|anders"
)
MANAGER = beginning(
    r"(line |team )?manager\b|supervisor\b|reports to\b|leidinggevende\b|chef\b|teamleider\b|coach\b|boss\b"
)
AMOUNT_OF_PAY = beginning(
    r"\w*(salar|(maand|uur|jaar|bruto|netto|basis)?lo(o|)n(en)?\b|inkomen\b|bezoldiging|wages?\b|income\b|earnings)|"
    r"(base |gross |net )?pay\b|compensation"
)
GRADE = beginning(r"(rapport)?cijfer|grade\b|mark\b|score|rating|waardering|beoordeling|beoordeel|\w+score\b")
BIRTH = beginning(r"birth|geboorte|geb ?dat|dob\b")

TABLES = {
    "moments": beginning(r"moment|touch ?point|journey|reis\b|contactmoment"),
    "people": beginning(
        r"people|hr\b|hris|personeel|staff ?list|staff ?file|workday|afas|headcount list|personnel|payroll"
    ),
    "partners": beginning(r"partner|supplier|leverancier|vendor|dealer"),
    "customers": beginning(
        r"customer|client|klant|patient|guest|gasten|consumer|cx\b|ktv\b|kto\b|nps\b|cli[eë]nt"
    ),
    "units": beginning(
        r"units?\b|eenheden|branches|stores|vestigingen|filialen|trusts?\b|teams?\b|per unit|facilit"
    ),
    "employees": beginning(
        r"employee|medewerker|staff|mto\b|mbo\b|engagement|workforce|ex\b|enps\b|full survey|tevredenheidsonderzoek"
    ),
}
MEASURES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("engagement", beginning(r"engag|bevlog")),
    (
        "cx",
        beginning(
            r"customer (satisf|experience)|cx\b|klant(tevredenheid|beleving|waardering)|patient (satisf|experience)|"
            r"satisfaction$|tevredenheid$|inpatient"
        ),
    ),
    ("nps", beginning(r"(customer |klant ?)?nps\b")),
    ("enps", beginning(r"e ?nps\b")),
    ("advocacy", beginning(r"advocacy|recommend|aanbevel")),
    ("bx", beginning(r"partner|supplier|leverancier")),
    ("absence", beginning(r"absence|sick|verzuim")),
    ("turnover", beginning(r"turnover|verloop|attrition")),
    ("productivity", beginning(r"productiv")),
    (
        "result",
        beginning(
            r"results?$|^profit$|net profit|profit margin|profitability|margin|winst|resultaat|omzet|revenue"
        ),
    ),
)
COUNT = beginning(
    r"(total |number of )?(responses?|respondents|answers|base|headcount|n$|count$|aantal|leavers|hires|"
    r"complaints|klachten|applicants|"
    r"days|dagen|beds|clicks|views|contacts|contacten|klikken|fte\b)|\w+ (base|count|n|total)$|number of|"
    r"n of\b|respons$|vertrokken|workforce headcount|"
    r"hscic workforce headcount"
)
HEADCOUNT = beginning(r"headcount|head count|fte\b|personeelsbestand|workforce")
# A full-time equivalent is not a person.
PEOPLE_COUNTED = beginning(
    r"headcount|head count|personeelsbestand|aantal medewerkers|number of (employees|staff)"
)
ANSWERED = beginning(r"responses?|respondents|answers|base\b|n\b|respons\b|aantal (antwoorden|respondenten)")
PERCENT = re.compile(r"%|percent|\bpct\b|\bshare\b|aandeel|\brate\b", re.IGNORECASE)


def spaced(name: str) -> str:
    """Return a column or file name as words, in lower case.

    Examples
    --------
    >>> spaced("PersonID"), spaced("team_naam"), spaced("202122Q4")
    ('person id', 'team naam', '202122q4')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[\s_.\-/:]+", " ", parted).strip().lower()


def personal(name: str) -> bool:
    """Whether a column by its name holds a name, an address or another mark of a person.

    Examples
    --------
    >>> personal("Recipient Email"), personal("Name"), personal("Org Name")
    (True, True, False)
    """
    words = spaced(name)
    return bool(PERSONAL.search(words)) and not _NAMED_THING.search(words)


def slug(text: str) -> str:
    """Return a name that the codebook takes for a construct: lower case, digits and underscores.

    Examples
    --------
    >>> slug("Burned out (%)"), slug("2e score")
    ('burned_out', 'm_2e_score')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "measure"
    return name if name[0].isalpha() else f"m_{name}"

"""The words, Dutch and English, by which a draft guesses what a question asks."""

from __future__ import annotations

from exresearch.study.draft.columns.words import beginning

# Items that bear the name of a construct of the registry; the table decides nothing here.
NAMED_ITEMS = (
    "readiness", "willingness", "ability", "alignment", "customer_orientation", "promise", "delivery", "experience",
    "autonomy", "standardisation", "human_skill", "engagement", "satisfaction", "pay_satisfaction",
)  # fmt: skip
NAMED_OUTCOMES = ("enps", "stay", "effort", "promote")

RECOMMEND = beginning(
    r"recommend|e ?nps\b|nps\b|promoter|aanbeve|aanrad|aan te bevelen|(raad|beve+lt?)\b.*\baan\b|advocacy"
)
LEAVE = beginning(
    r"leave (my|your|the|this)|leaving (my|the)|intend(ing)? to leave|resign|quit\b|"
    r"look(ing)? for (another|a new) job|"
    r"another (employer|job)|weg ?gaan|vertrek(ken)?\b|verlaten|ander(e)? (baan|werk(gever)?)|op zoek naar"
)
STAY = beginning(
    r"stay\b|intention to stay|still (be )?work(ing)?|remain (with|at|in)|blijven?\b.*\b(werk|organisatie|"
    r"bedrijf|hier)|"
    r"willen blijven|wil .*\bblijven|over (een|1|twee|2|drie|3) jaar .*werk|nog .*werken|"
    r"werk(en|zaam)?\b.* over (een|1|twee|2|drie|3) jaar"
)
EFFORT = beginning(
    r"extra effort|go the extra|extra mile|beyond what|more than (is )?(required|expected)|extra inzet|stapje extra|"
    r"discretionary|stap(je)? harder|meer dan .*verwacht"
)
PROMOTE = beginning(
    r"speak (highly|positively|well) (about|of)|promote (the|our) brand|tell (others|people) .*products|aanprijzen|"
    r"positief over .*(producten|diensten|merk)|recommend .*(products|services)"
)
ENGAGEMENT = beginning(
    r"engage[dm]|eng\b|proud|trots|personal attachment|inspires? me|motivates? me|motiveert|inspireert|"
    r"enthusias|enthousias|"
    r"energy\b|energi|bevlog|betrokken voel|verbonden|enjoy|plezier|absorbed|vigou?r|dedicat|zin (in|om)"
)
SATISFACTION = beginning(
    r"satisf(ied|action)|tevreden(heid)?|overall (rating|experience)|algemene (beoordeling|indruk)"
)
OVERALL = beginning(
    r"job overall|overall|in general|as an employer|algemeen|als geheel|alles bij elkaar|met (je|uw|mijn|"
    r"het) (werk|baan)|"
    r"with (my|your) (job|work)|job satisfaction|werktevredenheid|als werkgever"
)
PAY = beginning(
    r"pay\b|salary|salaris|remuneration|compensation|beloning|loon\b|betaling|what i earn|verdien"
)
NEED = beginning(r"need ?_?\d|behoefte ?_?\d|needs? for\b|behoefte aan")
CUSTOMER = beginning(
    r"customer|client|klant|patient|guest|\bgast(en)?\b|citizen|burger|consumer|consument|cli[eë]nt"
)
# Nearest the claim first: what people need is understood and acted on; they are listened to; recognised; cared for.
EMPLOYEE_FIRST = tuple(
    beginning(pattern)
    for pattern in (
        r"(understand|know|weten?|begrijp|weet)\w*\b.*\b(i|we|employees|my|ik|wij?|medewerkers?|"
        r"mij)\b.*\b(need|nodig)|"
        r"my needs|needs$|mijn behoeften?|act(s|ed)? on (my|our|what)|"
        r"rekening\b.* met (mij|mijn|wat (ik|wij|we|medewerkers))\b",
        r"listen|heard\b|my (input|opinion|ideas|views)|input (is|was)|(ge)?luister|gehoord|inspraak|mijn (mening|"
        r"idee)|have a say|"
        r"invloed op|involve(s|d)? (me|us|employees)|betrek|betrokken bij (beslu|beslis)",
        r"recogni(s|z|ti)|valued\b|appreciat|erkend|erkenning|waarder|gewaardeerd|compliment",
        r"support(s|ed|ive)?\b|care(s|d)? (about|for)|well ?-?being|welzijn|work ?[/-]? ?life|balans|balance|"
        r"flexib|steun|"
        r"gezondheid|health\b|vitaliteit|behoefte",
    )
)
# Nearest the claim first: customers have a say; they are served; anything else about them.
CUSTOMER_FIRST = tuple(
    beginning(pattern)
    for pattern in (
        r"decid|voice|say\b|feedback|beslis|stem van|beslist|comes? first|central|centraal",
        r"customer service|klantgericht|customer focus|service to (customers|clients)|dienstverlening aan",
        r"service|help|dienstverlening",
    )
)

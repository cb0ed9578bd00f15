"""The words a reader meets on a page, and words that belong to one language only."""

import base64
import html.parser
import re
import xml.etree.ElementTree as ET
from collections import Counter
from urllib.parse import unquote

# Words that are of both languages are in neither list: in, is, was, of, over, had, best, last, open, order, show, even.
ENGLISH = frozenset(
    """
    about above across after again against ago all almost along already also although always among an and another any
    anybody anything are around ask asked at be became because been before beforehand behind being below beside
    better between beyond both bring but by called came can cannot cause caused causes chance change changed changes chose
    chosen close comes could count counted counts decide decided decides did differ difference differences different do does
    doing done down drawn drivers during each effort either else employee employees enough every everybody everything
    example experience explain explains fall few figure figures find finding findings first follow follows for found four
    from further gave get give gives given go goes going gone good group groups happen happens hardly has have having held
    hence here high higher highest his hold holds how however if imply instead into it its itself job just keep kept know
    known knows large larger largest least leave leaves left less likely little long longer look looks lower lowest
    made mainly make makes many matter matters may mean means measured measurement might missing more moves much must name
    named names nearly neither never new next no nobody none nor not nothing now number numbers often old on once one only
    or other others otherwise our out outcome outcomes outside own part parts people perhaps picture pictures point points
    question questions rather read reader readers report rise said same sample say says see seen several shall share shared
    shares she should shown shows side since small smaller smallest so some somebody something sometimes soon stands still
    strong stronger such table take taken takes tell tells than that the their them then there therefore these they thing
    things this those though three through thus to together too took towards true turn two under unit units unless until up
    upon used usually verdict very wave waves way ways weak weaker went were what when where whether which while who whole
    whom whose why will with within without work would year years yes yet you your
    """.split()
)
DUTCH = frozenset(
    """
    aan aandeel aantal achter alle alleen allemaal als altijd ander andere anders antwoord antwoorden anderen beide beiden
    belang beleving bepaald beter betere bewering beweringen bij bijna binnen blijft blijkt blijven boven buiten daar
    daardoor daarmee daarna daarom dan dat de deel delen deze dezelfde die dit doen doet drie drijfveer drijfveren dus
    echter een eenheden eenheid eerst eerste elk elkaar elke en enige enkele enkel er erop eruit gaan gaat gedaan geeft geen
    gegevens gegeven gelijk gemeten gemiddeld gemiddelde genoeg getal getallen gevonden geweest groep groepen groot grote
    groter grootste haar heb hebben heeft heel het hetzelfde hier hij hoe hoeveel hoger hoogste hun iedere iedereen iemand
    iets ieder jaar jaren juist kans kan klant klanten klein kleine kleiner kleinste komen komt krijgen krijgt kunnen laag
    laagste laat laatste lager lang langer leidt ligt liggen maakt maal maar maat maken mee meer meest meeste meestal
    medewerker medewerkers mensen met meting metingen mijn minder minst minste misschien moet moeten mogen na naar naast
    nauwelijks niemand niet niets nieuw nieuwe nog nooit nu om omdat onder onderdeel onderdelen onderzoek onze ook oordeel
    oordelen op pas rond samen samenhang schatting schattingen sinds slechts soms staan staat steeds sterk sterker te
    tegen terug terwijl tijdens toch toen tot tussen twee uit uitkomst uitkomsten uitval van vaak vaker vallen valt vanaf
    veel verband verbanden verder verschil verschillen verschilt via vier vinden volgende volgens volgt voor vooraf vooral
    voordat vraag vragen waar waarbij waarde waarden waarin waarmee waarom waarop waarvan wanneer waren wat weer weg weinig
    wel welk welke werd werden werk wie wijst wil willen worden wordt zeer zegt zeggen zelf zelfs zich zie ziet zien
    zijn zoals zodat zonder zou zouden zowel zulke
    """.split()
)
_ATTRIBUTES = ("alt", "title", "aria-label", "placeholder", "aria-description")
_SILENT = {"script", "style", "code", "pre", "kbd", "template"}
_VOID = {"meta", "img", "br", "hr", "link", "input", "source", "wbr", "col"}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SVG = "data:image/svg+xml"


class _Reader(html.parser.HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._stack: list[tuple[str, bool]] = []
        self._language = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "html":
            self._language = given.get("lang", "")
        elsewhere = given.get("lang", self._language) != self._language
        silent = tag in _SILENT or elsewhere or (bool(self._stack) and self._stack[-1][1])
        if not silent:
            self.texts += [given[name] for name in _ATTRIBUTES if given.get(name)]
            if tag == "meta" and given.get("name") in ("description", "title"):
                self.texts.append(given.get("content") or "")
            if str(given.get("src", "")).startswith(_SVG):
                self.texts += _of_svg(given["src"])
        if tag not in _VOID:
            self._stack.append((tag, silent))

    def handle_endtag(self, tag):
        while self._stack:
            name, _ = self._stack.pop()
            if name == tag:
                break

    def handle_data(self, data):
        if not (self._stack and self._stack[-1][1]) and data.strip():
            self.texts.append(data)


def _of_svg(source: str) -> list[str]:
    head, _, body = source.partition(",")
    text = base64.b64decode(body).decode("utf-8") if head.endswith(";base64") else unquote(body)
    return [part for part in ET.fromstring(text).itertext() if part.strip()]  # noqa: S314 - our own picture


def texts_of(page: str) -> list[str]:
    """Return what a page says: its text, that of its pictures, and what is read aloud instead of them.

    Left out are code, and passages that say themselves that they are in another language.
    """
    return _Reader(page).texts


def hits(texts, words, names=()):
    """Count the words of a list in texts; names, such as a client's own, are taken out first."""
    found = Counter()
    for text in texts:
        for name in names:
            text = text.replace(name, " ")
        found.update(word for word in map(str.lower, _WORD.findall(text)) if word in words)
    return found

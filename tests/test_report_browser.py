"""A finished report in a browser: it asks for nothing, and works by keyboard, on paper, in the dark and when narrow.

The report is that of a small cut of the demo in Dutch. ``EXRESEARCH_REPORTS`` may name a folder with finished reports
(``nl``, ``en``) to be tried instead, such as those of the whole demo made with ``--single-file``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from exresearch.report import Texts
from exresearch.study.demo import write_demo_study
from tests.in_process import Reports

CHROMIUM = next((path for path in map(shutil.which, ("chromium", "chromium-browser")) if path), None)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium on the PATH (Debian: apt-get install chromium), so no page can be tried",
)
# English has the same pages and the same looks; making them takes the gate too long.
LANGUAGES = ("nl", "en") if "EXRESEARCH_REPORTS" in os.environ else ("nl",)
LAST = LANGUAGES[-1]
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
WHOLE = "report"
# One page of each kind. Looks are those of one style sheet, so that of a small report dark mode is held
# against these; finished reports are tried whole.
KINDS = ("index", "03_enps_drivers", "06_employee_journey", "claims", "methods", "provenance")
# Few replicates: these tests look at pages, not at numbers.
FAST = {"n_boot": 200}


@dataclass
class Browser:
    """One page of one browser without a network, and what went wrong in it."""

    page: Any
    axe: str
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def open(self, path: Path, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(path.as_uri() + fragment)

    def violations(self, rules: dict[str, Any] = RULES, *, within: str = "html") -> list[str]:
        """What axe-core finds, one line per rule with the first place."""
        self.page.evaluate(self.axe)
        run = "([rules, within]) => axe.run(document.querySelector(within), rules)"
        found = self.page.evaluate(run, [rules, within])["violations"]
        return [f"{one['id']}: {len(one['nodes'])}, first {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report in each of the languages."""
    given = os.environ.get("EXRESEARCH_REPORTS")
    if given:
        return {language: Path(given).resolve() / language for language in LANGUAGES}
    folder = tmp_path_factory.mktemp("browser")
    made = Reports(write_demo_study(folder / "study", n_units=4, n_employees=40), overrides=FAST)
    for language in LANGUAGES:
        assert made.make(folder / language, language=language).failed == ()
    return {language: folder / language for language in LANGUAGES}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    import axe_playwright_python
    from playwright.sync_api import sync_playwright

    script = Path(axe_playwright_python.__file__).parent / "axe.min.js"
    with sync_playwright() as playwright:
        # Root, as in containers, has no sandbox; the pages are our own.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser, script.read_text(encoding="utf-8")
        browser.close()


@pytest.fixture
def browser(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A page of 1100 px, or what the test's parameter says."""
    launched, axe = chromium
    options = {"viewport": {"width": 1100, "height": 900}} | getattr(request, "param", {})
    context = launched.new_context(offline=True, **options)
    tried = Browser(context.new_page(), axe)
    tried.page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith(("file:", "data:", "about:")) else tried.asked.append(asked.url)
        ),
    )
    tried.page.on(
        "console", lambda said: tried.errors.append(said.text) if said.type in ("error", "warning") else None
    )
    tried.page.on("pageerror", lambda error: tried.errors.append(str(error)))
    yield tried
    context.close()
    assert tried.asked == []
    assert tried.errors == []


def pages_of(report: Path) -> list[Path]:
    found = sorted(path for path in report.glob("*.html") if path.stem != WHOLE)
    assert len(found) >= 15
    return found


def judged(report: Path, *, dark: bool = False) -> list[Path]:
    """The pages that axe looks at: all, and of a small report in the dark one of each kind."""
    few = "EXRESEARCH_REPORTS" not in os.environ and dark
    found = [path for path in pages_of(report) if not few or path.stem in KINDS]
    assert len(found) >= len(KINDS)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_obstacle_or_asks_for_anything(
    browser: Browser, reports: dict[str, Path], language: str
) -> None:
    found, judge = {}, judged(reports[language])
    # Every page is opened, so that what it asks for or complains of is noticed.
    for path in pages_of(reports[language]):
        browser.open(path)
        assert browser.page.evaluate("document.documentElement.lang") == language
        if path in judge:
            found[path.name] = browser.violations()
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize("browser", [{"color_scheme": "dark"}], indirect=True)
def test_text_can_be_read_in_dark_mode(browser: Browser, reports: dict[str, Path]) -> None:
    found = {}
    for path in judged(reports["nl"], dark=True):
        browser.open(path)
        found[path.name] = browser.violations(CONTRAST)
    assert {name: lines for name, lines in found.items() if lines} == {}
    ground = browser.page.evaluate("getComputedStyle(document.querySelector('main')).backgroundColor")
    assert sum(map(int, re.findall(r"\d+", ground)[:3])) < 150, "dark mode is dark"


@pytest.mark.parametrize("browser", [{"viewport": {"width": 320, "height": 700}}], indirect=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_hold_at_320_pixels(browser: Browser, reports: dict[str, Path], language: str) -> None:
    wide = {}
    for path in [*pages_of(reports[language]), reports[language] / f"{WHOLE}.html"]:
        browser.open(path)
        wide[path.name] = browser.page.evaluate("document.scrollingElement.scrollWidth")
    assert {name: width for name, width in wide.items() if width > 320} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_somewhere(reports: dict[str, Path], language: str) -> None:
    folder = reports[language]
    links, ids = {}, {}
    for path in [*pages_of(folder), folder / f"{WHOLE}.html"]:
        # What a link says is in the file: nothing in a browser adds one that stays.
        text = re.sub(r"<(script|style)\b.*?</\1>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        links[path.name] = re.findall(r'<a\b[^>]*?\shref="([^"]*)"', text)
        found = re.findall(r'\sid="([^"]*)"', text)
        assert len(found) == len(set(found)), path.name
        ids[path.name] = set(found)
    lost = []
    for name, targets in links.items():
        for link in targets:
            target, _, place = link.partition("#")
            there = (folder / (target or name)).is_file()
            if not there or (place and place not in ids[target or name]):
                lost.append(f"{name}: {link}")
    assert lost == []
    assert sum(map(len, links.values())) > 1000
    # The one file travels alone.
    assert [link for link in links[f"{WHOLE}.html"] if not link.startswith("#")] == []


def test_a_number_leads_to_its_table_and_back(browser: Browser, reports: dict[str, Path]) -> None:
    traced = 0
    for path in pages_of(reports["nl"]):
        if 'class="exr-trace"' not in path.read_text(encoding="utf-8"):
            continue
        browser.open(path)
        for link in browser.page.locator(".exr-trace").all():
            number = link.evaluate("one => one.firstChild.textContent")
            row = link.evaluate("one => document.querySelector(one.hash).textContent")
            verdict = link.evaluate("one => one.closest('.exr-verdict').id")
            assert number in row, path.name
            data = browser.page.locator(f"#{verdict} .exr-trail a").first.get_attribute("href")
            assert (reports["nl"] / str(data)).is_file()
            traced += 1
        for link in browser.page.locator(".exr-back").all():
            assert link.evaluate("one => document.querySelector(one.hash).matches('.exr-verdict')")
    assert traced >= 1


@pytest.mark.parametrize("file", ["index.html", f"{WHOLE}.html"])
def test_search_works_by_keyboard(browser: Browser, reports: dict[str, Path], file: str) -> None:
    page = browser.page
    browser.open(reports["nl"] / file)
    field = page.get_by_role("searchbox")
    for _ in range(6):
        page.keyboard.press("Tab")
        if field.evaluate("one => one === document.activeElement"):
            break
    # Capitals and accents do not count.
    page.keyboard.type("BËVLOGENHEID klantbeleving")
    page.wait_for_selector("#exr-found a")
    count = page.locator("#exr-found a").count()
    said = re.match(r"\d+", page.locator("#exr-status").inner_text())
    assert said is not None
    assert min(int(said[0]), 20) == count
    assert page.locator("#exr-found mark").count() >= 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.closest('#exr-found') !== null")
    target = page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    page.wait_for_url(target)
    place = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    if place:
        assert page.locator(f"[id='{place}']").is_visible()
    # Nothing found is said; Escape closes.
    field.fill("xyzzyx")
    nothing = page.locator("#exr-find").get_attribute("data-none")
    page.locator("#exr-status", has_text=nothing).wait_for(state="attached")
    field.press("Escape")
    assert page.locator("#exr-results").is_hidden()


def test_code_shows_by_keyboard_says_so_and_stays(browser: Browser, reports: dict[str, Path]) -> None:
    page = browser.page
    browser.open(reports[LAST] / "02_engagement_and_cx.html")
    button = page.get_by_role("button", name=Texts(LAST).say("Show the code"))
    code = page.locator(".input").first
    assert code.is_hidden()
    button.focus()
    page.keyboard.press("Enter")
    assert code.is_visible()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator("#exr-status").inner_text() == Texts(LAST).say("The code is shown.")
    # On another page of the report it is still shown; on paper it is not.
    browser.open(reports[LAST] / "03_enps_drivers.html")
    assert page.locator(".input").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".input").first.is_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("button", name=Texts(LAST).say("Show the code")).press("Space")
    assert page.locator(".input").first.is_hidden()


def test_the_keyboard_reaches_everything_and_is_not_trapped(
    browser: Browser, reports: dict[str, Path]
) -> None:
    page = browser.page
    browser.open(reports[LAST] / "index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0, "the skip link shows"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    expected = page.evaluate(
        "[...document.querySelectorAll('a[href], button, summary, input, [tabindex=\"0\"]')]"
        ".filter((one) => one.checkVisibility() && one.tabIndex >= 0).length"
    )
    browser.open(reports[LAST] / "index.html")
    reached = 0
    for _ in range(expected + 5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert style != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        reached += 1
    assert reached >= expected


def test_contents_mark_where_the_reader_is(browser: Browser, reports: dict[str, Path]) -> None:
    page = browser.page
    browser.open(reports[LAST] / "02_engagement_and_cx.html")
    sections = page.locator(".toc a")
    last = sections.nth(sections.count() - 1)
    place = last.get_attribute("href")
    page.evaluate("place => document.querySelector(place).scrollIntoView()", place)
    page.wait_for_selector(".toc a[aria-current=location]")
    assert page.locator(".toc a[aria-current=location]").count() == 1
    assert page.locator(".side").evaluate("one => getComputedStyle(one).position") == "sticky"


def test_the_one_file_turns_pages_and_is_whole_without_script(
    browser: Browser, chromium: Any, reports: dict[str, Path]
) -> None:
    page, whole = browser.page, reports[LAST] / f"{WHOLE}.html"
    n_pages = len(pages_of(reports[LAST]))
    browser.open(whole)
    assert page.locator(".exr-page").count() == n_pages
    assert page.locator(".exr-page:visible").count() == 1
    # All of it takes half a minute; the pages themselves were judged one by one.
    assert browser.violations(RULES, within=".top") == []
    page.locator(".pages > li > a[href='#methods']").click()
    page.locator("#methods.here").wait_for()
    assert page.locator("[aria-current=page]").get_attribute("href") == "#methods"
    page.go_back()
    page.locator("#index.here").wait_for()
    context = chromium[0].new_context(offline=True, java_script_enabled=False)
    still = context.new_page()
    still.goto(whole.as_uri())
    assert still.locator(".exr-page:visible").count() == n_pages
    context.close()
    assert whole.stat().st_size < 12_000_000


def test_on_paper_tables_repeat_their_heads_and_no_figure_is_cut(
    browser: Browser, reports: dict[str, Path]
) -> None:
    """Laid out as on A4 with its margins: 680 by 1001 px, as the print style has it."""
    page = browser.page
    page.set_viewport_size({"width": 680, "height": 1001})
    page.emulate_media(media="print")
    figures = heads = 0
    for path in pages_of(reports[LAST]):
        browser.open(path)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('.exr-figure')].filter((one) => {
                const box = one.querySelector('img').getBoundingClientRect();
                return getComputedStyle(one).breakInside !== 'avoid' || box.height > 1001 || box.right > 681;
            }).map((one) => one.id)"""
        )
        assert cut == [], path.name
        assert page.evaluate(
            "[...document.querySelectorAll('thead')]"
            ".every((one) => getComputedStyle(one).display === 'table-header-group')"
        )
        assert page.evaluate(
            "[...document.querySelectorAll('.exr-scroll')]"
            ".every((one) => getComputedStyle(one).overflowX === 'visible')"
        ), "what scrolls on a screen is cut on paper"
        hidden = ".input, .side, .pager, .anchor, .find"
        assert page.locator(hidden).evaluate_all("all => all.every((one) => !one.offsetParent)")
        figures += page.locator(".exr-figure").count()
        heads += page.locator("thead").count()
    assert figures >= 5
    assert heads >= 40


@pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no pdftotext (Debian: poppler-utils) to read a PDF with"
)
def test_a_table_over_two_sheets_has_its_head_on_both(
    browser: Browser, reports: dict[str, Path], tmp_path: Path
) -> None:
    import subprocess

    page = browser.page
    browser.open(reports[LAST] / "claims.html")
    # The longest table of the report begins low on a sheet.
    heads = page.evaluate(
        """() => {
            const table = [...document.querySelectorAll('table')].sort((a, b) => b.rows.length - a.rows.length)[0];
            return [table.rows.length, [...table.tHead.querySelectorAll('th')].map((one) => one.textContent.trim())];
        }"""
    )
    assert heads[0] >= 15
    page.pdf(path=str(tmp_path / "claims.pdf"), format="A4")
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "claims.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sheets = [" ".join(sheet.split()) for sheet in text.split("\f")]
    assert sum(" ".join(heads[1]) in sheet for sheet in sheets) >= 2

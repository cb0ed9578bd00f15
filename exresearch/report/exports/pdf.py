"""``report.pdf``: the report on paper, printed by a Chromium that happens to be installed, without the network."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

# Where browsers made of Chromium are found, by name and by place.
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-default-apps",
    "--metrics-recording-only",
    "--password-store=basic",
    # Nothing has an address: no request leaves, whatever a page may ask for.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    # The PDF names what made it, which is otherwise the whole address of the browser and its system.
    "--user-agent=exresearch",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--export-tagged-pdf",
)
_SECONDS = 180
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_OUTSIDE = re.compile(r'\shref="(?!#)[^"]*"')
_UNSAFE = re.compile(r'[\\"\n\r<>{}]')


class PdfError(RuntimeError):
    """No PDF could be made; the message is a sentence for whoever asked for one."""


def find_browser() -> Path | None:
    """Return a browser that prints: Chromium, Chrome or Edge; None where there is none."""
    for name in _NAMES:
        found = shutil.which(name)
        if found:
            return Path(found)
    return next((Path(place) for place in _PLACES if Path(place).is_file()), None)


def printable(document: str, *, footer: str) -> str:
    """Return a page as it goes to paper: without script, without links to other files, with page numbers.

    Parameters
    ----------
    document : str
        A whole HTML document.
    footer : str
        At the foot of every page, left of its number.

    Returns
    -------
    str

    Examples
    --------
    >>> "href" in printable('<head></head><a href="other.html">Other</a>', footer="A")
    False
    """
    text = _UNSAFE.sub(" ", footer)
    look = "font: 8pt Arial, 'Liberation Sans', sans-serif; color: #4a525c;"
    style = (
        "<style>@page { size: A4; margin: 16mm 14mm 18mm; "
        f'@bottom-left {{ content: "{text}"; {look} }} '
        f'@bottom-right {{ content: counter(page) " / " counter(pages); {look} }} }} '
        "html { color-scheme: light; } "
        ".downloads { display: none; } thead { display: table-header-group; } tr, figure, img { break-inside: avoid; } "
        "h1, h2, h3, h4 { break-after: avoid; }</style></head>"
    )
    # A link to a file would become the path of that file on this computer.
    paper = _OUTSIDE.sub("", _SCRIPT.sub("", document))
    return paper.replace("</head>", style, 1)


def print_pdf(document: str, *, footer: str, browser: Path, seconds: float = _SECONDS) -> bytes:
    """Print a page.

    Parameters
    ----------
    document : str
        A whole HTML document.
    footer : str
        At the foot of every page.
    browser : pathlib.Path
        Of :func:`find_browser`.
    seconds : float
        After this time it is given up.

    Returns
    -------
    bytes
        A PDF with bookmarks and tags. It holds the time of printing: it is not the same bytes twice.

    Raises
    ------
    PdfError
        If the browser ends without a PDF, or does not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="exresearch-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page, target = folder / "report.html", folder / "report.pdf"
        page.write_text(printable(document, footer=footer), encoding="utf-8", newline="\n")
        options = [*_OPTIONS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses to run with its sandbox for the owner of the machine, as in a container.
            options.append("--no-sandbox")
        _run([str(browser), *options, page.as_uri()], seconds=seconds, home=folder)
        try:
            content = target.read_bytes()
        except OSError:
            content = b""
    if not content.startswith(b"%PDF-"):
        raise PdfError(f"No PDF was made: {browser.name} was found and printed nothing.")
    return content


def _run(command: list[str], *, seconds: float, home: Path) -> None:
    environment = os.environ | {
        "TMPDIR": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_CACHE_HOME": str(home),
    }
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError:
        raise PdfError(
            f"No PDF was made: {Path(command[0]).name} was found and could not be started."
        ) from None
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        message = f"No PDF was made: {Path(command[0]).name} did not finish within {seconds:.0f} seconds."
        raise PdfError(message) from None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the browser with the processes it has started; all of them are its own session."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()
    process.wait()

"""What computes is known by content, warnings are counted and not quoted, and a seal is of everything but itself."""

import json
from importlib.metadata import version
from pathlib import Path

from exresearch.run.origin import digest_of, package_versions, sha256, source_digest
from exresearch.run.seal import SHORT, delivered, seal_of, sealed, seals_on, without_place
from exresearch.run.warned import warnings_in

PAGE = '<p class="quiet exr-sealed">Seal: <code class="exr-seal" data-seal="{form}"></code></p>\n<p>12</p>'


def test_the_digest_of_a_folder_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "sub" / "__pycache__").mkdir(parents=True)
    (tmp_path / "sub" / "a.py").write_text("x = 1\n")
    first = digest_of(tmp_path)
    # What Python and editors leave there is no source.
    (tmp_path / "sub" / "__pycache__" / "a.pyc").write_bytes(b"1")
    (tmp_path / ".hidden").write_text("x")
    assert digest_of(tmp_path) == first
    (tmp_path / "sub" / "a.py").write_text("x = 2\n")
    second = digest_of(tmp_path)
    (tmp_path / "sub" / "a.py").rename(tmp_path / "sub" / "b.py")
    assert len({first, second, digest_of(tmp_path)}) == 3
    assert len(source_digest()) == 64


def test_packages_are_those_of_the_lock_that_are_installed() -> None:
    found = package_versions()
    assert list(found) == sorted(found)
    # Direct ones, and those that only they need.
    for name in ("numpy", "scikit-learn", "patsy", "statsmodels"):
        assert found[name] == version(name), name
    assert "pytest" not in found


def test_warnings_are_counted_by_category_and_never_quoted(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(
        "/x/y.py:12: RuntimeWarning: the answer of P0001 is 7\n  return 1\n"
        "/x/y.py:14: RuntimeWarning: again\n/x/z.py:3: ConvergenceWarning: no\n/x/z.py:4: P0001Warning: mine\n"
        "RuntimeWarning: not where a warning stands\n",
        encoding="utf-8",
    )
    assert warnings_in(log) == {"ConvergenceWarning": 1, "RuntimeWarning": 2, "other": 1}
    assert warnings_in(tmp_path / "none.log") == {}


def test_a_seal_stands_on_pages_and_is_of_all_the_rest(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE.format(form="short"), encoding="utf-8")
    (tmp_path / "whole.html").write_text(PAGE.format(form="whole"), encoding="utf-8")
    (tmp_path / "data.bin").write_bytes(b"\xff\x00")
    before = seal_of({"client": "a"}, tmp_path)
    record = json.loads(sealed({"client": "a"}, tmp_path))
    assert record["seal"] == before == seal_of(record, tmp_path)
    assert seals_on(tmp_path / "index.html") == [(before[:SHORT], False)]
    assert seals_on(tmp_path / "whole.html") == [(before, True)]
    assert (
        [one["file"] for one in record["outputs"]]
        == delivered(tmp_path)
        == ["data.bin", "index.html", "whole.html"]
    )
    assert record["outputs"][2]["sha256"] == sha256(tmp_path / "whole.html")
    # Sealed once more it is the same.
    assert json.loads(sealed(record, tmp_path)) == record
    others = [seal_of({"client": "b"}, tmp_path)]
    for name, old, new in (("index.html", "12", "13"), ("whole.html", "Seal:", "Sea1:")):
        text = (tmp_path / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(old, new), encoding="utf-8")
        others.append(seal_of(record, tmp_path))
    (tmp_path / "data.bin").rename(tmp_path / "other.bin")
    others.append(seal_of(record, tmp_path))
    assert len({before, *others}) == 5


def test_a_pdf_is_printed_without_a_place_for_the_seal() -> None:
    assert without_place(PAGE.format(form="short")) == "<p>12</p>"

"""Moments in a file, to be added elsewhere: sums of units may travel, answers of people may not."""

from __future__ import annotations

import json
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exresearch.models.moments.algebra import unpack
from exresearch.models.moments.unit import UnitMoments

FORMAT, VERSION = "exresearch unit moments", 1
# Respondents behind anything that leaves the house, whatever the number of columns.
_LEAST_ROWS = 10


def write_moments(moments: UnitMoments, path: str | Path, *, least_rows: int | None = None) -> None:
    """Write moments per unit to a file.

    Use it to add up, with `merge_moments`, what may not meet as answers: subsidiaries, clients, countries. The same
    moments give the same bytes.

    Parameters
    ----------
    moments : UnitMoments
        With a cluster.
    path : path
        A zip archive of NumPy arrays and a header in JSON; nothing in it is executed when it is read.
    least_rows : int, optional
        Fewest rows of a unit; by default 10, or the number of columns and two more when that is higher.

    Raises
    ------
    ValueError
        The moments are of single rows, of pairs, or of units with too few rows; labels that are neither whole numbers
        nor text.

    Notes
    -----
    The sums of a unit with no more rows than columns determine its answers up to a rotation, and answers are whole
    numbers, so that often one rotation is left: such sums are the answers in another form. Each row more loosens them.
    Who lowers `least_rows` hands out answers to anyone with the file.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from exresearch.models.moments import unit_moments
    >>> data = pd.DataFrame({"x": np.arange(20.0), "team": ["a", "b"] * 10})
    >>> with TemporaryDirectory() as folder:
    ...     write_moments(unit_moments(data, columns=["x"], cluster="team"), Path(folder) / "sums.moments")
    ...     read_moments(Path(folder) / "sums.moments").n.tolist()
    [10, 10]
    """
    if not isinstance(moments, UnitMoments):
        raise ValueError(
            "pairwise moments are not written, as a pair of columns may rest on one person: use missing='listwise'."
        )
    if moments.matrices is None:
        raise ValueError(
            "moments of single rows are the answers of people, which may not travel: give unit_moments a cluster."
        )
    least = max(_LEAST_ROWS, len(moments.columns) + 2) if least_rows is None else least_rows
    small = int((moments.n < least).sum())
    if small:
        raise ValueError(
            f"{small} of {moments.n_units} units have fewer than {least} rows, and the sums of few rows tell the "
            "answers of people: join small units, take fewer columns, or lower least_rows knowingly."
        )
    upper, other = np.triu_indices(len(moments.columns) + 1)
    arrays: dict[str, NDArray[Any]] = {
        "n": moments.n,
        "origin": moments.origin,
        "matrices": moments.matrices[:, upper, other],
    }
    if moments.squared is not None:
        arrays["squared"] = moments.squared[:, upper, other]
    header = {
        "format": FORMAT,
        "version": VERSION,
        "columns": list(moments.columns),
        "units": _labels(moments.units),
        "n_excluded": moments.n_excluded,
        "arrays": sorted(arrays),
    }
    with zipfile.ZipFile(path, "w") as archive:
        _put(archive, "header.json", json.dumps(header, sort_keys=True).encode())
        for name in sorted(arrays):
            buffer = BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            _put(archive, f"{name}.npy", buffer.getvalue())


def read_moments(path: str | Path) -> UnitMoments:
    """Read moments that `write_moments` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    UnitMoments

    Raises
    ------
    ValueError
        The file holds something else, is damaged, or was written by a newer version.
    FileNotFoundError
        There is no such file.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read("header.json"))
            if header["format"] != FORMAT:
                raise ValueError("another format")
            version = int(header["version"])
            arrays = {} if version != VERSION else {name: _get(archive, name) for name in header["arrays"]}
        if version == VERSION:
            return _moments(header, arrays)
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(
            f"'{path}' is no file of moments, or it is damaged: write it again with write_moments."
        ) from error
    raise ValueError(
        f"'{path}' holds moments of version {version}, and this exresearch reads version {VERSION}: update exresearch."
    )


def _moments(header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> UnitMoments:
    columns = tuple(str(name) for name in header["columns"])
    size = len(columns) + 1
    units = pd.Index(header["units"])
    shapes: dict[str, tuple[int, ...]] = {"n": (len(units),), "origin": (len(columns),)}
    shapes |= {
        name: (len(units), size * (size + 1) // 2) for name in ("matrices", "squared") if name in arrays
    }
    if any(arrays[name].shape != shape for name, shape in shapes.items()) or "matrices" not in arrays:
        raise ValueError("shapes that do not go together")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("numbers that are not finite")
    matrices = unpack(arrays["matrices"], size)
    return UnitMoments(
        columns=columns,
        units=units,
        n=arrays["n"].astype(np.int64),
        weight_sums=matrices[:, 0, 0].copy(),
        origin=arrays["origin"].astype(np.float64),
        matrices=matrices,
        rows=None,
        n_excluded=int(header["n_excluded"]),
        squared=unpack(arrays["squared"], size) if "squared" in arrays else None,
    )


def _labels(units: pd.Index) -> list[int] | list[str]:
    labels = units.tolist()
    if all(isinstance(label, str) for label in labels):
        return [str(label) for label in labels]
    if all(isinstance(label, int) and not isinstance(label, bool) for label in labels):
        return [int(label) for label in labels]
    raise ValueError(
        "labels of units must be whole numbers, or all of them text, to be written: rename the units."
    )


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    # The day of writing must not reach the bytes.
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    archive.writestr(entry, content)


def _get(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    array = np.lib.format.read_array(BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
    if array.dtype.kind not in "if":
        raise ValueError("arrays of another kind")
    return np.asarray(array)

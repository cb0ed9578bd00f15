"""Comments per contact moment: codes and themes with the people behind them, and how far codes can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from exresearch.disclosure import DisclosureRules
from exresearch.findings.note import Note
from exresearch.measures import NoJourney, journey_data
from exresearch.measures.comments import CODES, coded_comments, comment_column, confusion, theme_labels
from exresearch.measures.resampling import respondents
from exresearch.models.misclassification import corrected_shares, nominal_agreement
from exresearch.study import Study

#: Least alpha for tentative conclusions, and for firm ones (Krippendorff 2004, Content Analysis, p. 241).
TENTATIVE, FIRM = 0.667, 0.8
_NO_COMMENTS = Note(message="Nobody was asked for a remark in own words on contact moments.")
#: Different remarks that a correction needs, and the least share that they are of all: mistakes on one sentence that is
#: there many times over are one mistake, and the interval takes them for many.
_DIFFERENT, _DIFFERENT_SHARE, _TOP_THEMES = 100, 0.5, 3
_SAME = Note(
    message=(
        "Shares are not corrected for mistakes: too few remarks differ from each other, so that the mistakes are not "
        "those that were made on the held-out remarks."
    )
)
_WEAK = Note(
    message=(
        "Shares are not corrected for mistakes: the coder errs so often that a small difference between these remarks "
        "and the held-out ones would move the corrected shares far."
    )
)
_FEW = Note(message="Too few people wrote a remark on a contact moment.")
_LEFT_OUT = Note(
    message=(
        "Left out altogether: remarks on {n:integer} contact moments on which fewer than {least:integer} people wrote "
        "one."
    )
)


@dataclass(frozen=True, slots=True)
class MomentComments:
    """What the page says about comments; no frame holds words of anybody.

    Attributes
    ----------
    codes : pandas.DataFrame
        Per contact moment, in order, and code: ``group`` (moment), ``label`` (both languages), ``code, n`` (comments),
        ``people, total`` (comments on the moment), ``writers`` (people who wrote them), ``share``, and corrected
        ``estimate, conf_low, conf_high, conf_level``.
    themes : pandas.DataFrame
        ``theme, label, n, share`` (of all comments), ``people``.
    moment_themes : pandas.DataFrame
        The three most frequent themes of each contact moment: ``group, label, theme, theme_label, n, total, share,
        people``.
    agreement : pandas.DataFrame
        Per language: ``language, estimate`` (alpha), ``conf_low, conf_high, conf_level, kappa, accuracy, n``.
    recall : pandas.DataFrame
        Per language and code on held-out remarks: ``language, code, precision, recall, n``.
    n, people : int
        Comments, and people who wrote one.
    reason : Note or None
        Why there is nothing.
    uncorrected : Note or None
        Why shares are not corrected for the coder's mistakes; the corrected ones are missing then.
    left_out : Note or None
        On how many moments too few people wrote; their comments are in no number, so that none follows from the others.
    """

    codes: pd.DataFrame = field(default_factory=pd.DataFrame)
    themes: pd.DataFrame = field(default_factory=pd.DataFrame)
    agreement: pd.DataFrame = field(default_factory=pd.DataFrame)
    recall: pd.DataFrame = field(default_factory=pd.DataFrame)
    n: int = 0
    people: int = 0
    reason: Note | None = None
    moment_themes: pd.DataFrame = field(default_factory=pd.DataFrame)
    uncorrected: Note | None = None
    left_out: Note | None = None

    @property
    def trusted(self) -> bool:
        """Whether alpha is high enough for tentative conclusions in every language."""
        return bool(len(self.agreement)) and float(self.agreement["estimate"].min()) >= TENTATIVE


def moment_comments(
    study: Study, *, rules: DisclosureRules, conf_level: float, n_boot: int, seed: int
) -> MomentComments:
    """Code the comments on contact moments and count codes and themes.

    Parameters
    ----------
    study : Study
        The client.
    rules : DisclosureRules
        People that must have written something at all, and on a moment; the page hides small groups within.
    conf_level, n_boot, seed
        Of the intervals: people are drawn, and the mistakes of the coder as often.

    Returns
    -------
    MomentComments
    """
    if comment_column(study) is None:
        return MomentComments(reason=_NO_COMMENTS)
    try:
        journey = journey_data(study)
    except NoJourney:
        return MomentComments(reason=_NO_COMMENTS)
    ratings = journey.ratings
    keys = [name for name in ("moment", "person") if name in ratings]
    coded = coded_comments(study).join(ratings[keys], how="inner").dropna(subset=["moment"])
    coded, n_left_out = _enough(coded, least=rules.for_comments().min_respondents)
    people = respondents(coded)
    if people < rules.min_model:
        return MomentComments(reason=_FEW)
    labels = journey.moments.set_index("moment")["label"]
    order = [name for name in journey.moments["moment"] if (coded["moment"] == name).any()]
    coded = coded.assign(moment=pd.Categorical(coded["moment"], categories=order)).sort_values("moment")
    coded["moment"] = coded["moment"].astype(str)
    used = sorted(coded["language"].unique())
    tables = {name: confusion(name) for name in used}
    codes = corrected_shares(
        coded,
        group="moment",
        code="code",
        stratum="language",
        confusion=tables,
        codes=CODES,
        cluster="person" if "person" in coded else None,
        conf_level=conf_level,
        n_boot=min(n_boot, 500),
        seed=seed,
    )
    behind = {key: respondents(part) for key, part in coded.groupby(["moment", "code"])}
    writers = {name: respondents(part) for name, part in coded.groupby("moment")}
    codes = codes.assign(
        people=[behind.get((row.group, row.code), 0) for row in codes.itertuples()],
        writers=codes["group"].map(writers),
        label=codes["group"].map(labels),
    )
    agreement, recall = _quality(used, conf_level=conf_level, n_boot=n_boot, seed=seed)
    different = coded["wording"].nunique()
    uncorrected = _SAME if different < max(_DIFFERENT, _DIFFERENT_SHARE * len(coded)) else None
    if uncorrected is None and float(agreement["estimate"].min()) < TENTATIVE:
        uncorrected = _WEAK
    if uncorrected is not None:
        codes[["estimate", "conf_low", "conf_high"]] = float("nan")
    by_moment = [
        _themes(part).head(_TOP_THEMES).assign(group=name, total=len(part))
        for name, part in coded.groupby("moment", sort=False)
    ]
    themes = pd.concat(by_moment, ignore_index=True).rename(columns={"label": "theme_label"})
    themes = themes.assign(label=themes["group"].map(labels))
    return MomentComments(
        codes,
        _themes(coded),
        agreement,
        recall,
        len(coded),
        people,
        moment_themes=themes[themes["n"] > 0].reset_index(drop=True),
        uncorrected=uncorrected,
        left_out=_LEFT_OUT.model_copy(
            update={"values": {"n": n_left_out, "least": rules.for_comments().min_respondents}}
        )
        if n_left_out
        else None,
    )


def _enough(coded: pd.DataFrame, *, least: int) -> tuple[pd.DataFrame, int]:
    """Keep the moments on which enough people wrote, and count the others."""
    writers = {name: respondents(part) for name, part in coded.groupby("moment")}
    few = [name for name, people in writers.items() if people < least]
    return coded[~coded["moment"].isin(few)], len(few)


def _themes(coded: pd.DataFrame) -> pd.DataFrame:
    rows, named = [], list(coded["themes"])
    for theme, label in theme_labels().items():
        about = np.array([theme in themes for themes in named], dtype=bool)
        n = int(about.sum())
        row = {"theme": theme, "label": label, "n": n, "share": n / len(coded)}
        rows.append(row | {"people": respondents(coded, where=about)})
    return pd.DataFrame(rows).sort_values(["n", "theme"], ascending=[False, True], ignore_index=True)


def _quality(
    languages: list[str], *, conf_level: float, n_boot: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, each = [], []
    for language in languages:
        counts = confusion("nl" if language == "nl" else "en")
        found = nominal_agreement(counts, conf_level=conf_level, n_boot=n_boot, seed=seed).set_index("term")
        alpha = {
            name: found.loc["alpha", name]
            for name in ("estimate", "conf_low", "conf_high", "conf_level", "n")
        }
        more = {name: float(found["estimate"][name]) for name in ("kappa", "accuracy")}
        rows.append({"language": language} | alpha | more)
        for place, code in enumerate(CODES):
            right, true, given = counts[place, place], counts[place].sum(), counts[:, place].sum()
            each.append(
                {"language": language, "code": code, "precision": right / given if given else float("nan")}
                | {"recall": right / true, "n": int(true)}
            )
    return pd.DataFrame(rows), pd.DataFrame(each)

"""What looks odd and is only counted: careless answer sheets and suspicious columns."""

from exresearch.study.flags.quality import judge_sheets, quality_flags
from exresearch.study.flags.suspects import SUSPECTS, suspect_sentence, suspicious_columns

__all__ = ["SUSPECTS", "judge_sheets", "quality_flags", "suspect_sentence", "suspicious_columns"]

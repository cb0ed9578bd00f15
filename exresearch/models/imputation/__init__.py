"""Missing answers: several plausible completions of the data, and one estimate from all of them."""

from exresearch.models.imputation.chain import imputations
from exresearch.models.imputation.pooling import pool_imputations

__all__ = ["imputations", "pool_imputations"]

"""Spatially correlated within-event residuals: exact on a grid, to a stated accuracy at any sites, and given station records."""

from .accuracy import interpolated_correlation, largest_error, spacing_for
from .cholesky import CholeskySampler
from .conditioning import ConditionedSampler, posterior
from .correlation import Correlation, jayaram_baker_2009
from .fields import Fields
from .records import Records
from .sampler import FieldSampler

__all__ = [
    "CholeskySampler",
    "ConditionedSampler",
    "Correlation",
    "FieldSampler",
    "Fields",
    "Records",
    "interpolated_correlation",
    "jayaram_baker_2009",
    "largest_error",
    "posterior",
    "spacing_for",
]

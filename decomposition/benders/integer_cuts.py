import numpy as np
from ..matrices import Array
from .cuts import Cut

def integer_slope(x, touching, lower, upper):
    """d/dx of the distance of (…)"""
    return np.where(touching & (upper > lower), np.where(x > 0.5 * (lower + upper), -1.0, 1.0), 0.0)

def no_good(x, toward, scenario, source):
    # distance(x') = toward'(x'-x) >= 1
    return Cut((), 1.0 + float(toward @ x), -toward, source=source, scenario=scenario)

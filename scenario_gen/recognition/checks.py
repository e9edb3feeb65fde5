"""Checks of what enters recognition."""

from ...instances.grade_checks import NUM_GRADES, SEVERE, SUM_TOLERANCE, Grades, checked_grades, checked_probabilities, checked_rows

__all__ = ["NUM_GRADES", "SEVERE", "SUM_TOLERANCE", "Grades", "checked_grades", "checked_probabilities", "checked_rows"]

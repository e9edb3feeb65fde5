"""Scenario generation; the only place, beside seeded heuristics, where random numbers are drawn."""

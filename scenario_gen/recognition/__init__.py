"""Damage grades from features or images: the governance risk functional, its fit, its metrics, and the bridge to Bayesian updating."""

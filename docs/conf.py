"""Sphinx configuration; `make docs` builds with warnings as errors."""

import quakeops

project = "quakeops"
author = "The quakeops developers"
copyright = "the quakeops developers, Apache-2.0"
release = version = quakeops.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"quakeops {release}"

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
python_maximum_signature_line_length = 100
napoleon_google_docstring = False
napoleon_use_param = False

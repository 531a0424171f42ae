"""How Sphinx builds these pages."""

project = "Cellsmith"
author = "The Cellsmith developers"
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["_build"]
myst_heading_anchors = 3

"""Labelled data: one reader a file, and the registry of data sets."""

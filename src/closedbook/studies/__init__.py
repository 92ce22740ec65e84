"""Experiments about what a model knows. Each writes a record, a figure and a page, and resumes if interrupted."""

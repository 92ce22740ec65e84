"""Seeing a run: the report that can be sent to a colleague, and the page where one asks and looks inside."""

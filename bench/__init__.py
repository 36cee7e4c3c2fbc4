"""Measurements of the library, and the demo: python -m bench."""

"""The page of results: what lies in a folder of JSON files, as Markdown, as HTML and in README."""

from __future__ import annotations

from bench._page._compose import compose as compose
from bench._page._model import Page as Page
from bench._page._readme import refreshed as refreshed
from bench._page._results import RESULTS as RESULTS
from bench._page._results import Result as Result
from bench._page._results import load as load

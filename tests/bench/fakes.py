"""Competitors that behave in one chosen way each; loaded by workers, never by the tests."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path

from bench._case import Case, Loaded
from bench.steps.problems import StepCase, untold

ERRORS = {"wrong": 0.5, "nan": math.nan}


def load(manner: str, log: str = "") -> Loaded:
    """Two cases, "one" and "two"; `manner` says how they go, `log` is a file to note runs in."""
    if manner == "missing":
        raise ImportError("no such library")
    if manner == "broken":
        raise AttributeError("it has no such function")

    uneven = [False]

    def run() -> None:
        print("chatter on standard output")
        if log:
            with Path(log).open("a", encoding="utf-8") as file:
                file.write(f"{manner}\n")
        if manner == "dies":
            print("the last words")
            os._exit(3)
        if manner == "hangs":
            time.sleep(60)
        if manner == "raises":
            raise ValueError("an unhappy input")
        if manner == "uneven":
            uneven[0] = not uneven[0]
            time.sleep(0.1 if uneven[0] else 0.001)
        time.sleep(0.002 if manner == "slow" else 0.001)

    def make() -> Case:
        if manner == "silent":
            return StepCase(run, lambda: 0.0, tolerance=1e-6, memory=untold)
        return Case(run, lambda: ERRORS.get(manner, 0.0), tolerance=1e-6)

    cases = {"one": make} if manner == "partial" else {"one": make, "two": make}
    return Loaded({"fake": "1.0"}, cases, notes={"manner": manner})

"""A training that is killed, again and again, ends with the weights of one that was not."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nn.checkpoints import Checkpoint

from . import programs

#: seconds from the start of training within which it is killed: programs are made, files written
WITHIN = 1.2


def train(folder: Path, kill_after: float | None = None) -> bool:
    """Start the training; whether it came to its end before it was killed."""
    process = programs.start("training.py", folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "training\n", process.communicate()[1]
    if kill_after is not None:
        time.sleep(kill_after)
        process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode == 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills by a signal")
@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.long)])
def test_a_killed_training_ends_as_one_that_was_not(
    kills: int, tmp_path: Path, note: Callable[[str], None]
) -> None:
    rng = random.Random(kills)
    whole = tmp_path / "whole"
    assert train(whole)
    expected = (whole / "final").read_bytes()
    done = runs = 0
    while done < kills:
        folder, ended = tmp_path / str(runs), False
        runs += 1
        while not ended:
            ended = train(folder, rng.uniform(0, WITHIN) if done < kills else None)
            done += not ended
            parts = [path for path in folder.rglob("*") if path.suffix == ".part"]
            assert len(parts) <= 2
        assert (folder / "final").read_bytes() == expected
    values = Checkpoint().values(whole / "final")
    assert len(values["history"]["loss"]) == 20
    assert np.mean(values["history"]["accuracy"][-5:]) > 0.6
    note(f"{done} kills of {runs} trainings: all end with the weights of one that was not killed")

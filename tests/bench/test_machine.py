from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench._machine import Bystanders, describe


def test_the_description_is_json_and_names_the_processor() -> None:
    machine = json.loads(json.dumps(describe()))
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert "OMP_NUM_THREADS" in machine["environment"]


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells who uses the cores")
def test_a_process_counts_as_a_bystander_unless_it_is_ours() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as spinning:
        strangers, ours = Bystanders([]), Bystanders([spinning.pid])
        time.sleep(0.3)
        without, within = ours.cores(), strangers.cores()
        spinning.kill()
    assert without is not None
    assert within is not None
    assert within > without + 0.05

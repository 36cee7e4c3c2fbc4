from __future__ import annotations

import sys
from time import sleep

import pytest

from bench._epoch_bar import STRIDE, EpochBar


def test_a_terminal_gets_a_bar_with_the_loss(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    losses: list[float] = []
    with EpochBar("epoch 1/2", 2 * STRIDE, losses) as bar:
        for k in range(2 * STRIDE):
            if k == 2 * STRIDE - 1:
                sleep(0.15)  # tqdm draws every tenth of a second
            losses.append(9.0 if k < STRIDE else 0.25)
            bar.step()
    shown = capsys.readouterr().err
    assert "epoch 1/2: 100%" in shown
    assert f"{2 * STRIDE}/{2 * STRIDE}" in shown
    assert "loss 0.2500" in shown


def test_a_file_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with EpochBar("epoch 1/2", STRIDE, [0.5]) as bar:
        for _ in range(STRIDE):
            bar.step()
    assert capsys.readouterr().err == ""


def test_without_tqdm_there_is_no_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with EpochBar("epoch 1/2", STRIDE, [0.5]) as bar:
        for _ in range(STRIDE):
            bar.step()
    assert capsys.readouterr().err == ""

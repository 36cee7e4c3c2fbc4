from __future__ import annotations

import pytest

import bench.__main__ as cli
from bench.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["waltz"], "invalid choice: 'waltz'"),
        (["ops", "--device", "tpu"], "--device tpu: device is 'tpu'; expected"),
        (["ops", "--device", "cuda:99"], "--device cuda:99: "),
    ],
)
def test_a_wrong_command_line_says_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_a_command_without_a_module_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(cli.COMMANDS, "waltz", "one, two, three")
    with pytest.raises(SystemExit):
        main(["waltz"])
    assert "the command 'waltz' is not part of this version" in capsys.readouterr().err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--peers", "fortran"], "unknown 'fortran'; expected auto, none or some of"),
        (["--case", "huge"], "unknown 'huge'; expected some of 'scalar'"),
        (["--rounds", "0"], "expected at least 1"),
        (["--json", "no/such/folder/f.json"], "there is no folder no/such/folder"),
        (["--peer-python", "no-such-python"], "this is no program"),
    ],
)
def test_options_are_checked_before_anything_runs(arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        main(["ops", *arguments])

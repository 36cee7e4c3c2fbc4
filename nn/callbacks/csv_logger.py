"""CSVLogger: the reported numbers in a table."""

from __future__ import annotations

import csv
import os
from os import PathLike
from typing import Any

import numpy as np

from nn.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes a line per epoch into a CSV file: the epoch, from 0, and the reported numbers.

    filename: the file, which is begun anew unless `append`. separator: between the columns.

    Numbers that only some epochs report, as validations may, are "NA" in the others.

    >>> CSVLogger("log.csv", append=True).append
    True
    """

    def __init__(
        self, filename: str | PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator, self.append = separator, append
        self._file: Any = None
        self._writer: csv.DictWriter[str] | None = None

    def state_dict(self) -> dict[str, Any]:
        """What the file holds so far."""
        if self._file is None:
            return {"content": None}
        with open(self.filename, "rb") as file:
            return {"content": np.frombuffer(file.read(), np.uint8)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the file hold what it held then: lines of epochs that come again are gone."""
        content = state["content"]
        if content is None or self._file is None:
            return
        self._file.close()
        with open(self.filename, "wb") as file:
            file.write(content.tobytes())
        self._has_header = bool(len(content))
        self._file = open(self.filename, "a", encoding="utf-8", newline="")  # noqa: SIM115
        self._writer = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._close()
        self._has_header = self.append and bool(
            os.path.exists(self.filename) and os.path.getsize(self.filename)
        )
        self._file = open(  # noqa: SIM115 -- open until training ends
            self.filename, "a" if self.append else "w", encoding="utf-8", newline=""
        )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's line."""
        logs = logs or {}
        if self._writer is None:
            self._writer = csv.DictWriter(
                self._file, self._columns(logs), "NA", "ignore", delimiter=self.separator
            )
            if not self._has_header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **logs})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        self._close()

    def _columns(self, logs: Logs) -> list[str]:
        """Those of the file that is appended to, else by name; room for a validation to come."""
        if self._has_header:
            with open(self.filename, encoding="utf-8", newline="") as file:
                return next(csv.reader(file, delimiter=self.separator))
        names = sorted(logs)
        if not any(name.startswith("val_") for name in names):
            names += [f"val_{name}" for name in names]
        return ["epoch", *names]

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None

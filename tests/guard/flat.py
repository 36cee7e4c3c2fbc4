"""`ad.function` on the tests' machine: arguments and Variables go there, results come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff as ad
from autodiff import _nest
from autodiff.arrays._backend import as_data
from autodiff.flat import Function
from autodiff.flat.cuda._runner import DeviceRunner
from autodiff.flat.lower._lower import lower
from autodiff.flat.trace._signature import signature
from tests.guard.backend import DEVICE
from tests.guard.gpu import first
from tests.guard.machine import HostMachine

#: whether programs run on a GPU in place of the host
ON_GPU = DEVICE.startswith("cuda")


class GuardFunction:
    """A function that is traced on the host and runs on the device."""

    def __init__(self, f: Callable[..., Any], machine: Any = None) -> None:
        self.machine: Any = machine or (first() if ON_GPU else HostMachine())
        self._function: Any = Function(f)
        self._f = f
        self.runners: dict[Any, DeviceRunner] = {}
        #: Variable -> its array on the host, and the same on the device
        self._twins: dict[ad.Variable, tuple[Any, Any]] = {}

    @property
    def runner(self) -> DeviceRunner:
        """The only program."""
        (runner,) = self.runners.values()
        return runner

    def made(self, *args: Any, **kwargs: Any) -> DeviceRunner:
        """The program for these arguments."""
        key, arrays = signature(args, kwargs, self._f)
        if key not in self.runners:
            f = self._function
            with f._recorded(args, kwargs, arrays) as (trace, result):
                program = lower(trace, result, f._names(args, kwargs))
                self.runners[key] = DeviceRunner(program, f._text_name(), self.machine)
        return self.runners[key]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        runner = self.made(*args, **kwargs)
        _, arrays = signature(args, kwargs, self._f)
        variables = list(runner.program.variables)
        self.to_device(variables)
        try:
            found = runner([self.machine.array(x) for x in arrays])
        finally:
            self.to_host(variables)
        return _nest.replace(found, self._read)

    def _read(self, x: Any) -> Any:
        if isinstance(x, ad.Tensor) and type(x._data) is self.machine.array_type:
            return ad.Tensor(as_data(self.machine.numpy(x._data)))
        return x

    def to_device(self, variables: list[ad.Variable]) -> None:
        """Variables' arrays to the device; those that are there already stay."""
        for v in variables:
            host, twin = self._twins.get(v, (None, None))
            v._data = twin if host is v._data else self.machine.array(v._data)
            del host, twin
            self._twins.pop(v, None)

    def to_host(self, variables: list[ad.Variable]) -> None:
        """Variables' arrays as the host has them."""
        for v in variables:
            twin = v._data
            v._data = as_data(self.machine.numpy(twin))
            self._twins[v] = v._data, twin

    def source(self, *args: Any) -> str:
        """The kernels."""
        return "\n".join(f"{r.text}\n{r.reason}" for r in self.runners.values())

"""The directives of the reference. `public`: all public names of a module, from their docstrings.

    .. public:: autodiff
       :of: autodiff.ops.elementwise autodiff.ops.arithmetic

shows a table of the names, then each with its docstring. `of` leaves those that are written in one
of these modules; `-` stands for what says no module, such as numbers. `ops` is the table
of `ops.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx
from sphinx.util import logging

from docs._building import docstrings, names, ops

log = logging.getLogger(__name__)
#: what `ad.` stands for, and where a name without a module is looked for
SHORT = {"ad": "autodiff"}


class Public(Directive):
    """`.. public:: module`."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"of": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        module = self.arguments[0]
        wanted = self.options.get("of", "").split()
        paths = [f"{module}.{name}" for name in names.chosen(module, wanted)]
        source = self.state_machine.document.current_source or ""
        text = [*summary(paths), *(line for path in paths for line in entry(path))]
        self.state_machine.insert_input(text, source)
        return []


class Ops(Directive):
    """`.. ops::`."""

    def run(self) -> list[nodes.Node]:
        source = self.state_machine.document.current_source or ""
        self.state_machine.insert_input(list(ops.table()), source)
        return []


def summary(paths: list[str]) -> Iterator[str]:
    """A table of names and what they are."""
    yield from (".. list-table::", "   :class: names", "   :widths: auto", "")
    for path in paths:
        shown = path.rpartition(".")[2]
        line = docstrings.restructured([first_line(path)], linked(path))[0]
        yield f"   * - :py:obj:`{shown} <{path}>`"
        yield f"     - {line}"
    yield ""


def first_line(path: str) -> str:
    """What a name is, in a line."""
    value = names.value_of(path)
    if inspect.isclass(value) and value.__module__ == "numpy":
        return f"The dtype {value.__name__}."
    if inspect.isclass(value) or callable(value):
        return (inspect.getdoc(value) or "").split("\n")[0] or "\\ "
    return f"`{value!r:.60}`"


def entry(path: str) -> Iterator[str]:
    """What autodoc is to say of a name."""
    value, home = names.value_of(path), names.home(path)
    module, _, name = path.rpartition(".")  # in its page's `py:module`
    if home != path:
        kind = "class" if inspect.isclass(value) else "function"
        yield from (f".. py:{kind}:: {name}", "", f"   The same as :py:obj:`{home}`.")
    elif inspect.isclass(value) and value.__module__ == "numpy":
        yield from (f".. py:data:: {name}", "", f"   ``numpy.{value.__name__}``.")
    elif inspect.isclass(value):
        yield f".. autoclass:: {path}"
        if shown := list(names.members(value)):
            yield f"   :members: {', '.join(shown)}"
        yield ""
        if also := methods_that_are_ops(value):
            links = ", ".join(f":py:obj:`{name} <autodiff.{op}>`" for name, op in also)
            yield f"   Methods that are functions of ``{module}``, too: {links}."
    elif callable(value):
        yield f".. autofunction:: {path}"
    else:
        yield from (f".. py:data:: {name}", "   :value: " + f"{value!r:.60}")
    yield ""


def methods_that_are_ops(cls: type) -> list[tuple[str, str]]:
    """Methods of a class that are public functions, and those functions' names."""
    canonical = names.canonical()
    found = ((name, canonical.get(id(value))) for name, value in sorted(vars(cls).items()))
    return [
        (name, path.removeprefix("autodiff."))
        for name, path in found
        if path and path.startswith("autodiff.") and not name.startswith("_")
    ]


def linked(path: str) -> docstrings.Link:
    """What finds the public name that a piece of code in this object's docstring stands for."""
    module = path.rpartition(".")[0]
    known = {home: home for home in (*names.MODULES, *names.canonical().values())}
    own = names.arguments(path)

    def link(code: str) -> str | None:
        if code in own:
            return None
        head, _, rest = code.partition(".")
        full = f"{SHORT.get(head, head)}.{rest}" if rest else code
        places = (full, f"nn.{full}", f"{module}.{full}", f"autodiff.{full}")
        return next((known[place] for place in places if place in known and place != path), None)

    return link


def rewrite(app: Sphinx, kind: str, name: str, value: Any, options: Any, lines: list[str]) -> None:
    """A docstring is about to be read."""
    lines[:] = docstrings.restructured(lines, linked(name))


def signature(
    app: Sphinx, kind: str, name: str, value: Any, options: Any, text: str, returns: str
) -> tuple[str | None, str | None]:
    """Of a class the arguments of its constructor: `__new__` may take whatever comes."""
    if kind != "class" or not inspect.isfunction(value.__init__):
        return text, returns
    found = inspect.signature(value.__init__)
    plain = [p.replace(annotation=p.empty) for p in list(found.parameters.values())[1:]]
    return str(inspect.Signature(plain)), None


def complain_of_missing(app: Sphinx, env: Any) -> None:
    """Every public name must have been documented somewhere."""
    there = env.get_domain("py").objects
    for path in names.everything():
        if path not in there:
            log.warning("%s is on no page of the reference", path)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx asks for it."""
    app.add_directive("public", Public)
    app.add_directive("ops", Ops)
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-process-signature", signature)
    app.connect("env-check-consistency", complain_of_missing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

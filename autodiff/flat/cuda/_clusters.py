"""Which values one kernel computes on a device: more than on a CPU, where NumPy does some well."""

from __future__ import annotations

from ..fuse._clusters import Growth, touched
from ..fuse._loops import ELEMENTWISE, Nest, Space, base, reads, shrinks, space_of
from ..ir._strides import laid
from ..ir._value import REDUCTIONS, Value
from ..plan._buffers import owner
from ._c import computes, known
from ._kernel import MOST_PARAMETERS

#: arrays that one kernel reads: what else it has are outputs, fewer than that
MOST_INPUTS = MOST_PARAMETERS // 2
#: columns of rows that are reduced while their columns are, too: their sums lie in shared memory
WIDE = 1024


class DeviceNest(Nest):
    """Loops whose totals may be worked with at the end: a mean is a sum, divided."""

    def late(self) -> set[Value]:
        """Numbers that are known only after the loops."""
        return late(self.members, self.inside, self.place)


def late(members: object, inside: set[Value], place: dict[Value, str]) -> set[Value]:
    """Totals, and numbers that are made of them."""
    found: set[Value] = set()
    for v in sorted(inside, key=lambda v: v.number):
        if not place[v] and (shrinks(v) or any(base(x) in found for x in reads(v))):
            found.add(v)
    return found


class DeviceGrowth(Growth):
    """What fits into kernels of the device."""

    nest = DeviceNest
    totals_wait = False

    def _worth(self, members: list[Value]) -> bool:
        space = space_of(touched(members), self.axes)
        return space is not None and self._together(members, {*members}, space)

    def _fits(self, value: Value) -> bool:
        op = value.op
        if not known(value, *value.inputs) or not value.size or (value.shape and value.size < 2):
            return False
        if not all(laid(x) is owner(x) for x in map(base, value.operands)):
            return False
        if op in ELEMENTWISE:
            return computes(value)
        if any(base(x).size < x.size for x in value.operands):
            return False  # what is repeated would be taken in once
        if op in REDUCTIONS:
            (x,) = value.inputs
            return x.size >= 2 * value.size and (not value.ndim or value.size >= 2)
        if op == "rows":
            return self._compares(value)
        return self._picks(value) if op == "take" else op == "within"

    def _together(self, members: list[Value], inside: set[Value], space: Space) -> bool:
        if len({base(x) for v in members for x in reads(v)} - inside) > MOST_INPUTS:
            return False
        place = {v: space.place(self.axes.of(v)) for v in members}
        after = late(members, inside, place)
        arrays = any(place.values())
        rows = columns = False
        for v in members:
            whole = shrinks(v) and place[v] != "i"
            source = space.place(self.axes.of(base(v.inputs[0]))) if shrinks(v) else ""
            rows |= shrinks(v) and place[v] == "i"
            columns |= whole and place[v] == "j"
            if space.outer and ((place[v] == "j" and not whole) or source == "j"):
                return False  # a loop over columns before that over rows
            if whole and place[v] == "j" and any(u in inside for u in self.users[v]):
                return False  # known after the loops only
            if v not in after and not place[v] and arrays and self._needed(v, inside):
                return False  # numbers for others are made by themselves
            if v in after:
                users = (u for u in self.users[v] if u in inside)
                if any(u not in after or shrinks(u) for u in users):
                    return False
        return not (rows and columns and space.columns > WIDE)

"""The lecture's example, the sigmoid neuron f(w, x) = σ(w0·x0 + w1·x1 + w2), and its numbers."""

from __future__ import annotations

from typing import Any

import autodiff as ad

#: leaf -> value and gradient as on the slide
LEAVES = {
    "w0": ("2.00", "-0.20"),
    "x0": ("-1.00", "0.39"),
    "w1": ("-3.00", "-0.39"),
    "x1": ("-2.00", "-0.59"),
    "w2": ("-3.00", "0.20"),
}
#: symbols of the gates after the second sum, and the numbers on the wires from there to the end
FOLDED = (["σ"], [("1.00", "0.20"), ("0.73", "1.00")])
UNFOLDED = (
    ["×(−1)", "exp", "+1", "1/x"],
    [
        ("1.00", "0.20"),
        ("-1.00", "-0.20"),
        ("0.37", "-0.53"),
        ("1.37", "-0.53"),
        ("0.73", "1.00"),
    ],
)


def neuron(unfolded: bool = False, **options: Any) -> Any:
    """The diagram of the neuron, its sigmoid in one gate or unfolded."""
    w0, x0, w1, x1, w2 = (
        ad.Variable(float(value), dtype=ad.float64, name=name)
        for name, (value, _) in LEAVES.items()
    )
    with ad.GradientTape() as tape:
        z = w0 * x0 + w1 * x1 + w2
        f = 1 / (1 + ad.exp(-z)) if unfolded else ad.sigmoid(z)
    return tape.diagram(f, names={f: "f"}, **options)

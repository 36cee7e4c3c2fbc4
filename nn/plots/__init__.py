"""Pictures of what was learnt and how, drawn by matplotlib, which is imported when one is drawn.

from nn import plots

plots.curves(model.fit(x, y, epochs=5, validation_data=held_out), "loss")
plots.decision_regions(model, x, y)

Every function gives the Axes that it drew on, or an array of them. It draws on `ax`, or in
`figure`, where that is given, else in a new figure of pyplot.
"""

from nn.plots.activations import activation, learned_function
from nn.plots.curves import curves, step_losses
from nn.plots.descent import best_step, descent, descent_on_curve
from nn.plots.flow import flow
from nn.plots.images import digits, weights
from nn.plots.matrices import confusion_matrix
from nn.plots.regions import decision_regions, hidden_maps

__all__ = [
    "activation",
    "best_step",
    "confusion_matrix",
    "curves",
    "decision_regions",
    "descent",
    "descent_on_curve",
    "digits",
    "flow",
    "hidden_maps",
    "learned_function",
    "step_losses",
    "weights",
]

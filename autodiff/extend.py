"""Ops of your own, declared as the library's are.

    from autodiff.extend import op, unary

    @op(x=lambda g, x, out: -2 * g * x * out, label="bell", flops=3, sample=unary())
    def bell(xp, x, /):
        '''exp(-x²), element by element.'''
        return xp.exp(-x * x)

That is all: `bell` has gradients of any order, a node in diagrams, a row of costs, lines in flat
programs and kernels on a GPU, and `autodiff.testing.check_gradients(bell, [0.5])` proves the rule.
`op` says what a declaration may hold. Samples are what random checks call an op with: `unary`,
`binary` and `reduction` make them, or a function `sample(draw) -> (inputs, statics)` of a `Draw`.
An op has its name once: another one of that name raises a `DeclarationError`, unless both were
typed into a notebook or at a prompt.

For another derivative of what is made of ops, `autodiff.custom_gradient` is enough.
"""

from .engine._op import DeclarationError, op
from .engine._samples import Draw, binary, reduction, unary

__all__ = ["DeclarationError", "Draw", "binary", "op", "reduction", "unary"]

"""Linear algebra: the `linalg` part of the Array API standard, and NumPy's.

>>> import autodiff as ad
>>> ad.linalg.trace([[1.0, 2.0], [3.0, 4.0]])
Tensor(5., dtype=float32)
"""

from .ops.linalg import (
    matmul,
)
from .ops.linalg_eigen import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
)
from .ops.linalg_equations import (
    lstsq,
    tensorinv,
    tensorsolve,
)
from .ops.linalg_factors import (
    cholesky,
    qr,
    svd,
    svdvals,
)
from .ops.linalg_norms import (
    cond,
    matrix_norm,
    matrix_rank,
    norm,
    vector_norm,
)
from .ops.linalg_products import (
    cross,
    diagonal,
    inner,
    kron,
    matrix_power,
    matrix_transpose,
    multi_dot,
    outer,
    tensordot,
    trace,
    vdot,
    vecdot,
)
from .ops.linalg_solve import (
    cofactors,
    det,
    inv,
    pinv,
    slogdet,
    solve,
)

__all__ = [
    "cholesky",
    "cofactors",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "inner",
    "inv",
    "kron",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "tensorinv",
    "tensorsolve",
    "trace",
    "vdot",
    "vecdot",
    "vector_norm",
]

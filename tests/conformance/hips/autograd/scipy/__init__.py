"""Names of autograd.scipy: SciPy's special functions, and what is made of ops for its tests."""

"""Where each value lives: in a buffer, over another value, in a Variable, or as a view."""

"""A function is run once and recorded; what a program could not repeat raises."""

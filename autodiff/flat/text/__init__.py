"""The program as text: as it is run, and as it is read."""

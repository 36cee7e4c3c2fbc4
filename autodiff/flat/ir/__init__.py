"""The program as values, each made once from earlier ones, and what their operations mean."""

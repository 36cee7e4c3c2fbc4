"""The ops, by kind; each is declared in one statement."""

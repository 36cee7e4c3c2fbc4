"""What pytest must not look into by itself."""

#: they import what may not be installed
collect_ignore_glob = [
    "ops/oracle_*.py",
    "flat/oracle_*.py",
]

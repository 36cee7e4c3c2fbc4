"""What pytest must not look into by itself."""

collect_ignore_glob = ["oracle_*.py", "flat/oracle_*.py"]  # they import what may not be installed

"""HTTP in and out of reporting; one query each."""

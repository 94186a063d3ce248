"""Real servers for tests and for running the production backend on a machine without Docker."""

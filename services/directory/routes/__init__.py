"""HTTP of directory: one command or query for each route."""

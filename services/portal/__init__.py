"""Web pages over the APIs; holds no data."""

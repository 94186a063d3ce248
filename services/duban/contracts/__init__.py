"""`duban contracts`: what the services publish, written down from the code and held against the last release."""

from services.duban.contracts.cli import app

__all__ = ["app"]

"""What reporting subscribes to."""

from services.reporting.projections import accounts, board, directory

CONSUMERS = (directory, accounts, board)

"""Reporting: what task's and directory's events say, as tables that answer "now" and "as of that day"."""

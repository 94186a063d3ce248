"""Revisions of task's database."""

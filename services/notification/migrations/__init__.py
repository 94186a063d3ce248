"""Revisions of notification's database."""

"""How fast reporting takes events in, and how fast it answers, with 10,000 assignments."""

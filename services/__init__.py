"""The services of Duban; none imports another."""

"""What directory reads from outside and answers with."""

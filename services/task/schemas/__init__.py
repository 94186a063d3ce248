"""What task reads from outside and answers with."""

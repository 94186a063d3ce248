"""What changes in directory: one module per subject."""

"""What can be done in task: load, ask whether the caller may, ask the model, record."""

"""HTTP in and out of task: one command or query each, no SQL, no rule."""

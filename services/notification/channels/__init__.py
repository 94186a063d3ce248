"""The ways to reach people: the inbox and e-mail."""

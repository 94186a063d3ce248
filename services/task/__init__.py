"""Plans, assignments, reports and their deadlines."""

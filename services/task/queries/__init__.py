"""Every SELECT of task: `get_` raises, `find_` may be None, `list_` pages."""

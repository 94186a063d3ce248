"""Every SELECT of reporting."""

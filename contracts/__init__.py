"""The published language: event classes per publishing service, the only thing that services know of each other."""

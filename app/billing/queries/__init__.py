"""Reading billing; one file per part of it."""

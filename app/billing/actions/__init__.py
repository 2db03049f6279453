"""Changing what is sold, bought, paid and given back; one file per part of it."""

"""Verbs of the discussion: the actor first, the rest keyword-only, inside the door's unit of work."""

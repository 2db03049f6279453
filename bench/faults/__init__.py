"""Faults of every kind, tried on a served site: `bin/bench faults`.

`catalogue` lists them, each as what is done, what must still work meanwhile, how it is told and what ends it;
`course` runs one, on a `stage` that serves web and worker as an installation does.
"""

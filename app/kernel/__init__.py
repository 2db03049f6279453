"""Kernel: what every room stands on. Database and unit of work, clock, ids, errors, text, audit.

Knows nothing of planets, people or HTTP. Everything above may import it; it imports none of ours.
"""

"""Backups: made while the site runs, verified byte by byte, put back in one command. `flask backup`.

A backup is a folder (or the objects below one prefix of a bucket) with the database as of one moment, the
uploads, and `manifest.json`, which names every file with size and SHA-256, and is sealed by
`manifest.json.sha256`. The manifest comes last and the folder gets its name last, so one that was broken
off is none.
"""

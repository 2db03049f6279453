"""Numbers for owners: read only, over the rooms below.

Every figure has one definition, which stands in docs/billing.md and beside the figure on the page, and
which a test counts by hand. Nothing here names a person, and nothing is kept: each page is counted
anew from rows. Months begin at midnight of the zone that the caller names (the installation's).
"""

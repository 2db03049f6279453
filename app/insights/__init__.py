"""Numbers for owners: read only, over the rooms below.

Every figure has one definition, which stands in docs/billing.md and beside the figure on the page, and
which a test counts by hand. Nothing here names a person. Sums are kept (`tallies`), so that a page
costs the same however many members, visitors and bookings there are; they can be counted anew from
rows at any time.
Months begin at midnight of the zone of the installation.
"""

from app.insights import funnel, income, members, noting
from app.insights.keeping import keep
from app.insights.tallies import Kind

__all__ = ["KINDS", "keep_tallies", "noting"]

KINDS: tuple[Kind, ...] = (members.KIND, funnel.KIND, income.KIND)


def keep_tallies() -> None:
    """Bring all sums up to date. A timed job calls it; also safe by hand."""
    keep(KINDS)

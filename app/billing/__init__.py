"""Billing: what membership costs, who paid it, and where every cent went.

Invariants (the rules R1 to R24 stand in docs/billing.md, a test names each): a webhook is a poke, the
truth is fetched from the provider and applied by one function, `sync`, whoever calls it; access is
granted by entitlements (room `memberships`), one per order of a pass and one per paid invoice of a
subscription, never by a return address; money is integer minor units with a currency; the ledger is
only ever added to; no database lock is held across a call to a provider.
"""

"""Doors: the only code that knows HTTP. A door parses, calls one action or query, and renders.

Invariants: every route declares its policy action or `public` (`entrance.declares`); a POST ends in
303; a form that is wrong comes back with 422 and what was typed; no role is named here.
Shared by all doors: `entrance` (who comes in, where to), `errors`, `security`, `page`.
"""

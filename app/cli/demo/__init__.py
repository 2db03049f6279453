"""The lived-in demo: two planets, one person per role, a conversation in each state."""

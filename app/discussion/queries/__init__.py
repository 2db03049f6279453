"""Reading the discussion: Core columns into frozen rows, each list from a `visible_` select."""

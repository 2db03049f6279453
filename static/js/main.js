// The page is complete without this file; each module adds one comfort to what it finds.

"""Search: finds every word, in Chinese and English, in what the reader may open, and nothing else.

The index is derived and can be rebuilt at any time; the database is the truth. Two engines stand behind
`port`: Whoosh (files under `search_index/`) and PostgreSQL. What may be found is decided twice: inside
the engine, by what the index knows of each text (`port.TopicFacts`, `port.Reader`), so that counts and
facets are right; and again by `visible_topics` when the hits are read from the database.
"""

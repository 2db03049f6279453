"""Moving everything from one database into another: `flask move-database`.

Rows go over in batches, each a transaction, table by table in the order of their foreign keys, which stay in
force; within a table by primary key. So what is there already says how far a move came that was broken off.
At the end both are read once more and compared.
"""

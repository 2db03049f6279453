"""Discussion: topics, questions and answers, comments, tags, series, reactions, read marks.

Invariants: `Topic.author_id` and `Comment.author_id` are NULL for an anonymous asker, whose id stands
in `Question.asker_id` alone, so no join can show it; every list starts from a `visible_` select that
agrees with the policy; HTML is rendered once, at write time; `Topic.rev` grows with every change
that the topic's page shows; permalinks never change and a deleted thing with replies leaves a marker.
"""

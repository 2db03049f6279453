"""Field Notes: an English circle of people who make small software."""

from __future__ import annotations

from app.cli.demo.script import Ask, Column, PlanetScript, Post, Remark

_INTRO = """I am Lin Yue. I have shipped eleven small products; three of them pay the rent.

**Field Notes** is where I write down what happened, with the numbers left in:

- one build log a week, including the weeks that went badly;
- honest answers within three days, from me or from the guest of the month;
- an archive you can search: the third person to ask deserves the best answer, not the fastest.
"""

_RULES = """## House rules

1. Bring numbers when you can, and say so when you cannot.
2. No pitching, no poaching. If you want to work with somebody, say it in the open.
3. Quote a line or two elsewhere if you like; please do not copy whole posts.
"""

_PRICING = """Last Tuesday I raised the price from **$9 to $15**. The short version: nothing terrible happened.

| | before | after |
|---|---:|---:|
| visits to the price page | 1,204 | 1,187 |
| trials started | 61 | 52 |
| paid | 9 | 11 |
| refund requests | 1 | 0 |

Three things I would do again:

1. Existing customers keep their price. I told them *before* the change, in two sentences.
2. The page says what the money is for, not what the features are.
3. I waited two full weeks before looking at the numbers.

And one I would not: I changed the headline on the same day, so I cannot tell which of the two did it."""

_CRASH = """At 02:14 the disk filled up. At 02:15 the site was answering errors, and at 08:30 I woke up.

```python
def free_share(path: str) -> float:
    usage = shutil.disk_usage(path)
    return usage.free / usage.total
```

Six hours, four lines. What I changed, in order of how boring it is:

- [x] an alert at 20 % free, by e-mail *and* by phone
- [x] logs rotate daily, seven are kept
- [x] a page that says what broke instead of a blank one
- [ ] a second machine (not yet: it would cost more than six hours a year)

> If it is not tested, it does not work. That includes the alarm."""

PLANET = PlanetScript(
    slug="field-notes",
    name="Field Notes",
    tagline="Small software, honest numbers",
    intro=_INTRO,
    category="technology",
    language="en",
    accent="indigo",
    joining="approval",
    join_question="What are you building, and what is the one number you look at?",
    cover="cover-field-notes.webp",
    avatar="avatar-field-notes.webp",
    rules=_RULES,
    nicknames={
        "owner": "Lin Yue",
        "partner": "Zhao Heng",
        "admin": "Su Qing",
        "guest": "Chen Mo",
        "member": "Wang Xiaoyu",
        "other": "Li An",
        "grace": "Zheng He",
        "expired": "He Ping",
        "pending": "Xu Nan",
        "removed": "Qian Duo",
        "left": "Zhou Yi",
        "isolated": "Sun Li",
        "muted": "Wu Tong",
    },
    columns=(
        Column("Build log", "What happened this week, good or bad."),
        Column("Mistakes", "Each one cost more than it should have."),
    ),
    posts=(
        Post(
            by="owner",
            title="Raising the price, with the numbers left in",
            text=_PRICING,
            days_ago=2.4,
            tags=("pricing",),
            series="Build log",
            digest=True,
            pinned=True,
            images=("chart.webp",),
            liked_by=("partner", "guest", "member", "other"),
            remarks=(
                Remark(
                    "member",
                    "Did anyone on the old plan ask to move to the new one?",
                    replies=(
                        Remark(
                            "owner",
                            "Two did. Both said the new page made them notice a feature they already had.",
                            liked_by=("member",),
                            replies=(
                                Remark("partner", "That is the headline, then, not the price."),
                            ),
                        ),
                    ),
                ),
                Remark("other", "How long was the trial before and after? 14 days both times?"),
            ),
        ),
        Post(
            by="owner",
            title="The night the disk filled up",
            text=_CRASH,
            days_ago=10.6,
            tags=("operations", "mistakes"),
            series="Mistakes",
            sample=True,
            digest=True,
            images=("night.webp",),
            liked_by=("member", "admin", "grace"),
            remarks=(
                Remark("guest", "Rotate by size as well. A loop can fill a day's log in an hour."),
            ),
        ),
        Post(
            by="guest",
            title="How I read a contract in twenty minutes",
            text=(
                "I am not your lawyer. But I have read some four hundred of these, and this is the order:\n\n"
                "1. **How does it end?** Term, notice, what survives.\n"
                "2. **Who owns the work,** and from which moment: on creation or on payment?\n"
                "3. **What is the cap?** If there is none, that is the first thing to ask for.\n\n"
                "Everything else can wait until these three are right."
            ),
            days_ago=7.3,
            tags=("contracts",),
            files=(
                (
                    "contract-checklist.txt",
                    "1. How does it end?\n2. Who owns the work?\n3. What is the cap?\n",
                ),
            ),
            liked_by=("owner", "other"),
        ),
        Post(
            by="partner",
            text=(
                "Small thing, big effect: we now answer *every* cancellation with one question, "
                "“what were you hoping for?” Forty replies in a month. Twelve of them are our roadmap."
            ),
            days_ago=0.6,
            tags=("retention",),
            remarks=(Remark("member", "Do you ask before or after the refund?"),),
        ),
    ),
    questions=(
        Ask(
            by="member",
            to="owner",
            text="My churn is 7 % a month with 80 customers. Is that a number I can trust at this size?",
            days_ago=6,
            answer=(
                "Not as a percentage. 7 % of 80 is five or six people: **call them.**\n\n"
                "With so few, one bad week moves the rate by two points. Count names until you have about 400, "
                "then start counting percent."
            ),
            answered_days_ago=5.6,
            accepted=True,
            liked_by=("other", "guest"),
            remarks=(Remark("member", "Called four. Three had a broken import. Fixed today."),),
        ),
        Ask(
            by="other",
            to="guest",
            text="A client wants unlimited liability in a $3,000 contract. Do I walk away?",
            days_ago=3,
            anonymous=True,
            answer=(
                "Ask once for a cap of the contract's value; most people agree, because their own lawyer told them "
                "to. If they refuse in writing, yes: walk. It is not a $3,000 contract any more."
            ),
            answered_days_ago=2.7,
            remarks=(Remark("asker", "They agreed within the hour. Thank you."),),
        ),
        Ask(
            by="grace",
            to="owner",
            text="When did you hire your first person, and for what?",
            days_ago=0.9,
        ),
        Ask(
            by="other",
            to="partner",
            text="Yearly plans: is two months free still the norm?",
            days_ago=5.2,
        ),
        Ask(
            by="other",
            to="owner",
            text="Could you review my landing page?",
            days_ago=9,
            declined="I keep answers to things many can use. Post the one sentence you are unsure of.",
        ),
    ),
)

"""慢读书社: a Chinese reading circle."""

from __future__ import annotations

from app.cli.demo.script import Ask, Column, PlanetScript, Post, Remark

_INTRO = """我是林悦，做了十二年编辑。**慢读书社**只做一件事：一个月，把一本书读透。

- 每周一发导读，周四发一篇笔记，月底开一次复盘。
- 有问题直接提给我，或者提给这个月的嘉宾，三天之内一定有回音。
- 这里没有打卡，也没有排行榜。读得慢，没关系。

> 群聊适合热闹，这里适合留下来。三年前的一条回答，今天依然找得到。
"""

_RULES = """## 三条就够

1. 对事不对人。反驳观点时，先把对方的意思复述一遍。
2. 不在这里推销，也不要私下加人。
3. 这里的内容请不要整段搬出去；摘一两句、注明出处，没有问题。
"""

_GUIDE = """这个月读的是一本讲“注意力”的书。先别急着翻开正文，花十分钟做三件事：

1. 看目录，猜每一章要回答什么问题，写在便签上；
2. 翻到结论，读最后五页，看作者自己怎么总结；
3. 回到序言，找出作者**反对谁**。

| 周次 | 章节 | 要带着的问题 |
|---|---|---|
| 第一周 | 1–3 章 | 注意力是“资源”还是“关系”？ |
| 第二周 | 4–6 章 | 哪些证据来自实验，哪些来自经验？ |
| 第三周 | 7–9 章 | 如果作者错了，会错在哪里？ |
| 第四周 | 复盘 | 哪一条你真的用上了？ |

下周一见。便签照片可以贴在评论里。"""

_NOTE = """读到第四章，最打动我的是一句不起眼的话：**分心不是缺少注意力，而是注意力有了别的去处。**

顺着这句话，我把自己一天里“被打断”的时刻记了下来：

- 上午 9:40，等编译的时候顺手打开了邮箱；
- 上午 11:15，写不出开头，去改了目录的字体；
- 下午 3:20，读到一个不认识的名词，查着查着，四十分钟过去了。

三次打断，没有一次是别人造成的。每一次都发生在“下一步不清楚”的时候。

所以我的结论是：*与其锻炼意志力，不如把下一步写得更小。* 这周试试看，把“写导读”换成“写导读的第一句话”。"""

_METHOD = """很多人问我怎么做笔记。我只用三种颜色，规则写在扉页上：

```text
黑色  作者说了什么（不加评论）
蓝色  我想到了什么（例子、反例、联想）
红色  我要做什么（必须有日期）
```

三个月后翻回来，黑色帮我想起书，蓝色帮我想起当时的自己，红色告诉我有没有撒谎。

如果读的是带公式的书，比如遗忘曲线 $R = e^{-t/S}$，就在旁边用一句大白话写下它的意思：*记得越牢，忘得越慢*。写不出来，就是没有懂。"""

_GUEST = """感谢林悦邀请。我是陈默，在医院做了二十年睡眠门诊，这个月陪大家读“注意力”这本书里和睡眠有关的两章。

先放一个结论：**书里说的“每天只睡五小时也能专注”，不适用于绝大多数人。** 那项研究只有十二名受试者，随访两周。

我把相关的综述整理成了一页纸，放在附件里。两点提醒：

1. 连续两周每晚少睡一小时，反应速度大约相当于一整夜没睡；
2. 人对自己的困倦程度*判断不准*，所以“我没觉得困”不算证据。

有具体情况可以直接提问，匿名也可以。"""

PLANET = PlanetScript(
    slug="slow-reading",
    name="慢读书社",
    tagline="一个月，把一本书读透",
    intro=_INTRO,
    category="reading",
    language="zh_Hans",
    accent="jade",
    joining="open",
    join_question="",
    cover="cover-slow-reading.webp",
    avatar="avatar-slow-reading.webp",
    rules=_RULES,
    columns=(
        Column("导读", "每周一的阅读地图：这一周读什么，带着什么问题读。"),
        Column("读书方法", "笔记、选书、复盘，慢慢攒起来的做法。"),
    ),
    posts=(
        Post(
            by="owner",
            title="本月导读：先找到作者反对谁",
            text=_GUIDE,
            days_ago=9.2,
            tags=("导读", "注意力"),
            series="导读",
            pinned=True,
            digest=True,
            images=("desk.webp", "notes.webp"),
            liked_by=("partner", "guest", "member", "grace", "admin"),
            remarks=(
                Remark(
                    "member",
                    "便签写好了。第三章我猜要回答“为什么越努力越分心”，读完来对答案。",
                    liked_by=("owner", "guest"),
                    replies=(
                        Remark(
                            "owner",
                            "这个猜法很好。提示：作者没有正面回答，他换了一个问题。",
                            replies=(
                                Remark(
                                    "member",
                                    "读完了！他把“努力”换成了“环境”。",
                                    replies=(
                                        Remark(
                                            "owner",
                                            "正是。复盘的时候请你来讲这一段。",
                                            liked_by=("member", "partner"),
                                        ),
                                    ),
                                ),
                            ),
                        ),
                        Remark("grace", "我猜的是“多任务”，看来偏了。"),
                    ),
                ),
                Remark(
                    "partner",
                    "补充：序言第二页的注释里，作者点名反对了两种人，别漏掉。",
                    stuck=True,
                ),
                Remark("muted", "电子版的页码和纸书对不上，大家引用的时候写一下小节名吧。"),
            ),
        ),
        Post(
            by="guest",
            title="睡眠与专注：一页纸综述",
            text=_GUEST,
            days_ago=6.4,
            tags=("睡眠", "注意力"),
            digest=True,
            images=("night.webp",),
            files=(
                (
                    "睡眠与专注-一页纸.md",
                    "# 睡眠与专注\n\n每晚少睡一小时，两周后约等于通宵一晚。\n",
                ),
            ),
            liked_by=("owner", "member", "other", "admin"),
            remarks=(
                Remark(
                    "other",
                    "孩子两岁，夜里醒三次。这种“断断续续的八小时”和连续六小时，哪个更糟？",
                    replies=(
                        Remark(
                            "guest",
                            "从注意力测试看，断续的八小时更糟一些。白天补二十分钟的短觉，比晚上硬撑有用。",
                            liked_by=("other", "member"),
                            replies=(Remark("other", "谢谢陈医生，今天中午就睡。"),),
                        ),
                    ),
                ),
            ),
        ),
        Post(
            by="owner",
            title="分心，是因为下一步不够小",
            text=_NOTE,
            days_ago=3.1,
            tags=("笔记", "注意力"),
            liked_by=("member", "guest"),
            remarks=(
                Remark("grace", "“等编译”那条太真实了。"),
                Remark(
                    "member",
                    "我把“整理房间”改成“把椅子上的衣服挂起来”，真的就动了。",
                    replies=(Remark("owner", "然后往往就停不下来了。"),),
                ),
            ),
        ),
        Post(
            by="owner",
            title="三种颜色的笔记",
            text=_METHOD,
            days_ago=34,
            tags=("方法",),
            series="读书方法",
            sample=True,
            digest=True,
            images=("notes.webp",),
            liked_by=("partner", "member", "other"),
            remarks=(Remark("partner", "红色那条我坚持了半年，撒谎率从八成降到三成。"),),
        ),
        Post(
            by="partner",
            title="怎么选下一本书",
            text=(
                "选书只问两个问题：\n\n1. 这本书要**改变**我的哪一个看法？\n2. 读完以后，我会**少做**哪一件事？\n\n"
                "两个都答不上来，就先放着。书不会跑。"
            ),
            days_ago=52,
            tags=("方法",),
            series="读书方法",
            liked_by=("owner",),
        ),
        Post(
            by="admin",
            text=(
                "本周日 20:00 线上复盘，时长一小时。想发言的朋友请在评论里写一句“我要讲哪一段”，"
                "先到先讲，每人五分钟。会议的文字整理稿会发在这里，错过了也没关系。"
            ),
            days_ago=1.3,
            tags=("活动",),
            remarks=(Remark("member", "我讲第三章那个“换问题”的段落。"),),
        ),
        Post(
            by="owner",
            title="去年的书单（已结束讨论）",
            text=(
                "去年十二个月读完的书，按“后来还会想起来”的次数排：\n\n"
                "- [x] 一月：讲记忆的那本，想起来 *无数次*\n- [x] 五月：讲城市的那本\n- [ ] 十月：没有读完，坦白\n\n"
                "讨论先到这里，今年的书单请看[导读](https://example.org/list)。"
            ),
            days_ago=120,
            tags=("书单",),
            closed=True,
            remarks=(
                Remark("expired", "五月那本我也最喜欢。"),
                Remark("other", "十月那本我替你读完了，哈哈。"),
            ),
        ),
    ),
    questions=(
        Ask(
            by="other",
            to="guest",
            text="陈医生，戴耳塞睡觉会不会影响听力？我住在马路边，不戴睡不着。",
            days_ago=0.7,
        ),
        Ask(
            by="member",
            to="guest",
            text="陈医生好，我习惯睡前看一小时纸质书，这算“屏幕之外的放松”还是“继续用脑”？需要改吗？",
            days_ago=5.5,
            answer=(
                "只要**不是为了学习**，就算放松。判断方法很简单：合上书的时候，你是更困了，还是更清醒了？\n\n"
                "- 更困：继续，这是很好的习惯；\n- 更清醒：换一本情节平缓的，或者把时间提前一小时。\n\n"
                "灯光比内容更重要：用暖光，亮度到“刚好看清”为止。"
            ),
            answered_days_ago=5.1,
            accepted=True,
            liked_by=("owner", "other", "grace"),
            remarks=(
                Remark("member", "换成暖光之后确实困得快，谢谢！"),
                Remark(
                    "grace",
                    "请问色温多少算暖？",
                    replies=(Remark("guest", "2700K 左右就好，不必太讲究。"),),
                ),
            ),
        ),
        Ask(
            by="other",
            to="guest",
            text="最近半年只要一停下来就心慌，书也读不进去，不知道是不是焦虑。不太想让大家知道我是谁，所以匿名问。",
            days_ago=4.2,
            anonymous=True,
            answer=(
                "谢谢你愿意说出来。半年、停下来就心慌、影响到读书，这三点加在一起，**值得去一次门诊**，"
                "不是因为严重，而是因为有很成熟的办法。\n\n去之前，可以先记一周：几点心慌、当时在做什么、多久过去。"
                "医生最需要的就是这张表。"
            ),
            answered_days_ago=3.9,
            liked_by=("owner", "member"),
            remarks=(
                Remark("asker", "已经预约了，谢谢陈医生。"),
                Remark("owner", "抱抱。书可以慢慢读，人最要紧。"),
            ),
        ),
        Ask(
            by="grace",
            to="owner",
            text="我的工作需要每天写日报，写到最后只剩流水账。怎么才能写出“蓝色”的那部分？",
            days_ago=1.1,
        ),
        Ask(
            by="member",
            to="partner",
            text="第五章那个实验，样本只有大学生，结论能推到中年人身上吗？",
            days_ago=4.8,
        ),
        Ask(
            by="member",
            to="owner",
            text="我和合伙人因为一本书里的观点吵翻了，这件事能不能只和您一个人说？",
            days_ago=12,
            private=True,
            answer="当然可以。先问一句：你们吵的是书里的观点，还是借这本书在说别的事？把第二种情况写下来，明天我们接着聊。",
            answered_days_ago=11.5,
        ),
        Ask(
            by="other",
            to="owner",
            text="能不能推荐一款记笔记的软件？最好是有优惠码的那种。",
            days_ago=15,
            declined="我不推荐具体的商品，也没有优惠码。怎么选工具，可以看看“读书方法”专栏。",
        ),
        Ask(
            by="other",
            to="owner",
            handed_to="guest",
            text="午睡超过半小时，下午反而更累，是不是不该睡？",
            days_ago=20,
            answer="这叫“睡眠惯性”：从深睡里被叫醒。把闹钟定在 20 分钟，或者干脆睡足 90 分钟，两头都比 40 分钟好。",
            answered_days_ago=19.2,
            accepted=True,
            liked_by=("member",),
        ),
        Ask(
            by="member",
            to="owner",
            text="（这条提问后来由提问者撤回了文字）",
            days_ago=40,
            answer="如果只能留下一个习惯，我会留下“睡前写三行字”。三行就够，写什么都行。",
            answered_days_ago=39,
            withdrawn="这条提问里写了太多家里的事，回答留下就好。",
            hidden="回答不靠提问的原文也能看懂，文字就收起来了。",
            remarks=(Remark("grace", "三行字我写到第 100 天了。"),),
        ),
    ),
)

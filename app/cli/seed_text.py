"""Made-up prose for seeded data: Chinese and English, deterministic by the random source given."""

from __future__ import annotations

import random

_SUBJECTS = """复利 止损 估值 现金流 仓位 回撤 读书笔记 写作习惯 番茄工作法 间隔重复 索引 事务 缓存 消息队列
连接池 单元测试 代码评审 需求访谈 用户画像 定价策略 续费率 退款流程 会员权益 社群运营 选题会 直播脚本
封面设计 睡眠质量 深蹲动作 跑步配速 蛋白质摄入 早餐搭配 儿童阅读 亲子沟通 面试准备 简历修改 薪资谈判
合同条款 发票抬头 税务申报 保险理赔 房贷利率 旅行清单 咖啡冲煮 手冲比例 摄影构图 曝光补偿 后期调色
吉他和弦 声乐练习 英语听力 词根记忆 论文选题 文献综述 数据清洗 回归分析 特征工程 提示词 知识库
向量检索 倒排索引 日志告警 灰度发布 数据库迁移 权限设计 审计记录 密码学 随机数 时区问题""".split()

_VERBS = """复盘 拆解 梳理 对比 记录 实践 验证 推导 优化 纠正 追踪 讨论 总结 安排 放弃 坚持 重写
搭建 测量 解释 提问 回答 预测 估算 复习 演练 归档 检索 翻译 校对""".split()

_FRAMES = (
    "关于{a}，最容易忽略的一步是先{v}一遍{b}，再决定要不要继续。",
    "上周有同学问到{a}和{b}的区别，我的做法是：先{v}，再写下三个具体的例子。",
    "如果只能记住一件事，那就是**{a}**要和{b}一起看；单独{v}其中一个，结论往往是反的。",
    "我用了{n}天来{v}{a}，最后发现真正有用的只有{b}这一小块。",
    "{a}没有捷径。每天{n}分钟，连续{v}一个月，再回头看{b}，会明白很多。",
    "不要急着{v}。先问自己：{a}解决的是谁的问题？{b}又是谁在承担成本？",
    "这里有一个反例：第{n}次{v}的时候，{a}看起来完全正常，问题却出在{b}。",
    "把{a}写成清单以后，{v}的时间从{n}分钟降到了五分钟，{b}也更少出错。",
    "A short note on `{e}`: measure first, then {v}（{a}）, and only then touch {b}.",
    "The trade-off between {e} and {f} is real; {a}只是其中一个角度，{b}是另一个。",
)

_ENGLISH = """caching indexing pagination throughput latency renewal onboarding retention pricing backup
recovery migration testing review writing reading sleep budget portfolio risk margin feedback""".split()

_TITLES = (
    "{a}入门：从{b}开始",
    "第{n}期｜{a}与{b}",
    "为什么我不再{v}{a}",
    "{a}的三个误区",
    "一次关于{b}的复盘",
    "Notes on {e} and {f}",
    "{a} checklist（{n} 条）",
)

_QUESTIONS = (
    "请问{a}和{b}应该先学哪个？我已经{v}了{n}天，还是没有头绪。",
    "老师好，{a}遇到瓶颈，想知道您是怎么{v}{b}的？",
    "How do you balance {e} and {f}? 我在{a}上花的时间太多了。",
    "第{n}期里提到的{a}，如果没有{b}的基础，能直接{v}吗？",
)

_COMMENTS = (
    "谢谢，{a}这一段正好是我卡住的地方。",
    "补充一个例子：{b}也适用，我{v}过。",
    "不太同意，{a}在小团队里成本太高了。",
    "第{n}步能再展开讲讲吗？",
    "收藏了，周末{v}。",
    "{e} 的部分讲得很清楚，thanks!",
    "同问，{a}和{b}到底怎么选？",
)


class Prose:
    """A source of sentences. The same random source gives the same prose."""

    def __init__(self, source: random.Random) -> None:
        self._random = source

    def _fill(self, frame: str) -> str:
        pick = self._random
        return frame.format(
            a=pick.choice(_SUBJECTS),
            b=pick.choice(_SUBJECTS),
            v=pick.choice(_VERBS),
            e=pick.choice(_ENGLISH),
            f=pick.choice(_ENGLISH),
            n=pick.randint(2, 99),
        )

    def paragraph(self) -> str:
        """Return two to five sentences."""
        return "".join(
            self._fill(self._random.choice(_FRAMES)) for _ in range(self._random.randint(2, 5))
        )

    def title(self) -> str:
        """Return a headline."""
        return self._fill(self._random.choice(_TITLES))

    def question(self) -> str:
        """Return a question of one or two sentences."""
        return self._fill(self._random.choice(_QUESTIONS))

    def comment(self) -> str:
        """Return a comment of one sentence."""
        return self._fill(self._random.choice(_COMMENTS))

    def tags(self, count: int) -> list[str]:
        """Return distinct labels."""
        return self._random.sample(_SUBJECTS, count)

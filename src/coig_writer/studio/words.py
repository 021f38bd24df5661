"""What roles, statuses and verdicts are called in both languages."""

from __future__ import annotations

import re
from typing import Any

from coig_writer.report import labels
from coig_writer.report.labels import Label
from coig_writer.schema import Verdict
from coig_writer.studio.workflow import Role, Status

ROLES = {
    Role.ANNOTATOR: Label("标注员", "Annotator"),
    Role.REVIEWER: Label("审阅员", "Reviewer"),
    Role.INSPECTOR: Label("质检员", "Inspector"),
    Role.EVALUATOR: Label("评测员", "Evaluator"),
    Role.MANAGER: Label("项目经理", "Manager"),
    Role.ADMIN: Label("管理员", "Administrator"),
}
STATUSES = {
    Status.CANDIDATE: Label("候选", "Candidate"),
    Status.DRAFT: Label("撰写中", "Being written"),
    Status.REFINE: Label("未过门槛，待修改", "Below the gate"),
    Status.IN_REVIEW: Label("审阅中", "In review"),
    Status.DISPUTED: Label("意见不一，待质检", "Disputed"),
    Status.SENT_BACK: Label("已退回作者", "Sent back"),
    Status.ACCEPTED: Label("审阅通过，待终检", "Accepted, to be inspected"),
    Status.APPROVED: Label("已批准", "Approved"),
    Status.REMOVED: Label("已剔除", "Removed"),
}
VERDICTS = {
    Verdict.ACCEPT: Label("通过", "Accept"),
    Verdict.SEND_BACK: Label("退回修改", "Send back"),
    Verdict.REMOVE: Label("剔除", "Remove"),
}
CRITERIA = {
    "semantic_consistency": Label("语义一致", "Semantic consistency"),
    "authenticity": Label("文化与语言地道", "Cultural and linguistic authenticity"),
    "coherence": Label("思路连贯", "Coherence of the reasoning"),
    "diversity": Label("对多样性的贡献", "Contribution to diversity"),
}
ASKS = {
    "semantic_consistency": Label(
        "提示、思路、作品说的是同一件事。", "Prompt, reasoning and article speak of the same thing."
    ),
    "authenticity": Label(
        "称呼、典故、口气经得起懂行的人看。", "Names, allusions and tone stand up to someone who knows."
    ),
    "coherence": Label("一步接一步，读得出为什么这样写。", "Step follows step; one sees why it is written so."),
    "diversity": Label("给这一体裁添了库里没有的写法。", "It adds a way of writing that the set lacks."),
}
RATED = {
    "content_quality": Label("内容质量", "Content quality"),
    "creative_merit": Label("创意", "Creative merit"),
    "cultural_appropriateness": Label("文化适切", "Cultural appropriateness"),
    "task_fulfilment": Label("完成要求", "Task fulfilment"),
    "overall_preference": Label("总体喜好", "Overall preference"),
}
"""What answers are rated by, 0–3 (paper, section 2.4)."""
BANDS = (
    (9, Label("9–10 出色：无可挑剔，有新意", "9–10 outstanding: nothing to mend, and new")),
    (7, Label("7–8 良好：偶有小疵", "7–8 good: a slip here and there")),
    (5, Label("5–6 一般：看得出毛病", "5–6 fair: faults show")),
    (3, Label("3–4 较差：毛病碍事", "3–4 poor: faults stand in the way")),
    (1, Label("1–2 很差：不能用", "1–2 unusable")),
)
"""From which score on a band holds, and what it means."""


def label_of(value: Any) -> Label:
    """The label of a code, or the value itself for both languages."""
    if isinstance(value, Label):
        return value
    for names in (ROLES, STATUSES, VERDICTS, CRITERIA, RATED, labels.DIMENSIONS, labels.PARTS, labels.RULES):
        if value in names:
            return names[value]
    return labels.group(str(value))


ASSESSED = {
    "completeness": Label("完整", "Completeness"),
    "format": Label("格式", "Format"),
    "errors": Label("无错", "Freedom from errors"),
    "logic": Label("条理", "Logic"),
    "creativity": Label("创意", "Creativity"),
}
"""Dimensions of the first assessment."""

_DETAILS = (
    (r"(\d+) characters; at least (\d+) are asked", r"\1 字；至少要 \2 字"),
    (r"([\d,]+) characters; at most ([\d,]+) are allowed", r"\1 字；最多 \2 字"),
    (r"no date in data, page or URL", "没有给发表日期，链接里也没有"),
    (r"([\d-]+) \(\w+\); wanted after ([\d-]+)", r"\1；要 \2 之后的"),
    (r"(.*): (\d+) days apart, allowed (\d+)", r"\1：相差 \2 天，最多 \3 天"),
    (r"([\d-]+) \(\w+\)", r"\1"),
)
"""What the pre-analysis says in English beside the name of a reason, and how it is said in Chinese."""


def detail_zh(text: str) -> str:
    """The detail of a reason in Chinese; empty where only English has it, since the reason's name says it already."""
    for pattern, words in _DETAILS:
        if found := re.fullmatch(pattern, text):
            return found.expand(words)
    return ""

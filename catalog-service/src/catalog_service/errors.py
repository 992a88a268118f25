"""What can go wrong in the catalog.

Problem
├── MatterNotFound        404
├── VersionNotFound       404
├── DuplicateCode         409
├── DraftExists           409
├── VersionNotDraft       409
├── VersionNotSubmitted   409
├── VersionNotPublished   409
├── OverlappingValidity   409
├── MatterRetired         409
├── EffectiveDateInvalid  422
├── IfMatchMissing        428
├── PublisherIsAuthor     409
├── NoOfflineChannel      409
├── SituationsFaulty      409
├── LifeEventNotFound     404
├── LifeEventRetired      409
├── CodeMismatch          422
├── AnswerInvalid         422
├── ImportFaulty          422
├── PublicationNeedsAdmin 403
└── CalendarYearInvalid   422
"""

from tongban.problems import Problem

__all__ = [
    "AnswerInvalid",
    "CalendarYearInvalid",
    "CodeMismatch",
    "DraftExists",
    "DuplicateCode",
    "EffectiveDateInvalid",
    "IfMatchMissing",
    "ImportFaulty",
    "LifeEventNotFound",
    "LifeEventRetired",
    "MatterNotFound",
    "MatterRetired",
    "NoOfflineChannel",
    "OverlappingValidity",
    "PublicationNeedsAdmin",
    "PublisherIsAuthor",
    "SituationsFaulty",
    "VersionNotDraft",
    "VersionNotFound",
    "VersionNotPublished",
    "VersionNotSubmitted",
]


class MatterNotFound(Problem):
    """No matter of that code is published here or offered by a partner."""

    status = 404
    type = "matter-not-found"
    title = {"zh-CN": "没有该事项", "en": "No such matter"}
    detail = {
        "zh-CN": "没有编码为 {code} 的已发布事项，请按名称、拼音或首字母检索。",
        "en": "No published matter has the code {code}; search by name, pinyin or initials.",
    }


class VersionNotFound(Problem):
    """The matter has no version of that number, or it is a draft that the caller may not see."""

    status = 404
    type = "version-not-found"
    title = {"zh-CN": "没有该版本", "en": "No such version"}
    detail = {
        "zh-CN": "事项 {code} 没有第 {version} 版，可在版本列表中查看。",
        "en": "Matter {code} has no version {version}; see the list of its versions.",
    }


class DuplicateCode(Problem):
    """A matter of that code exists; a change is a new version of it."""

    status = 409
    type = "duplicate-code"
    title = {"zh-CN": "事项编码已存在", "en": "The code is taken"}
    detail = {
        "zh-CN": "事项 {code} 已存在，请为其起草新版本。",
        "en": "Matter {code} exists; draft a new version of it.",
    }


class DraftExists(Problem):
    """A matter has one draft at a time."""

    status = 409
    type = "draft-exists"
    title = {"zh-CN": "已有草稿", "en": "There is a draft already"}
    detail = {
        "zh-CN": "请修改或发布第 {version} 版草稿，再起草新版本。",
        "en": "Change or publish the draft, version {version}, before drafting another.",
    }


class VersionNotDraft(Problem):
    """A published version never changes: cases rest on it."""

    status = 409
    type = "version-not-draft"
    title = {"zh-CN": "该版本不是草稿", "en": "The version is not a draft"}
    detail = {
        "zh-CN": "第 {version} 版的状态为 {state}，不可修改，请起草新版本。",
        "en": "Version {version} is {state} and can't be changed; draft a new version.",
    }


class VersionNotSubmitted(Problem):
    """A version is submitted by its author before somebody else publishes it."""

    status = 409
    type = "version-not-submitted"
    title = {"zh-CN": "该版本未提交发布", "en": "The version is not submitted"}
    detail = {
        "zh-CN": "第 {version} 版的状态为 {state}；草稿须先提交（submit），再由另一人发布。",
        "en": "Version {version} is {state}; a draft is submitted first, then published by "
        "another person.",
    }


class OverlappingValidity(Problem):
    """On each day at most one version of a matter is valid."""

    status = 409
    type = "overlapping-validity"
    title = {"zh-CN": "生效期间重叠", "en": "The validity overlaps"}
    detail = {
        "zh-CN": "第 {version} 版自 {start} 起有效（至 {until} 前），"
        "请改选日期，或先撤回（take-back）该版本的安排。",
        "en": "Version {version} is valid from {start} (until {until}); choose other days, or "
        "take that plan back first.",
    }


class MatterRetired(Problem):
    """A matter that was taken out of force for good is not used anew."""

    status = 409
    type = "matter-is-retired"
    title = {"zh-CN": "事项已停用", "en": "The matter is retired"}
    detail = {
        "zh-CN": "事项 {code} 已于 {retired_on} 停用，编码不再使用；请按新的基本编码新建事项。",
        "en": "Matter {code} was retired on {retired_on} and its code is not used again; add a "
        "matter under another basic code.",
    }


class EffectiveDateInvalid(Problem):
    """What was in force in the past stays as it was."""

    status = 422
    type = "effective-date-invalid"
    title = {"zh-CN": "日期有误", "en": "The date does not fit"}
    detail = {
        "zh-CN": "最早可为 {earliest}；停用日期须晚于生效日期。",
        "en": "The earliest day is {earliest}; a version ends after it begins.",
    }


class IfMatchMissing(Problem):
    """Two people may be at the same draft: who writes says which state was read."""

    status = 428
    type = "if-match-missing"
    title = {"zh-CN": "缺少 If-Match", "en": "If-Match is missing"}
    detail = {
        "zh-CN": "请先读取草稿，再以其 ETag 作为 If-Match 提交修改。",
        "en": "Read the draft first, then send its ETag as If-Match with the change.",
    }


class VersionNotPublished(Problem):
    """Only what is in force can be retired."""

    status = 409
    type = "version-not-published"
    title = {"zh-CN": "该版本未在施行", "en": "The version is not in force"}
    detail = {
        "zh-CN": "第 {version} 版的状态为 {state}，只有已发布的版本可以停用。",
        "en": "Version {version} is {state}; only a published version can be retired.",
    }


class PublisherIsAuthor(Problem):
    """Whoever wrote a version does not publish it."""

    status = 409
    type = "publisher-is-author"
    title = {"zh-CN": "起草人不能发布", "en": "The author can't publish"}
    detail = {
        "zh-CN": "第 {version} 版由您最后修改，请由另一位事项管理员或系统管理员发布。",
        "en": "You changed version {version} last; another editor or an administrator publishes.",
    }


class NoOfflineChannel(Problem):
    """All that can be done online can be done at a window: nobody needs a smartphone."""

    status = 409
    type = "no-offline-channel"
    title = {"zh-CN": "缺少线下办理渠道", "en": "There is no way without a phone"}
    detail = {
        "zh-CN": "请在办理渠道中加入窗口（window）后再发布。",
        "en": "Add the window to the channels, then publish.",
    }


class SituationsFaulty(Problem):
    """Nobody is led through a tree of questions that loops, or that has ways to nowhere."""

    status = 409
    type = "situations-faulty"
    title = {"zh-CN": "情形引导有误", "en": "The situations have faults"}
    detail = {
        "zh-CN": "请按 errors 中各项修改第 {version} 版的情形和条件后再发布。",
        "en": "Mend what errors lists in version {version}, then publish.",
    }


class LifeEventNotFound(Problem):
    """No life event of that code is offered here."""

    status = 404
    type = "life-event-not-found"
    title = {"zh-CN": "没有该“一件事”", "en": "No such life event"}
    detail = {
        "zh-CN": "没有编码为 {code} 的“一件事”，可在列表中查看。",
        "en": "No life event has the code {code}; see the list of them.",
    }


class LifeEventRetired(Problem):
    """What is withdrawn already can't be withdrawn."""

    status = 409
    type = "life-event-retired"
    title = {"zh-CN": "该“一件事”已停用", "en": "The life event is withdrawn"}
    detail = {
        "zh-CN": "“一件事” {code} 已停用，重新导入即可恢复。",
        "en": "The life event {code} is withdrawn; importing it anew brings it back.",
    }


class CodeMismatch(Problem):
    """A version belongs to the matter whose code it bears."""

    status = 422
    type = "code-mismatch"
    title = {"zh-CN": "编码不一致", "en": "The codes differ"}
    detail = {
        "zh-CN": "内容中的编码应为 {code}；编码变更时请新建事项。",
        "en": "The content's code must be {code}; under another code it is a new matter.",
    }


class AnswerInvalid(Problem):
    """The guide was given an answer to no question, or one that is no choice."""

    status = 422
    type = "answer-invalid"
    title = {"zh-CN": "情形答案有误", "en": "An answer does not fit"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示作答。",
        "en": "Answer as each place listed in errors says.",
    }


class ImportFaulty(Problem):
    """Nothing was imported; each fault is listed with its row."""

    status = 422
    type = "import-faulty"
    title = {"zh-CN": "导入内容有误", "en": "The import has faults"}
    detail = {
        "zh-CN": "未导入任何内容，请按 errors 中各项修改后重新导入。",
        "en": "Nothing was imported; mend each place listed in errors, then import again.",
    }


class PublicationNeedsAdmin(Problem):
    """An import that publishes passes by the second pair of eyes."""

    status = 403
    type = "publication-needs-admin"
    title = {"zh-CN": "直接发布须由系统管理员进行", "en": "Publishing at once needs an admin"}
    detail = {
        "zh-CN": "请去掉 publish=true 以草稿导入，或由系统管理员导入。",
        "en": "Import as drafts, without publish=true, or let an administrator import.",
    }


class CalendarYearInvalid(Problem):
    """The days don't make a year's calendar."""

    status = 422
    type = "calendar-year-invalid"
    title = {"zh-CN": "年度日历有误", "en": "The year's calendar does not fit"}
    detail = {
        "zh-CN": "请按 errors 中各项的提示修改。",
        "en": "Mend each place listed in errors.",
    }

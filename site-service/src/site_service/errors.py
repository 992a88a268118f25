"""What can go wrong here.

Problem
├── BoundaryNotFound, KioskNotFound, SiteNotFound, WindowNotFound, TicketNotFound          404
├── SiteNotDraft, SiteNotPublished                        409
├── SiteClosed, WindowClosed, WindowBusy                  409
├── MatterNotHere, NoWindowForMatter, MattersUnknown      409
├── TicketActionNotAllowed                                409
└── ImportRefused                                         422
"""

from tongban.problems import Problem


class SiteNotFound(Problem):
    """No such site in this district."""

    status = 404
    type = "site-not-found"
    title = {"zh-CN": "没有这个网点", "en": "No such site"}
    detail = {
        "zh-CN": "请核对网点编号 {site_id}，可在 /api/v1/sites 查询全部网点。",
        "en": "Check the site's id {site_id}; /api/v1/sites lists them all.",
    }


class WindowNotFound(Problem):
    """No such window."""

    status = 404
    type = "window-not-found"
    title = {"zh-CN": "没有这个窗口", "en": "No such window"}
    detail = {
        "zh-CN": "请在 /api/v1/sites/<网点>/windows 查询窗口。",
        "en": "See /api/v1/sites/<site>/windows for a site's windows.",
    }


class TicketNotFound(Problem):
    """No such ticket, or not the caller's."""

    status = 404
    type = "ticket-not-found"
    title = {"zh-CN": "没有这张号票", "en": "No such ticket"}
    detail = {
        "zh-CN": "请核对号票编号，只能查看本人或本网点的号票。",
        "en": "Check the ticket's id; one sees one's own tickets or those of one's site.",
    }


class BoundaryNotFound(Problem):
    """No boundary was given for this district."""

    status = 404
    type = "boundary-not-found"
    title = {"zh-CN": "尚未录入区界", "en": "The district's boundary is not known"}
    detail = {
        "zh-CN": "管理员可用 PUT /api/v1/coverage/boundary 录入。",
        "en": "An administrator puts it to /api/v1/coverage/boundary.",
    }


class KioskNotFound(Problem):
    """No such kiosk at the site."""

    status = 404
    type = "kiosk-not-found"
    title = {"zh-CN": "该网点没有这台自助终端", "en": "No such kiosk at the site"}
    detail = {
        "zh-CN": "请核对终端编号 {code}，终端随网点导入登记。",
        "en": "Check the code {code}; kiosks are registered with their site's import.",
    }


class SiteNotDraft(Problem):
    """Only a draft is published."""

    status = 409
    type = "site-not-draft"
    title = {"zh-CN": "网点已经发布", "en": "The site is public already"}
    detail = {
        "zh-CN": "{site_id} 不是草稿，无需再次发布；修改内容请重新导入。",
        "en": "{site_id} is no draft; to change what it says, import it again.",
    }


class SiteNotPublished(Problem):
    """A draft is neither closed nor opened."""

    status = 409
    type = "site-not-published"
    title = {"zh-CN": "网点尚未发布", "en": "The site is a draft yet"}
    detail = {
        "zh-CN": "请先发布网点：POST /api/v1/sites/{site_id}/publish。",
        "en": "Publish it first: POST /api/v1/sites/{site_id}/publish.",
    }


class SiteClosed(Problem):
    """The site gives no tickets now."""

    status = 409
    type = "site-closed"
    title = {"zh-CN": "网点暂停服务", "en": "The site is closed"}
    detail = {
        "zh-CN": "原因：{reason}；恢复时间：{reopens_at}。可到以下网点办理：{names}。",
        "en": "Reason: {reason}; open again: {reopens_at}. These sites serve you: {names}.",
    }


class WindowClosed(Problem):
    """The window is not in use."""

    status = 409
    type = "window-closed"
    title = {"zh-CN": "窗口已停用", "en": "The window is closed"}
    detail = {"zh-CN": "请在开放的窗口叫号。", "en": "Call from a window that is open."}


class WindowBusy(Problem):
    """The window has a ticket already."""

    status = 409
    type = "window-busy"
    title = {"zh-CN": "窗口正在办理其他号票", "en": "The window has a ticket already"}
    detail = {
        "zh-CN": "请先将 {number} 办完或标记过号，再叫下一位。",
        "en": "Finish {number} or mark it missed before calling the next.",
    }


class MatterNotHere(Problem):
    """The site does not handle the matter; `other_sites` do."""

    status = 409
    type = "matter-not-here"
    title = {"zh-CN": "该网点不办理此事项", "en": "The site does not handle this matter"}
    detail = {
        "zh-CN": "可到以下网点办理：{names}。",
        "en": "These sites handle it: {names}.",
    }


class NoWindowForMatter(Problem):
    """The site handles the matter, but at no window that could call a ticket."""

    status = 409
    type = "no-window-for-matter"
    title = {"zh-CN": "该网点没有办理此事项的窗口", "en": "No window here for this matter"}
    detail = {
        "zh-CN": "可使用自助终端，或到以下网点的窗口办理：{names}。",
        "en": "Use a kiosk here, or a window at one of these sites: {names}.",
    }


class MattersUnknown(Problem):
    """The import names matters that were not heard of (yet); nothing was changed."""

    status = 409
    type = "matters-unknown"
    title = {"zh-CN": "事项尚未同步到网点服务", "en": "Matters not known here yet"}
    detail = {
        "zh-CN": "共 {count} 个事项编码未知。刚发布的事项请稍后重试，否则请核对编码。"
        "没有任何内容被修改。",
        "en": "{count} matter codes are unknown. Try again shortly if they were just published,"
        " else check them. Nothing was changed.",
    }


class TicketActionNotAllowed(Problem):
    """The ticket's state does not allow this."""

    status = 409
    type = "ticket-action-not-allowed"
    title = {"zh-CN": "号票当前状态不能进行该操作", "en": "The ticket's state does not allow this"}
    detail = {
        "zh-CN": "当前状态 {state}，可进行的操作：{allowed}。",
        "en": "It is {state}; what is allowed: {allowed}.",
    }


class ImportRefused(Problem):
    """The import contradicts itself; each fault is listed, nothing was changed."""

    status = 422
    type = "import-refused"
    title = {"zh-CN": "导入内容有误", "en": "The import was refused"}
    detail = {
        "zh-CN": "请按 errors 中各项修改后重新导入，没有任何内容被修改。",
        "en": "Mend each place listed in errors and import again; nothing was changed.",
    }

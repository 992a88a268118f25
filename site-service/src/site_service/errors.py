"""What can go wrong here.

Problem
├── BoundaryNotFound, KioskNotFound, SiteNotFound         404
├── WindowNotFound, TicketNotFound                        404
├── SiteNotDraft, SiteNotPublished                        409
├── SiteClosed, WindowClosed, WindowBusy                  409
├── MatterNotHere, NoWindowForMatter, MattersUnknown      409
├── TicketActionNotAllowed                                409
├── ExpectedTooEarly                                      422
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


class ExpectedTooEarly(Problem):
    """The estimated arrival is not ahead, or not today."""

    status = 422
    type = "expected-arrival-invalid"
    title = {"zh-CN": "预计到达时间有误", "en": "The estimated arrival is not possible"}
    detail = {
        "zh-CN": "请填写今天稍后的时间；其他日期请预约。",
        "en": "Give a time later today; book an appointment for another day.",
    }

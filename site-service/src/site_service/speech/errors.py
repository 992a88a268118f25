"""What can go wrong with texts made to be heard.

Problem
└── SpokenTextsRefused                                    422
"""

from tongban.problems import Problem


class SpokenTextsRefused(Problem):
    """Texts of sites or matters that are not there; nothing was changed."""

    status = 422
    type = "spoken-texts-refused"
    title = {"zh-CN": "语音文本有误", "en": "The texts were refused"}
    detail = {
        "zh-CN": "请按 errors 逐项修改，没有任何内容被修改。",
        "en": "Mend each place listed in errors; nothing was changed.",
    }

"""What the special procedures are called (特别程序): those of 行政许可法 Art. 45, and others."""

from collections.abc import Mapping
from types import MappingProxyType

from tongban.problems import Text

__all__ = ["PROCEDURES"]

# 公示 and 现场踏勘 stop the clock only where the matter cites a law of its own.
PROCEDURES: Mapping[str, Text] = MappingProxyType(
    {
        "hearing": {"zh-CN": "听证", "en": "hearing"},
        "tender": {"zh-CN": "招标", "en": "tender"},
        "auction": {"zh-CN": "拍卖", "en": "auction"},
        "inspection": {"zh-CN": "检验", "en": "inspection"},
        "test": {"zh-CN": "检测", "en": "testing"},
        "quarantine": {"zh-CN": "检疫", "en": "quarantine"},
        "appraisal": {"zh-CN": "鉴定", "en": "appraisal"},
        "expert_review": {"zh-CN": "专家评审", "en": "expert review"},
        "public_notice": {"zh-CN": "公示", "en": "public notice"},
        "site_survey": {"zh-CN": "现场踏勘", "en": "on-site survey"},
    }
)

"""How the standing of a licence is told to people (证照状态)."""

from collections.abc import Mapping
from types import MappingProxyType

from case_service.licences.vocabulary import Standing
from tongban.problems import Text

__all__ = ["STANDINGS"]


def _said(zh: str, en: str) -> Text:
    return {"zh-CN": zh, "en": en}


STANDINGS: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.VALID: _said("证照有效", "valid"),
        Standing.NOT_YET_VALID: _said("证照尚未生效", "not valid yet"),
        Standing.EXPIRED: _said("证照已过期", "expired"),
        Standing.SUPERSEDED: _said("证照已换发", "superseded"),
        Standing.CANCELLED: _said("证照已注销", "cancelled"),
        Standing.RESCINDED: _said("证照已撤销", "rescinded"),
        Standing.WITHDRAWN: _said("证照已撤回", "withdrawn"),
        Standing.REVOKED: _said("证照已吊销", "revoked"),
        Standing.UNKNOWN: _said("查无此证", "no such licence"),
    }
)

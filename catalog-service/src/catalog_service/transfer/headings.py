"""What the form's sheets and columns are called, by the name of the field that they fill."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["COLUMNS", "SHEETS"]

SHEETS: Mapping[str, str] = MappingProxyType(
    {
        "matters": "事项",
        "materials": "申请材料",
        "materials.evidence": "可替代证明",
        "situations": "情形",
        "situations.answers": "情形答案",
        "form_fields": "表单字段",
        "legal_basis": "设定依据",
        "fees": "收费项目",
        "steps": "办理环节",
        "special_procedures": "特别程序",
        "results": "办理结果",
        "handling_items": "业务办理项",
        "windows": "办理窗口",
        "questions": "常见问题",
        "faqs": "常见问题",
    }
)

COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "amount_cents": "金额（分）",
        "answer": "答案",
        "area": "业务领域",
        "article": "条款",
        "audiences": "服务对象",
        "baseline.as_of": "改革前数据日期",
        "baseline.counts_calendar_days": "改革前时限按自然日计",
        "baseline.days": "改革前时限",
        "baseline.required_materials": "改革前必要材料",
        "body.code": "实施主体编码",
        "body.kind": "实施主体性质",
        "body.name": "实施主体名称",
        "channel": "渠道",
        "channels": "办理渠道",
        "code": "实施编码",
        "concentrated": "是否集中办理",
        "copies": "份数",
        "days": "时限（工作日）",
        "english_label": "英文显示名称",
        "english_name": "英文名称",
        "english_question": "英文问题",
        "form": "材料形式",
        "handling": "办件类型",
        "handling_scope": "通办范围",
        "key": "键",
        "keywords": "检索词",
        "kind": "类型",
        "label": "显示名称",
        "law": "法律法规名称",
        "level": "行使层级",
        "licence_type": "证照类型",
        "matter": "所属事项编码",
        "matter_type": "事项类型",
        "name": "名称",
        "necessity": "必要性",
        "number": "文号",
        "online_depth": "网办深度",
        "options": "选项",
        "outside_system.name": "外部业务系统",
        "parent": "上级键",
        "promised_days": "承诺办结时限",
        "provenance": "数据来源",
        "question": "问题",
        "required": "是否必填",
        "source": "来源渠道",
        "statutory_days": "法定办结时限",
        "summary": "事项说明",
        "text": "条文内容",
        "validity_months": "有效期（月）",
        "value": "答案值",
        "visits": "到现场次数",
        "waived_by": "可免交的证照类型",
        "when": "适用条件",
    }
)

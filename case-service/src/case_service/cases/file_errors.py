"""The Problems of uploaded files.

MaterialNotFound      404
MaterialUnknown       422  the matter asks for no such material
MaterialEmpty         422
MaterialBelied        422  the bytes are not what they are said to be
MaterialTooLarge      413
MaterialNotAccepted   415  the type is not one we take
"""

from tongban.problems import Problem

__all__ = [
    "MaterialBelied",
    "MaterialEmpty",
    "MaterialNotAccepted",
    "MaterialNotFound",
    "MaterialTooLarge",
    "MaterialUnknown",
]


class MaterialNotFound(Problem):
    """The case has no such file."""

    status = 404
    type = "material-not-found"
    title = {"zh-CN": "没有找到该材料", "en": "No such material"}
    detail = {
        "zh-CN": "请以办件 materials 中列出的文件编号读取。",
        "en": "Use an id from the files listed in the case's materials.",
    }


class MaterialUnknown(Problem):
    """The matter asks for no such material."""

    status = 422
    type = "material-unknown"
    title = {"zh-CN": "该事项不需要此材料", "en": "The matter asks for no such material"}
    detail = {"zh-CN": "可上传的材料：{known}。", "en": "What can be uploaded: {known}."}


class MaterialEmpty(Problem):
    """The file has no bytes."""

    status = 422
    type = "material-empty"
    title = {"zh-CN": "文件为空", "en": "The file is empty"}
    detail = {"zh-CN": "请重新选择文件上传。", "en": "Choose the file again and upload it."}


class MaterialBelied(Problem):
    """The bytes are not of the declared type."""

    status = 422
    type = "material-belied"
    title = {"zh-CN": "文件内容与类型不符", "en": "The bytes belie the file's type"}
    detail = {
        "zh-CN": "声明为 {declared}，实际内容为 {found}。请上传真实格式的文件。",
        "en": "It is said to be {declared}, its content is {found}. Upload the real format.",
    }


class MaterialTooLarge(Problem):
    """The file is over the limit."""

    status = 413
    type = "material-too-large"
    title = {"zh-CN": "文件过大", "en": "The file is too large"}
    detail = {
        "zh-CN": "单个文件不超过 {megabytes} MB，请压缩或分成几份上传。",
        "en": "A file has at most {megabytes} MB; compress it or upload it in parts.",
    }


class MaterialNotAccepted(Problem):
    """The content is of no type that is taken."""

    status = 415
    type = "material-not-accepted"
    title = {"zh-CN": "不支持的文件格式", "en": "The format is not accepted"}
    detail = {
        "zh-CN": "可上传：{accepted}。",
        "en": "What is accepted: {accepted}.",
    }


# Documents, licences, ratings, assistance.

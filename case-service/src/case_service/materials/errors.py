"""The Problems of materials.

MaterialNotFound      404
MaterialUnknown       422  the matter asks for no such material
MaterialEmpty         422
MaterialBelied        422  the bytes are not what they are said to be
MaterialBroken        422  the bytes have not the digest that was announced
MaterialInfected      422  a virus was found
MaterialTooLarge      413
MaterialNotAccepted   415  the type is not one we take
MaterialNotScanned    503  it can't be handed out yet
MaterialNotReusable   409
LicenceProvesNothing  409
UploadNotFound        404
UploadExpired         410
UploadFinished        409
UploadUnfinished      409
UploadOffsetWrong     409
UploadOverrun         413
UploadTypeWrong       415
TooManyUploads        409
"""

from tongban.problems import Problem

__all__ = [
    "LicenceProvesNothing",
    "MaterialBelied",
    "MaterialBroken",
    "MaterialEmpty",
    "MaterialInfected",
    "MaterialNotAccepted",
    "MaterialNotFound",
    "MaterialNotReusable",
    "MaterialNotScanned",
    "MaterialTooLarge",
    "MaterialUnknown",
    "TooManyUploads",
    "UploadExpired",
    "UploadFinished",
    "UploadNotFound",
    "UploadOffsetWrong",
    "UploadOverrun",
    "UploadTypeWrong",
    "UploadUnfinished",
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


class MaterialBroken(Problem):
    """The bytes have not the digest that was announced."""

    status = 422
    type = "material-broken"
    title = {"zh-CN": "文件在传输中受损", "en": "The file was damaged on its way"}
    detail = {
        "zh-CN": "声明的 SHA-256 为 {declared}，收到的为 {found}。请重新上传。",
        "en": "SHA-256 {declared} was announced, {found} arrived. Upload it again.",
    }


class MaterialInfected(Problem):
    """A virus was found in the file."""

    status = 422
    type = "material-infected"
    title = {"zh-CN": "文件含有病毒", "en": "The file is infected"}
    detail = {
        "zh-CN": "检出 {signature}，文件已隔离、不予接收。请清除病毒后重新生成文件上传。",
        "en": "{signature} was found; the file is not taken. Clean it, make it anew and upload "
        "that.",
    }


class MaterialNotScanned(Problem):
    """The virus scanner has not looked at the file yet; until then nobody gets it."""

    status = 503
    type = "material-not-scanned"
    title = {"zh-CN": "文件待查毒", "en": "The file waits for the virus scanner"}
    detail = {
        "zh-CN": "查毒服务暂不可用，文件已收存，查毒完成后即可下载。",
        "en": "It is kept, and can be read as soon as the scanner has looked at it.",
    }


class MaterialNotReusable(Problem):
    """It is not this applicant's, or can't be read any more."""

    status = 409
    type = "material-not-reusable"
    title = {"zh-CN": "该材料不能复用", "en": "This file can't be used again"}
    detail = {
        "zh-CN": "只能复用同一申请人在本区已提交的材料，请从“我的材料”中选择。",
        "en": "Choose one that the same applicant handed in here before, from /me/materials.",
    }


class LicenceProvesNothing(Problem):
    """The licence is not this applicant's, not valid, or does not replace this material."""

    status = 409
    type = "licence-proves-nothing"
    title = {"zh-CN": "该证照不能替代此材料", "en": "The licence does not replace this material"}
    detail = {
        "zh-CN": "须为申请人本人持有的有效证照，种类为：{waived_by}。",
        "en": "It takes a valid licence of the applicant's own, of type: {waived_by}.",
    }


class UploadNotFound(Problem):
    """No such upload, or somebody else's."""

    status = 404
    type = "upload-not-found"
    title = {"zh-CN": "没有找到该上传", "en": "No such upload"}
    detail = {
        "zh-CN": "请重新创建上传；只能续传本人创建的上传。",
        "en": "Begin a new upload; only who began one goes on with it.",
    }


class UploadExpired(Problem):
    """Nobody went on with it in time."""

    status = 410
    type = "upload-expired"
    title = {"zh-CN": "上传已过期", "en": "The upload has expired"}
    detail = {"zh-CN": "请重新创建上传。", "en": "Begin a new upload."}


class UploadFinished(Problem):
    """It is a material already."""

    status = 409
    type = "upload-finished"
    title = {"zh-CN": "上传已完成", "en": "The upload is finished"}
    detail = {
        "zh-CN": "文件已作为材料 {material_id} 提交，无须再传。",
        "en": "The file was handed in as material {material_id}; there is nothing left to send.",
    }


class UploadUnfinished(Problem):
    """Bytes are still missing."""

    status = 409
    type = "upload-unfinished"
    title = {"zh-CN": "上传尚未完成", "en": "The upload is not finished"}
    detail = {
        "zh-CN": "已收到 {offset} 字节，共 {size} 字节。请从该位置续传。",
        "en": "{offset} of {size} bytes are here. Go on from there.",
    }


class UploadOffsetWrong(Problem):
    """The piece does not begin where the last one ended."""

    status = 409
    type = "upload-offset-wrong"
    title = {"zh-CN": "续传位置不符", "en": "The offset is wrong"}
    detail = {
        "zh-CN": "请从第 {offset} 字节续传（HEAD 可查询）。",
        "en": "Go on at byte {offset}; HEAD tells it at any time.",
    }


class UploadOverrun(Problem):
    """More bytes than were announced."""

    status = 413
    type = "upload-overrun"
    title = {"zh-CN": "超出声明的文件大小", "en": "More bytes than announced"}
    detail = {
        "zh-CN": "声明大小为 {size} 字节。请核对文件后重新创建上传。",
        "en": "{size} bytes were announced. Check the file and begin a new upload.",
    }


class UploadTypeWrong(Problem):
    """A piece comes as application/offset+octet-stream."""

    status = 415
    type = "upload-type-wrong"
    title = {"zh-CN": "分片的 Content-Type 有误", "en": "The piece has the wrong Content-Type"}
    detail = {
        "zh-CN": "请使用 application/offset+octet-stream。",
        "en": "Send it as application/offset+octet-stream.",
    }


class TooManyUploads(Problem):
    """One person has only so many unfinished uploads."""

    status = 409
    type = "too-many-uploads"
    title = {"zh-CN": "未完成的上传过多", "en": "Too many unfinished uploads"}
    detail = {
        "zh-CN": "最多同时 {most} 个，请先完成或等其过期。",
        "en": "At most {most} at a time: finish one, or wait until it expires.",
    }

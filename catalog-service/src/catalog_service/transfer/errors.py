"""What can go wrong with files of the catalog.

Problem
├── FileUnreadable   422
├── FileTooLarge     413
├── ImportNotFound   404
├── ImportIdTaken    409
└── ImportRunning    409
"""

from tongban.problems import Problem

__all__ = ["FileTooLarge", "FileUnreadable", "ImportIdTaken", "ImportNotFound", "ImportRunning"]


class FileUnreadable(Problem):
    """The bytes are not the kind of file that the address asks for."""

    status = 422
    type = "file-unreadable"
    title = {"zh-CN": "文件无法读取", "en": "The file can't be read"}
    detail = {
        "zh-CN": "请上传由模板填写的 {expected} 文件。",
        "en": "Upload a {expected} file, filled in from the template.",
    }


class FileTooLarge(Problem):
    """A form is read whole; what is larger goes in as JSON Lines."""

    status = 413
    type = "file-too-large"
    title = {"zh-CN": "文件过大", "en": "The file is too large"}
    detail = {
        "zh-CN": "表格不超过 {most_megabytes} MB；更大的目录请以 JSON Lines 流式导入。",
        "en": "A form has {most_megabytes} MB at most; stream a larger catalog as JSON Lines.",
    }


class ImportNotFound(Problem):
    """No import was begun under that id."""

    status = 404
    type = "import-not-found"
    title = {"zh-CN": "没有该次导入", "en": "No such import"}
    detail = {"zh-CN": "请核对导入编号。", "en": "Check the import's id."}


class ImportIdTaken(Problem):
    """An id names one import for good; what became of it can be read."""

    status = 409
    type = "import-id-taken"
    title = {"zh-CN": "导入编号已使用", "en": "The import's id is taken"}
    detail = {
        "zh-CN": "导入 {id} 已存在，可查询其进度；再次导入请换用新的编号。",
        "en": "Import {id} exists: read its progress; to import again, choose a new id.",
    }


class ImportRunning(Problem):
    """A large import writes alone, and few are tried at once: nobody waits with a connection."""

    status = 409
    type = "import-running"
    title = {"zh-CN": "另有导入正在进行", "en": "Another import is running"}
    detail = {
        "zh-CN": "请在其完成后重试，本次没有写入任何内容。",
        "en": "Try again when it is done; nothing of this one was written.",
    }

"""What keeps a district from running, told to its operator in one sentence."""


class CannotRun(Exception):
    """A sentence in Chinese and one in English that say what to do; `detail` is shown before."""

    def __init__(self, zh: str, en: str, *, detail: str = "") -> None:
        super().__init__("\n".join(filter(None, (detail, zh, en))))
        self.zh = zh
        self.en = en
        self.detail = detail

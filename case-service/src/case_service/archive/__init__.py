"""Case files kept, handed over and destroyed by law (归档、移交、销毁)."""

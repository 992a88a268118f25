"""工作日历: this service owns the calendar; the kernel's tables hold it in every database."""

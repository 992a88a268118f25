"""How results reach the applicant and originals reach us (送达与寄送): each way, with its proof."""

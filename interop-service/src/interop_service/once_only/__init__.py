"""Evidence from where it is, by the applicant's consent, instead of from him again (一次提交)."""

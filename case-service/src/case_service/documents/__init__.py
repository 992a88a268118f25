"""The documents that the applicant is handed (文书): receipt, notices, decision."""

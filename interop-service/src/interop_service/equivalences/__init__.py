"""Which types of one district count as which of the other's, by agreement (互认目录)."""

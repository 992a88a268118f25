"""Signatures of agreements (协议签署): in force only with both; every version is kept."""

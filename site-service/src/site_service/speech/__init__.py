"""Texts made to be heard (语音播报): short sentences of sites and matters, and the call itself."""

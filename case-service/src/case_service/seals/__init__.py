"""The district's electronic seals (电子印章): who keeps them, what they may be put to, each use."""

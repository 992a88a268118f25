"""One thing, once (一件事一次办): one application, several cases, handed over together."""

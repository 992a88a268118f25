"""一件事一次办: what happens in a life or a firm's, and all the matters that it takes, as one."""

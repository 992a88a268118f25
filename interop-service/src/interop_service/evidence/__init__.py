"""What proves an exchange to a third party: the message log, anchors, evidence files."""

"""What the tests of every service need: real servers, a migrated database, tokens."""

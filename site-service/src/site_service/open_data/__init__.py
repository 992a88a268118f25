"""Sites and services as open data (开放数据): HSDS 3.0, for machines of others."""

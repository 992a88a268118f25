"""The ten measures for the old (适老服务十项举措): checked site by site, scored, reported."""

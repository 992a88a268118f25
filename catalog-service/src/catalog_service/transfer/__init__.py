"""目录导入导出: the catalog as a whole, in and out. Owns no table."""

"""批量发布: hundreds of submitted versions published together, or none of them."""

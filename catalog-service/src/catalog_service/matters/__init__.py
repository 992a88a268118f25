"""政务服务事项: matters, their versions, how they are found, and the guide through them."""

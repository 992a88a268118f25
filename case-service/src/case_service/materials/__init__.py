"""Materials (申请材料): taken in pieces or whole, inspected, kept once, re-used by consent."""

"""The line to each partner (互通线路): tested, limited, closed for maintenance by either side."""

"""What people ask and complain about, and by when they are answered (咨询投诉)."""

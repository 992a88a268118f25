"""The licences that this district issued, as far as it answers for them elsewhere (本区证照)."""

"""The licences that this district issued (电子证照)."""

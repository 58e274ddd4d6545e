"""What looks: the checks in the background."""

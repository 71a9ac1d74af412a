"""What `vgwm iam` does: accounts converted, proved equal, written."""

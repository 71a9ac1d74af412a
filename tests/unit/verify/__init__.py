"""Tests of verification's pure parts."""

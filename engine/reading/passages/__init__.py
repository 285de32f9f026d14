"""Passages: from the reads of single frames to one passage per car (filters, vote, repeat filter, lanes)."""

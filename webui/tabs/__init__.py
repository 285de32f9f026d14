"""Tabs: one file per tab of the portal; each offers `TAB` with its pages and its part of the API."""

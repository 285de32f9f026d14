"""Tabs: one file per tab of the portal; each offers `TAB` with its pages. What they show is drawn by webui/view."""

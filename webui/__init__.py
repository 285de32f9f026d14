"""Webui: the ANPR portal (process `manager`): pages and JSON API under /anpr/, behind the host's log-in."""

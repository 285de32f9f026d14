"""View: what the browser sees of passages, actions, lists and states, drawn in one way for pages, API and downloads."""

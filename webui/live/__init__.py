"""Live: what is pushed to the browsers that show the Live tab: events and pictures, made once for all of them."""

"""Dispatch: from a stored passage to what is done: rules, the durable outbox and its workers."""

"""Dispatch: turns a stored passage into actions: rules, the durable outbox and its workers."""

"""ONVIF: this camera as a device that video management systems find, log in to and ask (Profile S and T, as far as clients ask).

Nothing of it is imported before somebody asks (engine/vms/run.py).
"""

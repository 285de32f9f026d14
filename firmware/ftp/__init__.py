"""FTP server of the camera (manual 5.1, Architecture 1): a process and user of its own, off by default, confined to one folder."""

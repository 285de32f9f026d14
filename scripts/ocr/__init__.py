"""Plate OCR training: network, augmentation, feeding, evaluation and int8 export (scripts/train_ocr.py runs them)."""

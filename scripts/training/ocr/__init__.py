"""Plate OCR training: network, augmentation, feeding, evaluation and int8 export (scripts/training/train_ocr.py runs them)."""

"""Recognition: a frame's pixels in, plate reads out (detect, rectify, ocr, pipeline)."""

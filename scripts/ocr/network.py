"""Plate OCR network: 64x128 grey in, one softmax over the alphabet for each of ten slots out (about 0.63 M weights).

A plain 3x3 convolution trunk, then for every slot a soft attention over the 16x16 places of the last feature map
(a layout branch sees the whole plate, a local branch sees characters), then one classifier shared by all slots.
Only CONV_2D, ADD, RESHAPE, FULLY_CONNECTED, TRANSPOSE, SOFTMAX and BATCH_MATMUL remain after conversion.
"""

from __future__ import annotations

from typing import Any

HEIGHT_PX = 64
WIDTH_PX = 128
SLOTS = 10
ALPHABET = ("", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def build(batch: int | None = None) -> Any:
    """The Keras model: input (batch, 64, 128, 1) as grey / 127.5 - 1, output (batch, 10, 37) probabilities."""
    import tensorflow as tf

    layers = tf.keras.layers

    def conv(x: Any, filters: int, stride: Any = 1, relu: bool = True) -> Any:
        x = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.98)(x)
        return layers.ReLU(6.0)(x) if relu else x

    def residual(x: Any, filters: int) -> Any:
        return layers.ReLU(6.0)(layers.Add()([x, conv(x, filters, relu=False)]))

    picture = layers.Input((HEIGHT_PX, WIDTH_PX, 1), batch_size=batch)
    x = conv(conv(picture, 16, 2), 24)
    x = residual(conv(x, 48, 2), 48)
    features = residual(conv(x, 80, (2, 1)), 80)  # 8 x 32 x 80
    places = 8 * 32

    layout = conv(conv(features, 48, 2), 48)
    layout = layers.Conv2D(12, 1)(layout)
    layout = layers.Dense(128, use_bias=False)(layers.Flatten()(layout))
    layout = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(layout))
    layout = layers.Reshape((SLOTS, places))(layers.Dense(SLOTS * places)(layout))

    local = layers.Reshape((places, SLOTS))(layers.Conv2D(SLOTS, 1)(features))
    attention = layers.Softmax(dtype="float32")(layers.Add()([layout, layers.Permute((2, 1))(local)]))

    cells = layers.Reshape((places, 80))(features)
    glimpses = tf.matmul(tf.cast(attention, cells.dtype), cells)  # (batch, 10, 80)
    x = layers.Reshape((1, SLOTS, 80))(glimpses)
    x = layers.Conv2D(96, 1, use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.98)(x))
    x = layers.Conv2D(len(ALPHABET), 1)(x)
    x = layers.Reshape((SLOTS, len(ALPHABET)))(x)
    return tf.keras.Model(picture, layers.Softmax(dtype="float32")(x), name="plate_ocr")

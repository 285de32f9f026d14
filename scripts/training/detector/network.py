"""The detector network and its losses (TensorFlow 2.15): grey 288x384 in; heat, size, centre and corner maps at stride 8 out."""

from __future__ import annotations

import math

import tensorflow as tf

from engine.recognise.detect import LOG_HEIGHT, LOG_WIDTH, STRIDE

layers = tf.keras.layers
CORNER_BEND = 0.1
"""Most plates are upright: a bend near nought would leave the tilted ones, which teach, no more weight than the noise."""
CORNER_SHARE = 2.5


def build(height: int | None, width: int | None, batch: int | None = None) -> tf.keras.Model:
    """The fully convolutional network; outputs in the order heat (h, w, 1), wh (h, w, 2), xy (h, w, 2), corners (h, w, 8)."""

    def normed(x: tf.Tensor, channels: int, kernel: int = 3, step: int = 1) -> tf.Tensor:
        x = layers.Conv2D(channels, kernel, step, "same", use_bias=False, kernel_initializer="he_normal")(x)
        return layers.BatchNormalization(momentum=0.97)(x)

    def conv(x: tf.Tensor, channels: int, step: int = 1) -> tf.Tensor:
        return layers.ReLU(6.0)(normed(x, channels, 3, step))

    def residual(x: tf.Tensor) -> tf.Tensor:
        return layers.ReLU(6.0)(layers.Add()([x, normed(x, x.shape[-1])]))

    def merge(coarse: tf.Tensor, fine: tf.Tensor) -> tf.Tensor:
        raised = layers.UpSampling2D(2, interpolation="nearest")(normed(coarse, fine.shape[-1], 1))
        return layers.ReLU(6.0)(layers.Add()([raised, fine]))

    grey = layers.Input((height, width, 1), batch_size=batch, name="grey")
    a = residual(residual(conv(conv(conv(grey, 12, 2), 20, 2), 40, 2)))
    b = residual(residual(conv(a, 72, 2)))
    c = residual(residual(conv(b, 88, 2)))
    b = residual(merge(c, b))
    a = conv(merge(b, a), 56)
    heat = layers.Conv2D(1, 1, bias_initializer=tf.keras.initializers.Constant(-3.0), name="heat", dtype="float32")(a)
    wh = layers.Conv2D(2, 1, name="wh", dtype="float32")(a)
    xy = layers.Conv2D(2, 1, name="xy", dtype="float32")(a)
    corners = layers.Conv2D(8, 1, name="corners", dtype="float32")(a)
    return tf.keras.Model(grey, [heat, wh, xy, corners])


def heat_loss(logits: tf.Tensor, heat: tf.Tensor) -> tf.Tensor:
    """Focal loss as in CenterNet over the centres of the batch; cells of heat -1 are not judged."""
    judged = tf.cast(heat >= 0, tf.float32)
    centre = tf.cast(heat >= 1, tf.float32)
    p = tf.sigmoid(logits)
    hit = centre * tf.square(1 - p) * tf.nn.softplus(-logits)
    miss = (1 - centre) * tf.pow(1 - tf.maximum(heat, 0), 4) * tf.square(p) * tf.nn.softplus(logits)
    return tf.reduce_sum(judged * (hit + miss)) / (tf.reduce_sum(centre) + 8)


def box_loss(wh: tf.Tensor, xy: tf.Tensor, weight: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """1.5 (1 - IoU + centre distance of DIoU) + 0.3 L1 (log size, centre in cells at half weight), 1 a plate."""
    rows, columns = tf.shape(weight)[1], tf.shape(weight)[2]
    ys = (tf.cast(tf.range(rows), tf.float32)[None, :, None] + 0.5) * STRIDE
    xs = (tf.cast(tf.range(columns), tf.float32)[None, None, :] + 0.5) * STRIDE
    x, y = xs + xy[..., 0] * STRIDE, ys + xy[..., 1] * STRIDE
    log_w, log_h = tf.clip_by_value(wh[..., 0] + LOG_WIDTH, 0.5, 6.5), tf.clip_by_value(wh[..., 1] + LOG_HEIGHT, 0.5, 6.5)
    w, h = tf.exp(log_w), tf.exp(log_h)
    left, top, right, bottom = (box[..., i] for i in range(4))
    true_w, true_h = tf.maximum(right - left, 1.0), tf.maximum(bottom - top, 1.0)
    true_x, true_y = (left + right) / 2, (top + bottom) / 2
    across = tf.maximum(tf.minimum(x + w / 2, right) - tf.maximum(x - w / 2, left), 0)
    down = tf.maximum(tf.minimum(y + h / 2, bottom) - tf.maximum(y - h / 2, top), 0)
    shared = across * down
    iou = shared / (w * h + true_w * true_h - shared + 1e-6)
    hull_w = tf.maximum(x + w / 2, right) - tf.minimum(x - w / 2, left)
    hull_h = tf.maximum(y + h / 2, bottom) - tf.minimum(y - h / 2, top)
    away = (tf.square(x - true_x) + tf.square(y - true_y)) / (tf.square(hull_w) + tf.square(hull_h) + 1e-6)
    sizes = tf.abs(log_w - tf.math.log(true_w)) + tf.abs(log_h - tf.math.log(true_h))
    places = (tf.abs(x - true_x) + tf.abs(y - true_y)) / STRIDE
    each = 1.5 * (1 - iou + away) + 0.3 * (sizes + 0.5 * places)
    return tf.reduce_sum(weight * each) / (tf.reduce_sum(weight) + 1e-6)


def corner_loss(corners: tf.Tensor, weight: tf.Tensor, true: tf.Tensor) -> tf.Tensor:
    """Huber (bent at CORNER_BEND) over the eight deviations, in shares of the box's width and height, 1 a plate."""
    away = tf.abs(corners - true)
    each = tf.where(away < CORNER_BEND, tf.square(away) / (2 * CORNER_BEND), away - CORNER_BEND / 2)
    return CORNER_SHARE * tf.reduce_sum(weight * tf.reduce_sum(each, -1)) / (tf.reduce_sum(weight) + 1e-6)


def learning_rate(done: float, elapsed_s: float, peak: float) -> float:
    """20 s of warm-up, then a cosine over the share of the budget that is done (0..1) down to 1e-5."""
    return min(elapsed_s / 20, 1.0) * (1e-5 + (peak - 1e-5) * (1 + math.cos(math.pi * min(done, 1.0))) / 2)

import * as tf from "@tensorflow/tfjs";

/*
 * Products and a loss whose gradients are spelled out: TF.js multiplies by a transposed matrix ten times as slowly as it
 * transposes and then multiplies (46 against 4 ms for 512 rows of 650 inputs and 160 units on wasm).
 */

/** inputs × w, where nobody asks for the gradient of the inputs. */
export function inputTimes(inputs: tf.Tensor2D, w: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => ({
    value: tf.matMul(inputs, args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => [tf.matMul(tf.transpose(inputs), dy)],
  }));
  return op(w);
}

/** a × b, batched or not. */
export function times(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const turned = (tensor: tf.Tensor) => tf.transpose(tensor, tensor.rank === 3 ? [0, 2, 1] : [1, 0]);
  const op = tf.customGrad((...args) => {
    const [left, right, save] = args as unknown as [tf.Tensor, tf.Tensor, (saved: tf.Tensor[]) => void];
    save([left, right]);
    return {
      value: tf.matMul(left, right),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.matMul(dy, turned(saved[1])),
        tf.matMul(turned(saved[0]), dy),
      ],
    };
  });
  return op(a, b);
}

/** The weighted cross-entropy as one number to minimize; its gradient needs no logarithm. */
export function lossOf(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const [z, save] = args as unknown as [tf.Tensor, (saved: tf.Tensor[]) => void];
    save([z]);
    return {
      value: tf.sum(tf.mul(crossEntropy(z, labels), weights)),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => [
        tf.mul(dy, tf.mul(weights, tf.sub(tf.sigmoid(saved[0]), labels))),
      ],
    };
  });
  return op(logits);
}

/** Of each row, in nats. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  // A probability below this costs what this one does.
  const LEAST = 1e-7;
  const p = tf.clipByValue(tf.sigmoid(logits), LEAST, 1 - LEAST);
  return tf.neg(
    tf.add(tf.mul(labels, tf.log(p)), tf.mul(tf.sub(1, labels), tf.log(tf.sub(1, p)))),
  );
}

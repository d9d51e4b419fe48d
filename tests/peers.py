"""Keras 3's update steps in NumPy, transcribed from its documentation: Keras is not installed.

Each is a function from gradients ``(steps, n)`` and learning rates ``(steps,)`` to the sum of
updates after each step, ``(steps, n)``. Source: keras.io/api/optimizers (SGD, RMSprop, Adam,
Nadam) and the ``update_step`` methods that those pages link to, Keras 3.
"""

import numpy as np


def sgd(g, eta, momentum=0.0, nesterov=False):
    velocity, w, path = 0.0, 0.0, []
    for gradient, learning_rate in zip(g, eta, strict=True):
        velocity = momentum * velocity - learning_rate * gradient
        w = w + (momentum * velocity - learning_rate * gradient if nesterov else velocity)
        path.append(w)
    return np.array(path)


def rmsprop(g, eta, rho=0.9, momentum=0.0, epsilon=1e-7):
    velocity, moment, w, path = 0.0, 0.0, 0.0, []
    for gradient, learning_rate in zip(g, eta, strict=True):
        velocity = rho * velocity + (1 - rho) * gradient**2
        moment = momentum * moment + learning_rate * gradient / np.sqrt(velocity + epsilon)
        w = w - moment
        path.append(w)
    return np.array(path)


def adam(g, eta, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    m, v, w, path = 0.0, 0.0, 0.0, []
    for t, (gradient, learning_rate) in enumerate(zip(g, eta, strict=True), 1):
        alpha = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        m = m + (gradient - m) * (1 - beta_1)
        v = v + (gradient**2 - v) * (1 - beta_2)
        w = w - alpha * m / (np.sqrt(v) + epsilon)
        path.append(w)
    return np.array(path)


def nadam(g, eta, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    def u(t):
        return beta_1 * (1 - 0.5 * 0.96**t)

    m, v, product, w, path = 0.0, 0.0, 1.0, 0.0, []
    for t, (gradient, learning_rate) in enumerate(zip(g, eta, strict=True), 1):
        product = product * u(t)
        m = m + (gradient - m) * (1 - beta_1)
        v = v + (gradient**2 - v) * (1 - beta_2)
        momentum_term = u(t + 1) * m / (1 - product * u(t + 1))
        gradient_term = (1 - u(t)) * gradient / (1 - product)
        root = np.sqrt(v / (1 - beta_2**t))
        w = w - learning_rate * (momentum_term + gradient_term) / (root + epsilon)
        path.append(w)
    return np.array(path)

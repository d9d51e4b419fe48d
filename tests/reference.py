"""The playbook's update rules in NumPy float64, written from its formulas alone.

Each rule is a function from gradients ``(steps, n)`` and learning rates ``(steps,)`` to the
sum of updates after each step, ``(steps, n)``.
"""

import numpy as np


def sgd(g, eta):
    return np.cumsum(-eta[:, None] * g, axis=0)


def momentum(g, eta, gamma=0.9):
    v, theta, path = 0.0, 0.0, []
    for t in range(len(g)):
        v = gamma * v + g[t]
        theta = theta - eta[t] * v
        path.append(theta)
    return np.array(path)


def nesterov(g, eta, gamma=0.9):
    v, theta, path = 0.0, 0.0, []
    for t in range(len(g)):
        v = gamma * v + g[t]
        theta = theta - eta[t] * (gamma * v + g[t])
        path.append(theta)
    return np.array(path)


def rmsprop(g, eta, rho=0.9, gamma=0.0, eps=1e-8):
    v, m, theta, path = 1.0, 0.0, 0.0, []
    for t in range(len(g)):
        v = rho * v + (1 - rho) * g[t] ** 2
        m = gamma * m + eta[t] / np.sqrt(v + eps) * g[t]
        theta = theta - m
        path.append(theta)
    return np.array(path)


def _adam(g, eta, beta1, beta2, eps, nesterov):
    m, v, theta, path = 0.0, 0.0, 0.0, []
    for t in range(len(g)):
        m = beta1 * m + (1 - beta1) * g[t]
        v = beta2 * v + (1 - beta2) * g[t] ** 2
        b = np.sqrt(1 - beta2 ** (t + 1)) / (1 - beta1 ** (t + 1))
        top = beta1 * m + (1 - beta1) * g[t] if nesterov else m
        theta = theta - eta[t] * top / (np.sqrt(v) + eps) * b
        path.append(theta)
    return np.array(path)


def adam(g, eta, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adam(g, eta, beta1, beta2, eps, nesterov=False)


def nadam(g, eta, beta1=0.9, beta2=0.999, eps=1e-8):
    return _adam(g, eta, beta1, beta2, eps, nesterov=True)

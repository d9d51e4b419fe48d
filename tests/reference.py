"""The update rules in NumPy float64, written from their sources' formulas alone.

Each of the playbook's six is a function from gradients ``(steps, n)`` and learning rates
``(steps,)`` to the sum of updates after each step, ``(steps, n)``. The others read the parameters:
they are given the first ones as well, of any shape unless they say which, and return those after
each step.
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


def adamw(g, eta, theta, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    m, v, path = 0.0, 0.0, []
    for t in range(len(g)):
        m = beta1 * m + (1 - beta1) * g[t]
        v = beta2 * v + (1 - beta2) * g[t] ** 2
        b = np.sqrt(1 - beta2 ** (t + 1)) / (1 - beta1 ** (t + 1))
        theta = theta - eta[t] * (b * m / (np.sqrt(v) + eps) + weight_decay * theta)
        path.append(theta)
    return np.array(path)


def radam(g, eta, theta, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, path = 0.0, 0.0, []
    longest = 2 / (1 - beta2) - 1
    for t in range(1, len(g) + 1):
        m = beta1 * m + (1 - beta1) * g[t - 1]
        v = beta2 * v + (1 - beta2) * g[t - 1] ** 2
        rho = longest - 2 * t * beta2**t / (1 - beta2**t)
        step = m / (1 - beta1**t)
        if rho > 5:
            r = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
            step = step * np.sqrt(r) * np.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
        theta = theta - eta[t - 1] * step
        path.append(theta)
    return np.array(path)


def lion(g, eta, theta, beta1=0.9, beta2=0.99, weight_decay=0.0):
    m, path = 0.0, []
    for t in range(len(g)):
        u = np.sign(beta1 * m + (1 - beta1) * g[t])
        theta = theta - eta[t] * (u + weight_decay * theta)
        m = beta2 * m + (1 - beta2) * g[t]
        path.append(theta)
    return np.array(path)


def adafactor(g, eta, theta, decay=0.8, clip=1.0, eps1=1e-30, eps2=1e-3):
    """For a vector or a matrix, with the factored V written out entry by entry."""

    def rms(x):
        return np.sqrt(np.mean(x**2))

    row, column, v, path = 0.0, 0.0, 0.0, []
    for t in range(1, len(g) + 1):
        old, square = 1 - t**-decay, g[t - 1] ** 2 + eps1
        if theta.ndim == 2:
            row = old * row + (1 - old) * square.sum(1)
            column = old * column + (1 - old) * square.sum(0)
            v = np.outer(row, column) / row.sum()
        else:
            v = old * v + (1 - old) * square
        u = g[t - 1] / np.sqrt(v)
        u = u / max(1, rms(u) / clip)
        theta = theta - max(eps2, rms(theta)) * min(eta[t - 1], t**-0.5) * u
        path.append(theta)
    return np.array(path)


def newton_schulz(g, eps=1e-7):
    """Through the singular values, each of which the matrix polynomial sends to its own."""
    u, s, v = np.linalg.svd(g, full_matrices=False)
    s = s / (np.sqrt(np.sum(s**2)) + eps)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return u @ np.diag(s) @ v


def muon(g, eta, theta, mu=0.95, weight_decay=0.0, eps=1e-7, nesterov=True, scale="original"):
    """For one matrix of inputs by outputs."""
    inputs, outputs = theta.shape
    factor = {
        "original": np.sqrt(max(1, outputs / inputs)),
        "match_rms_adamw": 0.2 * np.sqrt(max(inputs, outputs)),
    }[scale]
    m, path = 0.0, []
    for t in range(len(g)):
        m = mu * m + (1 - mu) * g[t]
        ahead = mu * m + (1 - mu) * g[t] if nesterov else m
        step = factor * newton_schulz(ahead, eps)
        theta = theta - eta[t] * (step + weight_decay * theta)
        path.append(theta)
    return np.array(path)


def schedule_free_adamw(
    g, eta, theta, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, evaluated=False
):
    """The points of the gradients, or those that are evaluated."""
    v, x, y, z, rates, path = 0.0, theta, theta, theta, [], []
    for t in range(len(g)):
        v = beta2 * v + (1 - beta2) * g[t] ** 2
        rate = eta[t] * np.sqrt(1 - beta2 ** (t + 1))
        rates.append(rate)
        weights = np.maximum.accumulate(rates) ** 2
        share = weights[-1] / weights.sum()
        z = z - rate * (g[t] / (np.sqrt(v) + eps) + weight_decay * y)
        x = (1 - share) * x + share * z
        y = (1 - beta1) * z + beta1 * x
        path.append(x if evaluated else y)
    return np.array(path)

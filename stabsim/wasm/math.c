// exp, log, log1p and tanh without branches, so that a loop over them takes four at a time:
// the C library's take one, and most of a small network's time with it. Within 2 units in the
// last place of float32, over all of it; the tests hold them to that.

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE __attribute__((always_inline, unused)) static inline

INLINE float float_from_bits(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
INLINE unsigned bits_of_float(float x) { unsigned y; memcpy(&y, &x, 4); return y; }

// 2**n * e**r with |r| <= log(2) / 2. Adding 3 * 2**22 rounds n to the bits' lower end.
INLINE float exp_f(float x) {
    const float shift = 12582912.0f;
    float y = x > 89.0f ? 89.0f : x < -104.0f ? -104.0f : x;
    float high = y * 1.44269504f + shift, n = high - shift;
    float r = (y - n * 0.693145752f) - n * 1.42860677e-6f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 0.166666667f;
    p = p * r + 0.5f;
    p = p * (r * r) + r + 1.0f;
    // In two factors, since the power of two alone may lie outside of float32.
    int k = (int)bits_of_float(high) - 0x4B400000, half = k >> 1;
    return p * float_from_bits((unsigned)(half + 127) << 23)
             * float_from_bits((unsigned)(k - half + 127) << 23);
}

// log(2**n * m) with m in [sqrt(1/2), sqrt(2)): Cephes' polynomial.
INLINE float log_f(float x) {
    int tiny = x < 1.17549435e-38f;
    unsigned bits = bits_of_float(tiny ? x * 8388608.0f : x) - 0x3F3504F3u;
    float n = (float)((int)bits >> 23) - (tiny ? 23.0f : 0.0f);
    float m = float_from_bits((bits & 0x7FFFFFu) + 0x3F3504F3u) - 1.0f;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float square = m * m;
    float y = p * m * square - n * 2.12194440e-4f - 0.5f * square;
    y = m + y + n * 0.693359375f;
    y = x == 0.0f ? -INFINITY : x < 0.0f ? NAN : y;
    return x < INFINITY ? y : x;
}

// Kahan: the error of 1 + x cancels in the quotient.
INLINE float log1p_f(float x) {
    float u = 1.0f + x;
    float y = log_f(u) * (x / (u - 1.0f));
    return u == 1.0f || u == INFINITY ? x : u == 0.0f ? -INFINITY : y;
}

// Cephes' polynomial near 0, and 1 - 2 / (e**2|x| + 1) elsewhere.
INLINE float tanh_f(float x) {
    float size = fabsf(x), s = x * x;
    float p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    float far = copysignf(1.0f - 2.0f / (exp_f(2.0f * size) + 1.0f), x);
    return size < 0.625f ? p * s * x + x : far;
}

INLINE float logistic_f(float x) { return 1.0f / (1.0f + exp_f(-x)); }

// exp, expm1, log, log1p, tanh and logistic without branches, so that a loop over them takes four
// numbers at a time: the C library's take one, and most of a small network's time with it. Within
// 3 units in the last place of float32 over all of it, which a test holds them to.

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE __attribute__((always_inline, unused)) static inline
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE float float_from_bits(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
INLINE unsigned bits_of_float(float x) { unsigned y; memcpy(&y, &x, 4); return y; }

// Engines read a number from memory faster than they build a vector of a constant, twice as fast
// over all. So the coefficients are neither static nor const: the compiler would see through it.
float reduction[] = {1.44269504f, 12582912.0f, 0.693145752f, 1.42860677e-6f};
float exp_terms[] = {1.381166226e-3f, 8.370134813e-3f, 4.166852828e-2f, 0.1666650872f,
                     0.4999999263f};
float exp_range[] = {89.0f, -104.0f, 10.0f, -20.0f};
float log_terms[] = {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f,
                     1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f,
                     3.3333331174e-1f};
float log_of_2[] = {0.693359375f, -2.12194440e-4f};
float numbers[] = {1.0f, 2.0f, 0.5f};
unsigned words[] = {0x4B400000u, 127u, 0x80000000u};

INLINE float polynomial(const float *terms, int count, float x) {
    float p = terms[0];
    UNROLL for (int i = 1; i < count; i++) p = p * x + terms[i];
    return p;
}

// e**x = 2**n * (1 + q), the power given as its place among the bits of a float.
INLINE float reduced_exp(float x, unsigned *n) {
    float high = x * reduction[0] + reduction[1], whole = high - reduction[1];
    float r = (x - whole * reduction[2]) - whole * reduction[3];
    *n = bits_of_float(high) - words[0];
    return polynomial(exp_terms, 5, r) * (r * r) + r;
}
INLINE float power_of_2(unsigned n) { return float_from_bits((n + words[1]) << 23); }

// In two factors, since the power of two alone may lie outside of float32.
INLINE float exp_f(float x) {
    unsigned n;
    float y = x > exp_range[0] ? exp_range[0] : x < exp_range[1] ? exp_range[1] : x;
    float p = reduced_exp(y, &n) + numbers[0];
    unsigned half = (unsigned)((int)n >> 1);
    return p * power_of_2(half) * power_of_2(n - half);
}

// 2**n * q + 2**n - 1 loses nothing: near 0, n is 0. By half, as 2**n may be too large.
INLINE float expm1_f(float x) {
    unsigned n;
    float y = x > exp_range[0] ? exp_range[0] : x < exp_range[3] ? exp_range[3] : x;
    float q = reduced_exp(y, &n), half = power_of_2(n - 1);
    return (half * q + (half - numbers[2])) * numbers[1];
}

// (e**2|x| - 1) / (e**2|x| + 1)
INLINE float tanh_f(float x) {
    unsigned n;
    float size = fabsf(x), y = size > exp_range[2] ? exp_range[2] : size;
    float q = reduced_exp(y + y, &n), power = power_of_2(n);
    float e = power * q + (power - numbers[0]);
    float ratio = e / (e + numbers[1]);
    return float_from_bits(bits_of_float(ratio) | (bits_of_float(x) & words[2]));
}

INLINE float logistic_f(float x) { return numbers[0] / (numbers[0] + exp_f(-x)); }

// log(2**n * (1 + m)) with 1 + m in [sqrt(1/2), sqrt(2)). The polynomial is that of Cephes.
INLINE float log_f(float x) {
    int tiny = x < 1.17549435e-38f;
    unsigned bits = bits_of_float(tiny ? x * 8388608.0f : x) - 0x3F3504F3u;
    float n = (float)((int)bits >> 23) - (tiny ? 23.0f : 0.0f);
    float m = float_from_bits((bits & 0x7FFFFFu) + 0x3F3504F3u) - numbers[0], square = m * m;
    float y = polynomial(log_terms, 9, m) * m * square + n * log_of_2[1] - square * numbers[2];
    y = m + y + n * log_of_2[0];
    y = x == 0.0f ? -INFINITY : x < 0.0f ? NAN : y;
    return x < INFINITY ? y : x;
}

// Kahan: the error of 1 + x cancels in the quotient.
INLINE float log1p_f(float x) {
    float u = numbers[0] + x;
    float y = log_f(u) * (x / (u - numbers[0]));
    return u == 1.0f || u == INFINITY ? x : u == 0.0f ? -INFINITY : y;
}

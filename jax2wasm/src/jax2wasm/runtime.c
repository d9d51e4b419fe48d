// What the rules call, after math.c. Compiled with every program; what one does not use is left out.

#define EXPORT(name) __attribute__((export_name(name)))
#define NOINLINE __attribute__((noinline, unused)) static

// --- scalars: XLA's meaning where C's differs ---

// NaN if either is NaN, as in XLA.
INLINE float max_f(float a, float b) { return __builtin_wasm_max_f32(a, b); }
INLINE float min_f(float a, float b) { return __builtin_wasm_min_f32(a, b); }
INLINE int max_i(int a, int b) { return a > b ? a : b; }
INLINE int min_i(int a, int b) { return a < b ? a : b; }
INLINE unsigned max_u(unsigned a, unsigned b) { return a > b ? a : b; }
INLINE unsigned min_u(unsigned a, unsigned b) { return a < b ? a : b; }
INLINE float abs_f(float x) { return fabsf(x); }
INLINE int abs_i(int x) { return x < 0 ? -x : x; }
INLINE unsigned abs_u(unsigned x) { return x; }
INLINE float sign_f(float x) { return x != x ? x : (float)((x > 0) - (x < 0)); }
INLINE int sign_i(int x) { return (x > 0) - (x < 0); }
INLINE unsigned sign_u(unsigned x) { return x > 0; }
// Whole numbers in the order of the floats, NaN and zeros by their signs too.
INLINE int total_f(float x) {
    int bits = (int)bits_of_float(x);
    return bits < 0 ? bits ^ INT32_MAX : bits;
}
INLINE float square_f(float x) { return x * x; }
INLINE int square_i(int x) { return x * x; }
INLINE unsigned square_u(unsigned x) { return x * x; }
INLINE float rsqrt_f(float x) { return 1.0f / sqrtf(x); }
INLINE float tan_f(float x) { return tanf(x); }
INLINE int finite_f(float x) { return fabsf(x) <= 3.40282347e38f; }

// Division by zero is -1 (all ones) and its remainder the dividend: wasm itself would trap.
INLINE int div_i(int a, int b) { return b == 0 ? -1 : b == -1 ? (int)(0u - (unsigned)a) : a / b; }
INLINE unsigned div_u(unsigned a, unsigned b) { return b == 0 ? ~0u : a / b; }
INLINE float rem_f(float a, float b) { return fmodf(a, b); }
INLINE int rem_i(int a, int b) { return b == 0 ? a : b == -1 ? 0 : a % b; }
INLINE unsigned rem_u(unsigned a, unsigned b) { return b == 0 ? a : a % b; }
INLINE unsigned leading_zeros(unsigned x) { return x ? __builtin_clz(x) : 32; }
INLINE unsigned shift_left(unsigned a, unsigned b) { return b > 31 ? 0 : a << b; }
INLINE unsigned shift_right(unsigned a, unsigned b) { return b > 31 ? 0 : a >> b; }
INLINE int shift_right_arithmetic(int a, unsigned b) { return a >> (b > 31 ? 31 : b); }

// Saturates, and takes NaN to 0.
INLINE int int_of(float x) { return __builtin_wasm_trunc_saturate_s_i32_f32(x); }
INLINE unsigned uint_of(float x) { return __builtin_wasm_trunc_saturate_u_i32_f32(x); }

// The nearest number with that many bits of exponent and mantissa, ties to even, as a float: beyond
// the largest it is infinity, below the smallest normal one zero, as in XLA.
INLINE float reduced_f(float x, int exponent, int mantissa) {
    unsigned bits = bits_of_float(x), sign = bits & 0x80000000u, size = bits ^ sign;
    unsigned lost = 23 - mantissa, half = lost ? (1u << lost >> 1) - 1 : 0;
    unsigned bias = (1u << (exponent - 1)) - 1;
    if (size > 0x7F800000u) return x;
    if (lost) size = (size + half + (size >> lost & 1)) >> lost << lost;
    if (size >= (127 + bias + 1) << 23) size = 0x7F800000u;
    if (size < (127 - bias + 1) << 23) size = 0;
    return float_from_bits(sign | size);
}

INLINE float power_f(float x, int n) {
    unsigned m = n < 0 ? 0u - (unsigned)n : (unsigned)n;
    float y = 1.0f;
    for (; m; m >>= 1, x *= x)
        if (m & 1) y *= x;
    return n < 0 ? 1.0f / y : y;
}
INLINE unsigned power_u(unsigned x, int n) {
    unsigned y = 1;
    for (unsigned m = (unsigned)n; m; m >>= 1, x *= x)
        if (m & 1) y *= x;
    return y;
}

// Giles, Approximating the erfinv function (2012), single precision.
INLINE float erf_inv(float x) {
    static const float near[] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                                 -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
                                 -0.00417768164f,  0.246640727f,    1.50140941f};
    static const float far[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f,
                                -0.00367342844f,  0.00573950773f,  -0.0076224613f,
                                0.00943887047f,   1.00167406f,     2.83297682f};
    if (fabsf(x) == 1.0f) return x * INFINITY;
    float w = -log1p_f(-x * x);
    int central = w < 5.0f;
    const float *c = central ? near : far;
    w = central ? w - 2.5f : sqrtf(w) - 3.0f;
    float p = c[0];
    UNROLL for (int i = 1; i < 9; i++) p = c[i] + p * w;
    return p * x;
}

// Sums may be taken in any order, so that they are taken four and more at a time.
INLINE float sum_f(float a, float b) {
#pragma clang fp reassociate(on)
    return a + b;
}
INLINE int sum_i(int a, int b) { return (int)((unsigned)a + (unsigned)b); }
INLINE unsigned sum_u(unsigned a, unsigned b) { return a + b; }
INLINE float prod_f(float a, float b) { return a * b; }
INLINE int prod_i(int a, int b) { return (int)((unsigned)a * (unsigned)b); }
INLINE unsigned prod_u(unsigned a, unsigned b) { return a * b; }

// --- matrix products ---

typedef float v4 __attribute__((vector_size(16), aligned(4)));

// A tile of `rows` by 4 `vectors` of the product, held in registers.
#define TILE(name, rows, vectors)                                                             \
    INLINE void name(int depth, const float *a, int row, int column, const float *b, int step, \
                     float *out, int width, int columns) {                                    \
        v4 sum[rows][vectors] = {0};                                                          \
        for (int k = 0; k < depth; k++, a += column, b += step) {                             \
            UNROLL for (int j = 0; j < vectors; j++) {                                        \
                v4 x = *(const v4 *)(b + 4 * j);                                              \
                UNROLL for (int i = 0; i < rows; i++) sum[i][j] += a[i * row] * x;            \
            }                                                                                 \
        }                                                                                     \
        UNROLL for (int i = 0; i < rows; i++)                                                 \
            UNROLL for (int j = 0; j < vectors; j++) {                                        \
                if (4 * j + 4 <= columns)                                                     \
                    *(v4 *)(out + i * width + 4 * j) = sum[i][j];                             \
                else                                                                          \
                    for (int c = 4 * j; c < columns; c++) out[i * width + c] = sum[i][j][c - 4 * j]; \
            }                                                                                 \
    }
TILE(tile_4_8, 4, 2)
TILE(tile_1_8, 1, 2)
TILE(tile_4_4, 4, 1)
TILE(tile_1_4, 1, 1)

// out (m by n) = a (m by k, any strides) times b (k by n, any strides). Reads b eight columns at a
// time, which may be up to seven numbers too far: arrays have room for that behind them. Unless
// its rows lie along memory, b is first copied to `panels` of eight columns.
NOINLINE void matmul(int m, int n, int k, const float *restrict a, int a_row, int a_column,
                     const float *restrict b, int b_row, int b_column, float *restrict out,
                     float *restrict panels) {
    int step = b_row, panel = 8;
    if (b_column != 1) {
        step = 8;
        panel = 8 * k;
        for (int j = 0; j < n; j += 4) {
            float *to = panels + (j & ~7) * k + (j & 4);
            const float *at[4];
            UNROLL for (int c = 0; c < 4; c++) at[c] = b + min_i(j + c, n - 1) * b_column;
            for (int r = 0, i = 0; r < k; r++, i += b_row, to += 8)
                *(v4 *)to = (v4){at[0][i], at[1][i], at[2][i], at[3][i]};
        }
        b = panels;
    }
    for (int j = 0; j < n; j += 8, b += panel) {
        int columns = n - j, i = 0;
        const float *p = a;
        float *o = out + j;
        if (columns > 4) {
            if (columns > 8) columns = 8;
            for (; i + 4 <= m; i += 4, p += 4 * a_row, o += 4 * n)
                tile_4_8(k, p, a_row, a_column, b, step, o, n, columns);
            for (; i < m; i++, p += a_row, o += n)
                tile_1_8(k, p, a_row, a_column, b, step, o, n, columns);
        } else {
            for (; i + 4 <= m; i += 4, p += 4 * a_row, o += 4 * n)
                tile_4_4(k, p, a_row, a_column, b, step, o, n, columns);
            for (; i < m; i++, p += a_row, o += n)
                tile_1_4(k, p, a_row, a_column, b, step, o, n, columns);
        }
    }
}

// Sixteen entries of out, of which the last may be too many, for a whose columns lie along memory.
INLINE void matvec_16(int k, const float *a, int a_column, const float *b, int b_row, float *out,
                      int entries) {
    v4 sum[4] = {0};
    for (int j = 0; j < k; j++, a += a_column, b += b_row) {
        UNROLL for (int v = 0; v < 4; v++)
            if (v == 0 || 4 * v < entries) sum[v] += *b * *(const v4 *)(a + 4 * v);
    }
    UNROLL for (int v = 0; v < 4; v++) {
        if (4 * v + 4 <= entries)
            *(v4 *)(out + 4 * v) = sum[v];
        else
            for (int i = 4 * v; i < entries; i++) out[i] = sum[v][i - 4 * v];
    }
}

// out (m) = a (m by k) times b (k).
NOINLINE void matvec(int m, int k, const float *restrict a, int a_row, int a_column,
                     const float *restrict b, int b_row, float *restrict out) {
    if (a_row == 1 && a_column != 1) {
        int i = 0;
        for (; i + 16 <= m; i += 16) matvec_16(k, a + i, a_column, b, b_row, out + i, 16);
        if (i < m) matvec_16(k, a + i, a_column, b, b_row, out + i, m - i);
        return;
    }
    for (int i = 0; i < m; i++, a += a_row) {
        float s = 0;
        int j = 0;
        if (a_column == 1 && b_row == 1) {
            v4 sum[4] = {0};
            for (; j + 16 <= k; j += 16)
                UNROLL for (int v = 0; v < 4; v++)
                    sum[v] += *(const v4 *)(a + j + 4 * v) * *(const v4 *)(b + j + 4 * v);
            v4 all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
            s = (all[0] + all[1]) + (all[2] + all[3]);
        }
        for (; j < k; j++) s += a[j * a_column] * b[j * b_row];
        out[i] = s;
    }
}

// --- triangular matrices ---

// The lower factor of a (n by n, its lower half), column by column; NaN if there is none.
NOINLINE void cholesky(int n, const float *restrict a, int row, int column,
                       float *restrict out) {
    int fails = 0;
    for (int j = 0; j < n; j++) {
        float *mine = out + j * n, d = a[j * row + j * column];
        for (int k = 0; k < j; k++) d -= mine[k] * mine[k];
        fails |= !(d > 0);
        mine[j] = sqrtf(d);
        for (int k = j + 1; k < n; k++) mine[k] = 0;
        for (int i = j + 1; i < n; i++) {
            float *its = out + i * n, s = a[i * row + j * column];
            for (int k = 0; k < j; k++) s -= its[k] * mine[k];
            its[j] = s / mine[j];
        }
    }
    for (int i = 0; fails && i < n; i++)
        for (int j = 0; j <= i; j++) out[i * n + j] = NAN;
}

// Turns x (n by m) into the solution of a x = x, by substitution from the free end of a.
NOINLINE void triangular_solve(int n, int m, int lower, int unit, const float *a, float *x,
                               int a_row, int a_column, int x_row, int x_column) {
    for (int step = 0; step < n; step++) {
        int i = lower ? step : n - 1 - step;
        for (int j = 0; j < m; j++) {
            float s = x[i * x_row + j * x_column];
            for (int k = lower ? 0 : i + 1; k < (lower ? i : n); k++)
                s -= a[i * a_row + k * a_column] * x[k * x_row + j * x_column];
            x[i * x_row + j * x_column] = unit ? s : s / a[i * a_row + i * a_column];
        }
    }
}

// --- random bits ---

// One block of Threefry-2x32 with 20 rounds: Salmon et al., Parallel Random Numbers (2011).
INLINE void threefry(unsigned k0, unsigned k1, unsigned *x0, unsigned *x1) {
    static const int turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    const unsigned key[3] = {k0, k1, k0 ^ k1 ^ 0x1BD11BDAu};
    unsigned a = *x0 + k0, b = *x1 + k1;
    UNROLL for (int round = 0; round < 5; round++) {
        UNROLL for (int i = 0; i < 4; i++) {
            int turn = turns[round % 2][i];
            a += b;
            b = (b << turn | b >> (32 - turn)) ^ a;
        }
        a += key[(round + 1) % 3];
        b += key[(round + 2) % 3] + round + 1;
    }
    *x0 = a;
    *x1 = b;
}

// --- sorting ---

// Numbers whose unsigned order is the order of the values; every NaN comes last.
INLINE unsigned order_f(float x) {
    if (x != x) return ~0u;
    unsigned bits = bits_of_float(x == 0 ? 0.0f : x);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}
INLINE unsigned order_i(int x) { return (unsigned)x ^ 0x80000000u; }
INLINE unsigned order_u(unsigned x) { return x; }

// Sorts pairs of a key (high half) and its place (low half): equal keys keep their order.
NOINLINE void merge_sort(uint64_t *pairs, uint64_t *other, int n) {
    uint64_t *from = pairs, *to = other;
    for (int width = 1; width < n; width *= 2) {
        for (int low = 0; low < n; low += 2 * width) {
            int middle = min_i(low + width, n), high = min_i(low + 2 * width, n);
            for (int i = low, j = middle, k = low; k < high; k++)
                to[k] = j >= high || (i < middle && from[i] <= from[j]) ? from[i++] : from[j++];
        }
        uint64_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != pairs) memcpy(pairs, from, n * sizeof *pairs);
}

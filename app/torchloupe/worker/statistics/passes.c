/* Statistics of numbers in memory: counts, moments and extremes in one pass, a histogram in another. Called by native_way.py.
 *
 * Plain loops that compilers vectorise. Whether a value is finite, zero, smallest or largest is told from its bits, so no flag for
 * fast arithmetic can break it. Sums are made in double, around a value of their block, so nothing overflows and nothing cancels.
 */

#include <stdint.h>
#include <string.h>

#define VERSION 1
#define BINS 64
#define BLOCK 2048     /* elements that are looked at together and stay in the innermost cache */
#define MANY (1 << 14) /* from so many elements on, bins are counted in pairs */
#define INLINE static inline __attribute__((always_inline))

enum { FLOAT32, FLOAT64, BFLOAT16, FLOAT16, INT16, UINT16, INT32, UINT32, INT64, UINT64 };

typedef struct {
    int64_t finite, zeros, nan, inf;
    double mean, squares, low, high;
} Moments;

typedef struct {
    Moments moments;
    int64_t sampled, bins[BINS];
} Result;

/* Chan, Golub, LeVeque 1979. */
INLINE void add_moments(Moments *total, int64_t finite, double mean, double squares) {
    double share = (double)finite / (double)(total->finite + finite), distance = mean - total->mean;
    total->squares += squares + distance * distance * share * (double)total->finite;
    total->mean += distance * share;
    total->finite += finite;
}

#define REAL float
#define INT int32_t
#define TOP INT32_MAX
#define INFINITE 0x7f800000
#define NAMED(what) what##_of_floats
#include "kernels.h"

#define REAL double
#define INT int64_t
#define TOP INT64_MAX
#define INFINITE 0x7ff0000000000000
#define NAMED(what) what##_of_doubles
#include "kernels.h"

INLINE int is_wide(int kind) { return kind == FLOAT64 || kind >= INT32; }

INLINE int32_t bits_of_half(uint16_t half) {
    int32_t size = half & 0x7fff, bits = (size << 13) + (112 << 23), small;
    float subnormal = (float)size * 0x1p-24f;
    memcpy(&small, &subnormal, 4);
    bits = size < 0x0400 ? small : size < 0x7c00 ? bits : bits + (112 << 23);
    return bits | (int32_t)((uint32_t)(half & 0x8000) << 16);
}

#define CONVERTED(TYPE, ROOM, EXPRESSION) \
    { \
        const TYPE *from = (const TYPE *)data + at; \
        for (int64_t i = 0; i < n; i++) ROOM[i] = EXPRESSION; \
        return room; \
    }

/* Elements ``at`` to ``at + n`` as floats or doubles: where they lie, or in ``room``. */
INLINE const void *block_of(const void *data, int kind, int64_t at, int64_t n, void *room) {
    float *floats = room;
    double *doubles = room;
    int32_t *bits = room;
    switch (kind) {
    case FLOAT32: return (const float *)data + at;
    case FLOAT64: return (const double *)data + at;
    case BFLOAT16: CONVERTED(uint16_t, bits, (int32_t)((uint32_t)from[i] << 16))
    case FLOAT16: CONVERTED(uint16_t, bits, bits_of_half(from[i]))
    case INT16: CONVERTED(int16_t, floats, from[i])
    case UINT16: CONVERTED(uint16_t, floats, from[i])
    case INT32: CONVERTED(int32_t, doubles, from[i])
    case UINT32: CONVERTED(uint32_t, doubles, from[i])
    case INT64: CONVERTED(int64_t, doubles, (double)from[i])
    default: CONVERTED(uint64_t, doubles, (double)from[i])
    }
}

/* Counted in pairs: half as many additions, and equal neighbours wait less for each other. */
typedef struct {
    uint32_t one[4][BINS], pairs[2][BINS * BINS];
} Tables;

INLINE void count_block(Tables *tables, uint32_t *bin, int64_t n, int in_pairs) {
    int64_t half = in_pairs ? n / 4 * 2 : 0;
    for (int64_t i = 0; i < half; i++) bin[i] = bin[i] << 6 | bin[half + i];
    for (int64_t i = 0; i < half; i += 2) {
        tables->pairs[0][bin[i]]++;
        tables->pairs[1][bin[i + 1]]++;
    }
    for (int64_t i = 2 * half; i < n; i++) tables->one[i & 3][bin[i]]++;
}

/* How doubles are put into bins: times ``part``, so that neither their range nor its inverse is too large for a double. */
typedef struct {
    double part, low, scale;
} Ruler;

INLINE Ruler ruler_of(double low, double high) {
    double range = high - low, part = range > 1e300 ? 0x1p-600 : range < 1e-280 ? 0x1p600 : 1;
    volatile double bottom = low * part, top = high * part; /* or a compiler takes the difference before it multiplies */
    double whole = top - bottom;
    return (Ruler){part, bottom, whole > 0 ? BINS / whole : 0};
}

/* Adds to ``bins`` how many of the finite values lie in each of the equal parts of [low, high]. */
INLINE void histogram_body(const void *data, int64_t n, int kind, double low, double high, int64_t *bins) {
    double room[BLOCK], wider[BLOCK], range = high - low;
    uint32_t bin[BLOCK];
    int64_t left_out = 0;
    int in_pairs = n >= MANY, is_plain = !is_wide(kind) && range > 1e-30 && range < 1e30;
    Ruler ruler = ruler_of(low, high);
    Tables tables;
    memset(&tables, 0, in_pairs ? sizeof tables : sizeof tables.one);
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t size = n - at < BLOCK ? n - at : BLOCK;
        const void *block = block_of(data, kind, at, size, room);
        if (is_plain) {
            left_out += bins_of_floats(block, size, 1, low, BINS / (float)range, bin);
        } else {
            if (!is_wide(kind)) {
                for (int64_t i = 0; i < size; i++) wider[i] = ((const float *)block)[i];
                block = wider;
            }
            left_out += bins_of_doubles(block, size, ruler.part, ruler.low, ruler.scale, bin);
        }
        count_block(&tables, bin, size, in_pairs);
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < BINS; j++) bins[j] += tables.one[i][j];
    for (int i = 0; in_pairs && i < BINS; i++)
        for (int j = 0; j < BINS; j++) {
            uint32_t both = tables.pairs[0][i << 6 | j] + tables.pairs[1][i << 6 | j];
            bins[i] += both;
            bins[j] += both;
        }
    bins[0] -= left_out;
}

/* Without ``step`` the moments alone; else also a histogram of every ``step``-th element, which are gathered in ``sample``. */
INLINE void measure_body(const void *data, int64_t n, int kind, int64_t step, void *sample, Result *result) {
    double room[BLOCK];
    int64_t next = 0, taken = 0;
    Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
    for (int64_t at = 0; at < n; at += BLOCK) {
        int64_t size = n - at < BLOCK ? n - at : BLOCK;
        const void *block = block_of(data, kind, at, size, room);
        if (is_wide(kind))
            moments_of_doubles(block, size, &total);
        else
            moments_of_floats(block, size, &total);
        for (; step > 1 && next < at + size; next += step, taken++)
            if (is_wide(kind))
                ((double *)sample)[taken] = ((const double *)block)[next - at];
            else
                ((float *)sample)[taken] = ((const float *)block)[next - at];
    }
    memset(result, 0, sizeof *result);
    result->moments = total;
    result->sampled = taken;
    if (!step || !total.finite) return;
    if (step > 1)
        histogram_body(sample, taken, is_wide(kind) ? FLOAT64 : FLOAT32, total.low, total.high, result->bins);
    else
        histogram_body(data, n, kind, total.low, total.high, result->bins);
}

/* The same for elements of one byte, whose 256 values are in ``table``: they are counted, and the counts say everything. */
static void measure_bytes(const uint8_t *data, int64_t n, const double *table, Result *result) {
    int64_t counts[256] = {0};
    for (int64_t at = 0; at < n; at += 1 << 24) {
        uint32_t some[4][256] = {{0}};
        int64_t end = n - at < 1 << 24 ? n : at + (1 << 24);
        for (int64_t i = at; i < end; i++) some[i & 3][data[i]]++;
        for (int i = 0; i < 256; i++) counts[i] += (int64_t)some[0][i] + some[1][i] + some[2][i] + some[3][i];
    }
    Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
    memset(result, 0, sizeof *result);
    for (int i = 0; i < 256; i++) {
        Moments one = {.low = __builtin_inf(), .high = -__builtin_inf()};
        if (!counts[i]) continue;
        moments_of_doubles(table + i, 1, &one);
        total.zeros += one.zeros * counts[i];
        total.nan += one.nan * counts[i];
        total.inf += one.inf * counts[i];
        total.low = one.low < total.low ? one.low : total.low;
        total.high = one.high > total.high ? one.high : total.high;
        if (one.finite)
            add_moments(&total, counts[i], one.mean, 0);
        else
            counts[i] = 0;
    }
    result->moments = total;
    uint32_t bin[256];
    Ruler ruler = ruler_of(total.low, total.high);
    bins_of_doubles(table, 256, ruler.part, ruler.low, ruler.scale, bin);
    for (int i = 0; i < 256; i++) result->bins[bin[i]] += counts[i];
}

/* Each pass compiled for several processors, and the widest that this one has. */
#define PASSES(LEVEL, TARGET) \
    TARGET static void measure_##LEVEL(const void *data, int64_t n, int kind, int64_t step, void *sample, Result *result) { \
        measure_body(data, n, kind, step, sample, result); \
    } \
    TARGET static void histogram_##LEVEL(const void *data, int64_t n, int kind, double low, double high, int64_t *bins) { \
        histogram_body(data, n, kind, low, high, bins); \
    }

PASSES(plain, )
#ifdef __x86_64__
PASSES(avx2, __attribute__((target("avx2,fma"))))
PASSES(avx512, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))))
#define CHOSEN(pass, ...) \
    (level == 2 ? pass##_avx512(__VA_ARGS__) : level == 1 ? pass##_avx2(__VA_ARGS__) : pass##_plain(__VA_ARGS__))
static int best_level(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? 2 : 1;
}
#else
#define CHOSEN(pass, ...) pass##_plain(__VA_ARGS__)
static int best_level(void) { return 0; }
#endif

static int level = 0;

/* Chooses the best level that this processor has, at most ``wanted``, and says which it is. */
int torchloupe_level(int wanted) { return level = wanted < best_level() ? wanted : best_level(); }

int torchloupe_version(void) { return VERSION; }

void torchloupe_measure(const void *data, int64_t n, int kind, int64_t step, void *sample, Result *result) {
    CHOSEN(measure, data, n, kind, step, sample, result);
}

void torchloupe_measure_bytes(const void *data, int64_t n, const double *table, Result *result) {
    measure_bytes(data, n, table, result);
}

void torchloupe_histogram(const void *data, int64_t n, int kind, double low, double high, int64_t *bins) {
    CHOSEN(histogram, data, n, kind, low, high, bins);
}

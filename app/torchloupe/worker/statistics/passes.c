/* Statistics of numbers in memory: counts, moments and extremes in one pass, a histogram in another. Called by native_way.py.
 *
 * Plain loops that compilers vectorise. Whether a value is finite, zero, smallest or largest is told from its bits, so no flag for
 * fast arithmetic can break it. Sums are made in double, around a value of their block, so nothing overflows and nothing cancels.
 */

#include <stdint.h>
#include <string.h>

#define VERSION 4
#define BINS 64
#define BLOCK 2048           /* elements that are looked at together and stay in the innermost cache */
#define MANY (1 << 14)       /* from so many elements on, bins are counted in pairs */
#define PARTS 64             /* at most so many, */
#define LEAST_PART (1 << 14) /* of at least so many elements */
#define ALONE (1 << 16)      /* fewer elements are not worth another thread */
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

INLINE void join_moments(Moments *total, const Moments *part) {
    total->zeros += part->zeros, total->nan += part->nan, total->inf += part->inf;
    total->low = part->low < total->low ? part->low : total->low;
    total->high = part->high > total->high ? part->high : total->high;
    if (part->finite) add_moments(total, part->finite, part->mean, part->squares);
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

/* Bins as they are counted. In pairs there are half as many additions, and equal neighbours wait less for each other. */
typedef struct {
    uint32_t one[4][BINS], pairs[2][BINS * BINS];
    uint64_t sets[BINS][8];
} Tables;

INLINE void count_block(Tables *tables, const uint8_t *bin, int64_t n, int in_pairs) {
    uint16_t pair[BLOCK / 2];
    int64_t half = in_pairs ? n / 4 * 2 : 0;
    for (int64_t i = 0; i < half; i++) pair[i] = (uint16_t)(bin[i] << 6 | bin[half + i]);
    for (int64_t i = 0; i < half; i += 2) {
        tables->pairs[0][pair[i]]++;
        tables->pairs[1][pair[i + 1]]++;
    }
    for (int64_t i = 2 * half; i < n; i++) tables->one[i & 3][bin[i]]++;
}

INLINE void add_pairs(const Tables *tables, int64_t *bins) {
    for (int i = 0; i < BINS; i++)
        for (int j = 0; j < BINS; j++) {
            uint32_t both = tables->pairs[0][i << 6 | j] + tables->pairs[1][i << 6 | j];
            bins[i] += both;
            bins[j] += both;
        }
}

#ifdef __x86_64__
#include <immintrin.h>
#define WIDEST __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,avx2,fma,prefer-vector-width=512")))

/* A bin is six bits. For each set of them it is counted in how many bins all of the set are on, 512 bins in a register: no memory is
 * looked up, so nothing waits. ``add_sets`` makes bins of it. Returns how many were counted, from the first on.
 */
WIDEST static int64_t count_sets(Tables *tables, const uint8_t *bin, int64_t n) {
    __m512i set[BINS], more[BINS];
    uint64_t bits[6][16];
    int64_t at = 0;
    for (; at + 1024 <= n; at += 1024) {
        for (int i = 0; i < 16; i++)
            for (int b = 0; b < 6; b++)
                bits[b][i] = _mm512_test_epi8_mask(_mm512_loadu_si512(bin + at + 64 * i), _mm512_set1_epi8((char)(1 << b)));
        for (int b = 0; b < 6; b++) {
            set[1 << b] = _mm512_loadu_si512(bits[b]);
            more[1 << b] = _mm512_loadu_si512(bits[b] + 8);
        }
#pragma GCC unroll 64
        for (int s = 1; s < BINS; s++) {
            uint64_t *sums = tables->sets[s];
            if (s & (s - 1)) {
                set[s] = _mm512_and_si512(set[s & (s - 1)], set[s & -s]);
                more[s] = _mm512_and_si512(more[s & (s - 1)], more[s & -s]);
            }
            __m512i on = _mm512_add_epi64(_mm512_popcnt_epi64(set[s]), _mm512_popcnt_epi64(more[s]));
            _mm512_storeu_si512(sums, _mm512_add_epi64(_mm512_loadu_si512(sums), on));
        }
    }
    tables->sets[0][0] += (uint64_t)at;
    return at;
}
#else
static int64_t count_sets(Tables *tables, const uint8_t *bin, int64_t n) { return 0; }
#endif

/* Those with all of a set on, less those with one more on, are those with this set on and no other. */
INLINE void add_sets(const Tables *tables, int64_t *bins) {
    int64_t exactly[BINS] = {0};
    for (int s = 0; s < BINS; s++)
        for (int i = 0; i < 8; i++) exactly[s] += (int64_t)tables->sets[s][i];
    for (int b = 1; b < BINS; b <<= 1)
        for (int s = 0; s < BINS; s++)
            if (!(s & b)) exactly[s] -= exactly[s | b];
    for (int s = 0; s < BINS; s++) bins[s] += exactly[s];
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

/* One tensor, looked at part by part. Parts depend on its size alone, so that the numbers are the same however many threads there are. */
typedef struct {
    const void *data;
    void *after;
    int64_t n, step, size; /* ``size``: elements of a part */
    void *sample;
    double low, high;
    int64_t *bins;
    int64_t next; /* the part that nobody has taken yet */
    int kind, all_finite, undo, width; /* ``width``: bytes of an element */
    Moments of_part[PARTS];
} Work;

/* Elements ``at`` to ``end`` are whose turn it is; 0 when all parts are taken. */
INLINE int64_t take(Work *work, int64_t *at, int64_t *end) {
    int64_t part = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
    *at = part * work->size;
    *end = work->n - *at < work->size ? work->n : *at + work->size;
    return work->n > *at ? part + 1 : 0;
}

/* Adds to ``bins`` how many of the finite values lie in each of the equal parts of [low, high]. */
INLINE void histogram_body(Work *work, int has_sets) {
    double room[BLOCK], wider[BLOCK], low = work->low, range = work->high - low;
    uint8_t bin[BLOCK];
    int64_t at, end, left_out = 0;
    int kind = work->kind, is_plain = !is_wide(kind) && range > 1e-30 && range < 1e30;
    int many = work->n >= MANY, in_sets = many && has_sets, in_pairs = many && !has_sets;
    Ruler ruler = ruler_of(low, work->high);
    Tables tables;
    memset(&tables.one, 0, sizeof tables.one);
    if (in_pairs) memset(&tables.pairs, 0, sizeof tables.pairs);
    if (in_sets) memset(&tables.sets, 0, sizeof tables.sets);
    while (take(work, &at, &end))
        for (; at < end; at += BLOCK) {
            int64_t size = end - at < BLOCK ? end - at : BLOCK;
            const void *block = block_of(work->data, kind, at, size, room);
            if (is_plain) {
                left_out += bins_of_floats(block, size, work->all_finite, 1, low, BINS / (float)range, bin);
            } else {
                if (!is_wide(kind)) {
                    for (int64_t i = 0; i < size; i++) wider[i] = ((const float *)block)[i];
                    block = wider;
                }
                left_out += bins_of_doubles(block, size, work->all_finite, ruler.part, ruler.low, ruler.scale, bin);
            }
            int64_t counted = in_sets ? count_sets(&tables, bin, size) : 0;
            count_block(&tables, bin + counted, size - counted, in_pairs);
        }
    int64_t counts[BINS] = {-left_out};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < BINS; j++) counts[j] += tables.one[i][j];
    if (in_pairs) add_pairs(&tables, counts);
    if (in_sets) add_sets(&tables, counts);
    for (int i = 0; i < BINS; i++) __atomic_fetch_add(&work->bins[i], counts[i], __ATOMIC_RELAXED);
}

/* The moments of each part; every ``step``-th element is gathered in ``sample``, where there is a step. */
INLINE void moments_body(Work *work) {
    double room[BLOCK];
    int64_t at, end, part, step = work->step;
    int kind = work->kind;
    while ((part = take(work, &at, &end))) {
        Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
        int64_t taken = step > 1 ? (at + step - 1) / step : 0, next = taken * step;
        for (; at < end; at += BLOCK) {
            int64_t size = end - at < BLOCK ? end - at : BLOCK;
            const void *block = block_of(work->data, kind, at, size, room);
            if (is_wide(kind))
                moments_of_doubles(block, size, &total);
            else
                moments_of_floats(block, size, &total);
            for (; step > 1 && next < at + size; next += step, taken++)
                if (is_wide(kind))
                    ((double *)work->sample)[taken] = ((const double *)block)[next - at];
                else
                    ((float *)work->sample)[taken] = ((const float *)block)[next - at];
        }
        work->of_part[part - 1] = total;
    }
}

/* What lies between two values of a tensor, for each part; ``undo``: the second becomes the first again. */
INLINE void motion_body(Work *work) {
    double room[BLOCK], other[BLOCK];
    int64_t at, end, part;
    while ((part = take(work, &at, &end))) {
        Moments total = {0};
        for (; at < end; at += BLOCK) {
            int64_t size = end - at < BLOCK ? end - at : BLOCK;
            const void *before = block_of(work->data, work->kind, at, size, room);
            const void *after = block_of(work->after, work->kind, at, size, other);
            if (is_wide(work->kind))
                motion_of_doubles(before, after, size, &total);
            else
                motion_of_floats(before, after, size, &total);
            if (work->undo) memcpy((char *)work->after + at * work->width, (const char *)work->data + at * work->width, size * work->width);
        }
        work->of_part[part - 1] = total;
    }
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
    uint8_t bin[256];
    Ruler ruler = ruler_of(total.low, total.high);
    bins_of_doubles(table, 256, 0, ruler.part, ruler.low, ruler.scale, bin);
    for (int i = 0; i < 256; i++) result->bins[bin[i]] += counts[i];
}

/* Each pass compiled for several processors, and the widest that this one has. */
#define PASSES(LEVEL, IN_SETS, TARGET) \
    TARGET static void moments_##LEVEL(void *work) { moments_body(work); } \
    TARGET static void motion_##LEVEL(void *work) { motion_body(work); } \
    TARGET static void histogram_##LEVEL(void *work) { histogram_body(work, IN_SETS); }

typedef void (*Pass)(void *work);

PASSES(plain, 0, )
#ifdef __x86_64__
PASSES(avx2, 0, __attribute__((target("avx2,fma"))))
PASSES(avx512, 0, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))))
PASSES(widest, 1, WIDEST)
static const Pass moments_at[] = {moments_plain, moments_avx2, moments_avx512, moments_widest};
static const Pass motion_at[] = {motion_plain, motion_avx2, motion_avx512, motion_widest};
static const Pass histogram_at[] = {histogram_plain, histogram_avx2, histogram_avx512, histogram_widest};
static int best_level(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) return 1;
    return __builtin_cpu_supports("avx512vpopcntdq") ? 3 : 2;
}
#else
static const Pass moments_at[] = {moments_plain}, motion_at[] = {motion_plain}, histogram_at[] = {histogram_plain};
static int best_level(void) { return 0; }
#endif

static int level = 0;

/* Has ``pass`` run in so many threads of torch's OpenMP library: threads of our own would wait for cores on which those spin. */
typedef void (*Parallel)(Pass pass, void *work, unsigned threads, unsigned flags);

static void run(Pass pass, Work *work, Parallel parallel, int threads) {
    work->next = 0;
    if (parallel && threads > 1 && work->n >= ALONE)
        parallel(pass, work, (unsigned)threads, 0);
    else
        pass(work);
}

static void prepare(Work *work, const void *data, int64_t n, int kind) {
    int64_t size = (n / PARTS / BLOCK + 1) * BLOCK;
    work->data = data, work->n = n, work->kind = kind, work->size = size < LEAST_PART ? LEAST_PART : size;
}

/* Chooses the best level that this processor has, at most ``wanted``, and says which it is. */
int torchloupe_level(int wanted) { return level = wanted < best_level() ? wanted : best_level(); }

int torchloupe_version(void) { return VERSION; }

static void count_bins(Work *work, const Moments *known, int64_t *bins, Parallel parallel, int threads) {
    work->low = known->low, work->high = known->high, work->bins = bins;
    work->all_finite = known->finite && !(known->nan + known->inf);
    run(histogram_at[level], work, parallel, threads);
}

void torchloupe_histogram(
    const void *data, int64_t n, int kind, double low, double high, int64_t *bins, Parallel parallel, int threads
) {
    Work work;
    prepare(&work, data, n, kind);
    count_bins(&work, &(Moments){.low = low, .high = high}, bins, parallel, threads);
}

/* Without ``step`` the moments alone; else also a histogram of every ``step``-th element, which are gathered in ``sample``.
 * ``parallel`` is the GOMP_parallel of the library, or null.
 */
void torchloupe_measure(
    const void *data, int64_t n, int kind, int64_t step, void *sample, Result *result, Parallel parallel, int threads
) {
    Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
    Work work;
    prepare(&work, data, n, kind);
    work.step = step, work.sample = sample;
    run(moments_at[level], &work, parallel, threads);
    for (int64_t part = 0; part * work.size < n; part++) join_moments(&total, &work.of_part[part]);
    memset(result, 0, sizeof *result);
    result->moments = total;
    if (step > 1) {
        result->sampled = (n + step - 1) / step;
        prepare(&work, sample, result->sampled, is_wide(kind) ? FLOAT64 : FLOAT32);
    }
    if (step && total.finite) count_bins(&work, &total, result->bins, parallel, threads);
}

void torchloupe_measure_bytes(const void *data, int64_t n, const double *table, Result *result) {
    measure_bytes(data, n, table, result);
}

/* Into ``told``: how many numbers changed, the squares of those before, the squares of the differences. ``undo`` writes ``before`` over
 * ``after``, while both are at hand.
 */
void torchloupe_motion(
    const void *before, void *after, int64_t n, int kind, int undo, double *told, Parallel parallel, int threads
) {
    static const int widths[] = {4, 8, 2, 2, 2, 2, 4, 4, 8, 8};
    Work work;
    prepare(&work, before, n, kind);
    work.after = after, work.undo = undo, work.width = widths[kind];
    run(motion_at[level], &work, parallel, threads);
    told[0] = told[1] = told[2] = 0;
    for (int64_t part = 0; part * work.size < n; part++) {
        told[0] += (double)work.of_part[part].finite;
        told[1] += work.of_part[part].mean;
        told[2] += work.of_part[part].squares;
    }
}

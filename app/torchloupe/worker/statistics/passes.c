/* Statistics of numbers in memory: counts, moments and extremes at one look, a histogram at a second. Called by native_way.py.
 *
 * Plain loops that compilers vectorise. Whether a value is finite, zero, smallest or largest is told from its bits, so no flag for
 * fast arithmetic can break it. Sums are made in double, around a value of their block, so nothing overflows and nothing cancels.
 */

#include <stdint.h>
#include <string.h>

#define VERSION 7
#define BINS 64
#define BLOCK 2048           /* elements that are looked at together and stay in the innermost cache */
#define MANY (1 << 14)       /* from so many elements on, bins are counted in pairs, and a glimpse is kept */
#define LINE 64              /* bytes that memory gives at a time */
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

/* What is asked and what is told, in one place: who asks from Python pays for each argument and for each number. A histogram is made of
 * so few elements that their counts have room in 32 bits.
 */
typedef struct {
    const void *data;
    int64_t n, kind, step;
    void *sample;
    int64_t threads;
    Moments moments;
    int64_t sampled;
    uint32_t bins[BINS];
    char glimpse[2][LINE]; /* of what begins, and of what lies in the middle */
} Question;

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

static const int widths[] = {4, 8, 2, 2, 2, 2, 4, 4, 8, 8}; /* bytes of an element of each kind */

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
#include "avx512.h"
#endif

typedef Scan_of_floats (*Scan)(const float *x, int64_t n, double shift);

/* What counts as many bins as it likes, from the first on, and says how many; the others are counted one by one. */
typedef int64_t (*Count)(Tables *tables, const float *x, const uint8_t *bin, float low, float scale, int64_t n);

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

#include "shared_run.h"

/* One tensor: ``looked`` at for its moments, unless what must be ``known`` is, ``counted`` for its histogram, where ``bins`` are wanted: of
 * all of it, or of every ``step``-th element, which are gathered in ``sample``.
 */
typedef struct {
    Run looked, counted;
    int64_t step, *bins;
    void *sample, *after;
    int undo, width, threads; /* ``width``: bytes of an element */
    Moments known, *of_part;
} Work;

static Moments moments_of(const Work *work) {
    Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
    for (int part = 0; part < work->looked.parts; part++) join_moments(&total, &work->of_part[part]);
    return total;
}

/* Adds to ``bins`` how many of the finite values lie in each of the equal parts between the extremes of ``known``. */
INLINE void count_bins(Run *run, uint64_t wanted, const Moments *known, int64_t *bins, Count count) {
    double room[BLOCK], wider[BLOCK], low = known->low, range = known->high - low;
    uint8_t bin[BLOCK];
    int64_t left_out = 0;
    int kind = run->kind, all_finite = known->finite && !(known->nan + known->inf), many = run->n >= MANY;
    int is_plain = !is_wide(kind) && range > 1e-30 && range < 1e30, in_sets = many && count, in_pairs = many && !count;
    float scale = BINS / (float)range;
    Ruler ruler = ruler_of(low, known->high);
    Tables tables;
    memset(&tables.one, 0, sizeof tables.one);
    if (in_pairs) memset(&tables.pairs, 0, sizeof tables.pairs);
    if (in_sets) memset(&tables.sets, 0, sizeof tables.sets);
    for (Part part; take(run, wanted, 1, &part);)
        for (int64_t at = part.at; at < part.end; at += BLOCK) {
            int64_t size = part.end - at < BLOCK ? part.end - at : BLOCK, counted = 0;
            const void *block = block_of(run->data, kind, at, size, room);
            if (is_plain) {
                const float *x = block;
                if (in_sets && all_finite) counted = count(&tables, x, 0, low, scale, size);
                left_out += bins_of_floats(x + counted, size - counted, all_finite, 1, low, scale, bin + counted);
            } else {
                if (!is_wide(kind)) {
                    for (int64_t i = 0; i < size; i++) wider[i] = ((const float *)block)[i];
                    block = wider;
                }
                left_out += bins_of_doubles(block, size, all_finite, ruler.part, ruler.low, ruler.scale, bin);
            }
            if (in_sets && !counted) counted = count(&tables, 0, bin, 0, 0, size);
            count_block(&tables, bin + counted, size - counted, in_pairs);
        }
    int64_t counts[BINS] = {-left_out};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < BINS; j++) counts[j] += tables.one[i][j];
    if (in_pairs) add_pairs(&tables, counts);
    if (in_sets) add_sets(&tables, counts);
    for (int i = 0; i < BINS; i++) __atomic_fetch_add(&bins[i], counts[i], __ATOMIC_RELAXED);
}

/* The moments of a part; every ``step``-th element is gathered in ``sample``, where there is a step. */
INLINE Moments moments_of_part(const Work *work, const Part *part, Scan scan) {
    double room[BLOCK];
    int64_t step = work->step, taken = step > 1 ? (part->at + step - 1) / step : 0, next = taken * step;
    int kind = work->looked.kind;
    Moments total = {.low = __builtin_inf(), .high = -__builtin_inf()};
    for (int64_t at = part->at; at < part->end; at += BLOCK) {
        int64_t size = part->end - at < BLOCK ? part->end - at : BLOCK;
        const void *block = block_of(work->looked.data, kind, at, size, room);
        if (is_wide(kind))
            moments_of_doubles(block, size, &total, scan_of_doubles);
        else
            moments_of_floats(block, size, &total, scan);
        for (; step > 1 && next < at + size; next += step, taken++)
            if (is_wide(kind))
                ((double *)work->sample)[taken] = ((const double *)block)[next - at];
            else
                ((float *)work->sample)[taken] = ((const float *)block)[next - at];
    }
    return total;
}

/* First the moments, then the histogram from the end on, where each thread finds what it looked at last still near. */
INLINE void measure_body(Work *work, Scan scan, Count count) {
    uint64_t own = own_share(&work->looked, work->threads), mine = 0;
    for (Part part; take(&work->looked, own, 0, &part); is_done(&work->looked)) {
        work->of_part[part.number] = moments_of_part(work, &part, scan);
        mine |= (uint64_t)1 << part.number;
    }
    if (!work->bins) return;
    wait_for_all(&work->looked);
    Moments known = work->of_part ? moments_of(work) : work->known;
    if (known.finite) count_bins(&work->counted, mine, &known, work->bins, count);
}

/* What lies between two values of a tensor, for each part; ``undo``: the second becomes the first again. */
INLINE void motion_body(Work *work) {
    double room[BLOCK], other[BLOCK];
    const char *data = work->looked.data;
    int kind = work->looked.kind, width = work->width;
    for (Part part; take(&work->looked, 0, 0, &part);) {
        Moments total = {0};
        for (int64_t at = part.at; at < part.end; at += BLOCK) {
            int64_t size = part.end - at < BLOCK ? part.end - at : BLOCK;
            const void *before = block_of(data, kind, at, size, room);
            const void *after = block_of(work->after, kind, at, size, other);
            if (is_wide(kind))
                motion_of_doubles(before, after, size, &total);
            else
                motion_of_floats(before, after, size, &total);
            if (work->undo) memcpy((char *)work->after + at * width, data + at * width, size * width);
        }
        work->of_part[part.number] = total;
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
        moments_of_doubles(table + i, 1, &one, scan_of_doubles);
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
#define PASSES(LEVEL, SCAN, COUNT, TARGET) \
    TARGET static void measure_##LEVEL(void *work) { measure_body(work, SCAN, COUNT); } \
    TARGET static void motion_##LEVEL(void *work) { motion_body(work); }

PASSES(plain, scan_of_floats, 0, )
#ifdef __x86_64__
PASSES(avx2, scan_of_floats, 0, __attribute__((target("avx2,fma"))))
PASSES(avx512, scan_wide, 0, AVX512)
PASSES(widest, scan_wide, count_sets, WIDEST)
static const Pass measure_at[] = {measure_plain, measure_avx2, measure_avx512, measure_widest};
static const Pass motion_at[] = {motion_plain, motion_avx2, motion_avx512, motion_widest};
static int best_level(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 0;
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl")) return 1;
    if (!__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("gfni")) return 2;
    return __builtin_cpu_supports("avx512vpopcntdq") ? 3 : 2;
}
#else
static const Pass measure_at[] = {measure_plain}, motion_at[] = {motion_plain};
static int best_level(void) { return 0; }
#endif

static int level = 0;

static void run(const Pass *pass_at, Work *work, int64_t n, int threads) {
    work->threads = parallel && n >= ALONE && threads > 1 ? threads : 1;
    if (work->threads > 1)
        parallel(pass_at[level], work, (unsigned)threads, 0);
    else
        pass_at[level](work);
}

/* Chooses the best level that this processor has, at most ``wanted``, and says which it is. */
int torchloupe_level(int wanted) { return level = wanted < best_level() ? wanted : best_level(); }

int torchloupe_version(void) { return VERSION; }

/* GOMP_parallel and omp_get_thread_num, or null. */
void torchloupe_share(void *in_threads, void *number) {
    memcpy(&parallel, &in_threads, sizeof parallel);
    memcpy(&number_of_thread, &number, sizeof number_of_thread);
}

void torchloupe_histogram(const void *data, int64_t n, int kind, double low, double high, int64_t *bins, int threads) {
    Moments known = {.finite = 1, .nan = 1, .low = low, .high = high}; /* for all that is said, not all are finite */
    Work work = {.counted = run_of(data, n, kind), .known = known, .bins = bins};
    run(measure_at, &work, n, threads);
}

/* Without ``step`` the moments alone; else also a histogram of every ``step``-th element, which are gathered in ``sample``. Says whether
 * the squares fit into a double.
 */
int torchloupe_measure(Question *asked) {
    Moments of_part[PARTS];
    int64_t bins[BINS] = {0}, n = asked->n, step = asked->step;
    int kind = (int)asked->kind;
    Work work = {.looked = run_of(asked->data, n, kind), .of_part = of_part, .step = step, .sample = asked->sample};
    work.bins = step ? bins : 0;
    asked->sampled = step > 1 ? (n + step - 1) / step : 0;
    work.counted = step > 1 ? run_of(asked->sample, asked->sampled, is_wide(kind) ? FLOAT64 : FLOAT32) : work.looked;
    run(measure_at, &work, n, (int)asked->threads);
    asked->moments = moments_of(&work);
    for (int i = 0; i < BINS; i++) asked->bins[i] = (uint32_t)bins[i];
    for (int i = 0; i < 2 && n >= MANY; i++) memcpy(asked->glimpse[i], (const char *)asked->data + n * widths[kind] / 2 * i, LINE);
    return asked->moments.squares - asked->moments.squares == 0;
}

void torchloupe_measure_bytes(const void *data, int64_t n, const double *table, Result *result) {
    measure_bytes(data, n, table, result);
}

/* Into ``told``: how many numbers changed, the squares of those before, the squares of the differences. ``undo`` writes ``before`` over
 * ``after``, while both are at hand.
 */
void torchloupe_motion(const void *before, void *after, int64_t n, int kind, int undo, double *told, int threads) {
    Moments of_part[PARTS];
    Work work = {.looked = run_of(before, n, kind), .of_part = of_part, .after = after, .undo = undo, .width = widths[kind]};
    run(motion_at, &work, n, threads);
    told[0] = told[1] = told[2] = 0;
    for (int part = 0; part < work.looked.parts; part++) {
        told[0] += (double)work.of_part[part].finite;
        told[1] += work.of_part[part].mean;
        told[2] += work.of_part[part].squares;
    }
}

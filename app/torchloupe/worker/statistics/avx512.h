/* What registers of 512 bits do better than what compilers make of plain loops; included by passes.c.
 *
 * All of it has a plain loop that tells the same: scan_of_floats, bins_of_floats, count_block.
 */

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")))
#define WIDEST \
    __attribute__(( \
        target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq,gfni,avx2,fma,prefer-vector-width=512")))
#define ROUND 1024 /* bins that are counted together */

/* Has memory on its way to the near cache, and what comes later to the far one; the processor alone doesn't ask for what is beyond a page,
 * and between those looks memory would have nothing to do.
 */
INLINE void ask_ahead(const float *x) {
    _mm_prefetch((const char *)x + 1024, _MM_HINT_T0);
    _mm_prefetch((const char *)x + 6144, _MM_HINT_T1);
}

/* What is known of a block so far. Of the bits as they are, the least and the largest with a sign, and the largest without one, say
 * together which number is the least and which the largest.
 */
typedef struct {
    __m512i least, most, farthest, zeros;
    __m512d sum[2], squares[2];
} Wide;

AVX512 INLINE void scan_16(Wide *w, __m512i bits, __mmask16 there, __m256 first, __m256 second, __m512d shift) {
    __m512d distance[2] = {_mm512_sub_pd(_mm512_cvtps_pd(first), shift), _mm512_sub_pd(_mm512_cvtps_pd(second), shift)};
    __mmask16 is_zero = _mm512_mask_testn_epi32_mask(there, bits, _mm512_set1_epi32(INT32_MAX));
    w->least = _mm512_min_epi32(w->least, bits);
    w->most = _mm512_max_epi32(w->most, bits);
    w->farthest = _mm512_max_epu32(w->farthest, bits);
    w->zeros = _mm512_mask_add_epi32(w->zeros, is_zero, w->zeros, _mm512_set1_epi32(1));
    for (int i = 0; i < 2; i++) {
        w->sum[i] = _mm512_add_pd(w->sum[i], distance[i]);
        w->squares[i] = _mm512_fmadd_pd(distance[i], distance[i], w->squares[i]);
    }
}

/* The same as scan_of_floats. ``shift``, one of the numbers if any is finite, stands for those that a last register lacks. */
AVX512 static Scan_of_floats scan_wide(const float *x, int64_t n, double shift) {
    __m512d around = _mm512_set1_pd(shift), none = _mm512_setzero_pd();
    __m512i zero = _mm512_setzero_si512();
    Wide w = {_mm512_set1_epi32(INT32_MAX), _mm512_set1_epi32(INT32_MIN), zero, zero, {none, none}, {none, none}};
    int64_t at = 0;
    for (; at + 16 <= n; at += 16) {
        ask_ahead(x + at);
        scan_16(&w, _mm512_loadu_si512(x + at), 0xffff, _mm256_loadu_ps(x + at), _mm256_loadu_ps(x + at + 8), around);
    }
    if (at < n) {
        __mmask16 there = (__mmask16)((1 << (n - at)) - 1);
        __m512 last = _mm512_mask_loadu_ps(_mm512_set1_ps((float)shift), there, x + at);
        scan_16(&w, _mm512_castps_si512(last), there, _mm512_castps512_ps256(last), _mm512_extractf32x8_ps(last, 1), around);
    }
    int32_t least = _mm512_reduce_min_epi32(w.least), most = _mm512_reduce_max_epi32(w.most);
    int32_t farthest = (int32_t)_mm512_reduce_max_epu32(w.farthest);
    return (Scan_of_floats){
        .low = key_of_floats(farthest < 0 ? farthest : least),
        .high = key_of_floats(most < 0 ? least : most),
        .zeros = _mm512_reduce_add_epi32(w.zeros),
        .sum = _mm512_reduce_add_pd(_mm512_add_pd(w.sum[0], w.sum[1])),
        .squares = _mm512_reduce_add_pd(_mm512_add_pd(w.squares[0], w.squares[1])),
    };
}

/* The bins of 64 numbers all of which are finite, in an order of their own. */
AVX512 INLINE __m512i bins_of_64(const float *x, __m512 low, __m512 scale) {
    __m512i place[4];
    for (int i = 0; i < 4; i++) {
        ask_ahead(x + 16 * i);
        place[i] = _mm512_cvttps_epi32(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + 16 * i), low), scale));
    }
    __m512i first = _mm512_packs_epi32(place[0], place[1]), second = _mm512_packs_epi32(place[2], place[3]);
    return _mm512_min_epu8(_mm512_packus_epi16(first, second), _mm512_set1_epi8(BINS - 1));
}

/* Of 64 bins in each of ``w``: the first of their six bits together, the second, ... */
WIDEST INLINE void planes_of(__m512i w[8], __m512i planes[6]) {
    const __m512i diagonal = _mm512_set1_epi64((int64_t)0x8040201008040201);
    const __m512i column = _mm512_set_epi64(0x3f372f271f170f07, 0x3e362e261e160e06, 0x3d352d251d150d05, 0x3c342c241c140c04,
                                            0x3b332b231b130b03, 0x3a322a221a120a02, 0x3931292119110901, 0x3830282018100800);
    for (int i = 0; i < 8; i++) w[i] = _mm512_permutexvar_epi8(column, _mm512_gf2p8affine_epi64_epi8(diagonal, w[i], 0));
    for (int odd = 0; odd < 2; odd++) {
        __m512i pair[4], four[2], others[2];
        for (int i = 0; i < 4; i++)
            pair[i] = odd ? _mm512_unpackhi_epi64(w[2 * i], w[2 * i + 1]) : _mm512_unpacklo_epi64(w[2 * i], w[2 * i + 1]);
        for (int i = 0; i < 2; i++) {
            four[i] = _mm512_shuffle_i64x2(pair[2 * i], pair[2 * i + 1], 0x88);
            others[i] = _mm512_shuffle_i64x2(pair[2 * i], pair[2 * i + 1], 0xdd);
        }
        planes[odd] = _mm512_shuffle_i64x2(four[0], four[1], 0x88);
        planes[2 + odd] = _mm512_shuffle_i64x2(others[0], others[1], 0x88);
        planes[4 + odd] = _mm512_shuffle_i64x2(four[0], four[1], 0xdd);
    }
}

/* A bin is six bits. For each set of them it is counted in how many bins all of the set are on, 512 bins in a register: no memory is
 * looked up, so nothing waits. ``add_sets`` makes bins of it. The bins are those of ``x``, all finite, or lie in ``bin``. Returns how many
 * were counted, from the first on.
 */
WIDEST static int64_t count_sets(Tables *tables, const float *x, const uint8_t *bin, float low, float scale, int64_t n) {
    __m512 lowest = _mm512_set1_ps(low), factor = _mm512_set1_ps(scale);
    int64_t at = 0;
    for (; at + ROUND <= n; at += ROUND) {
        __m512i w[8], planes[ROUND / 512][6], set[ROUND / 512][BINS];
        for (int r = 0; r < ROUND / 512; r++) {
            for (int i = 0; i < 8; i++) {
                int64_t here = at + 512 * r + 64 * i;
                w[i] = bin ? _mm512_loadu_si512(bin + here) : bins_of_64(x + here, lowest, factor);
            }
            planes_of(w, planes[r]);
            for (int b = 0; b < 6; b++) set[r][1 << b] = planes[r][b];
        }
#pragma GCC unroll 64
        for (int s = 1; s < BINS; s++) {
            uint64_t *sums = tables->sets[s];
            __m512i on = _mm512_loadu_si512(sums);
            for (int r = 0; r < ROUND / 512; r++) {
                if (s & (s - 1)) set[r][s] = _mm512_and_si512(set[r][s & (s - 1)], set[r][s & -s]);
                on = _mm512_add_epi64(on, _mm512_popcnt_epi64(set[r][s]));
            }
            _mm512_storeu_si512(sums, on);
        }
    }
    tables->sets[0][0] += (uint64_t)at;
    return at;
}

/* What is done with one block of numbers of type REAL; included by passes.c once for floats and once for doubles.
 *
 * INT is the integer of the same width, TOP its largest value, INFINITE the bits of infinity. A key is an integer that has the order
 * of the numbers: -NaN < -inf < ... < -0 < 0 < ... < inf < NaN.
 */

INLINE INT NAMED(key)(INT bits) { return bits ^ ((bits >> (8 * sizeof(INT) - 1)) & TOP); }

INLINE REAL NAMED(value)(INT key) {
    INT bits = NAMED(key)(key);
    REAL value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* What one look at a block tells: the keys of its extremes, how many zeros, and sums around ``shift``. */
typedef struct {
    INT low, high, zeros;
    double sum, squares;
} NAMED(Scan);

INLINE NAMED(Scan) NAMED(scan)(const REAL *x, int64_t n, double shift) {
    const INT *bits = (const INT *)x;
    INT low = TOP, high = ~TOP, zeros = 0;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) {
        INT key = NAMED(key)(bits[i]);
        double distance = x[i] - shift;
        low = key < low ? key : low;
        high = key > high ? key : high;
        zeros += (bits[i] & TOP) == 0;
        sum += distance;
        squares += distance * distance;
    }
    return (NAMED(Scan)){low, high, zeros, sum, squares};
}

/* Counts a block in, as ``scan`` sees it; one in which something is not finite is looked at a second time. */
INLINE void NAMED(moments)(const REAL *x, int64_t n, Moments *total, NAMED(Scan) (*scan)(const REAL *, int64_t, double)) {
    const INT *bits = (const INT *)x;
    int64_t first = 0;
    while (first < n - 1 && (bits[first] & TOP) >= INFINITE) first++;
    double shift = (bits[first] & TOP) < INFINITE ? x[first] : 0;
    NAMED(Scan) seen = scan(x, n, shift);
    INT low = seen.low, high = seen.high, nan = 0, finite = 0;
    double sum = seen.sum, squares = seen.squares;
    total->zeros += seen.zeros;
    if (low > ~INFINITE && high < INFINITE) {
        finite = n;
    } else {
        low = TOP, high = ~TOP, sum = squares = 0;
        for (int64_t i = 0; i < n; i++) {
            INT size = bits[i] & TOP, key = NAMED(key)(bits[i]), is_finite = size < INFINITE;
            INT below = is_finite ? key : TOP, above = is_finite ? key : ~TOP;
            double distance = is_finite ? x[i] - shift : 0;
            low = below < low ? below : low;
            high = above > high ? above : high;
            nan += size > INFINITE;
            finite += is_finite;
            sum += distance;
            squares += distance * distance;
        }
        total->nan += nan;
        total->inf += n - finite - nan;
        if (!finite) return;
    }
    double smallest = NAMED(value)(low), largest = NAMED(value)(high);
    total->low = smallest < total->low ? smallest : total->low;
    total->high = largest > total->high ? largest : total->high;
    add_moments(total, finite, shift + sum / finite, squares - sum * (sum / finite));
}

INLINE uint8_t NAMED(bin)(REAL distance, REAL scale) {
    uint32_t place = (uint32_t)(int32_t)(distance * scale);
    return (uint8_t)(place < BINS - 1 ? place : BINS - 1);
}

/* The bin of each number, 0 for one that is not finite; how many of those there are. */
INLINE int64_t NAMED(bins)(const REAL *x, int64_t n, int all_finite, REAL part, REAL low, REAL scale, uint8_t *bin) {
    const INT *bits = (const INT *)x;
    INT left_out = 0;
    for (int64_t i = 0; all_finite && i < n; i++) bin[i] = NAMED(bin)(x[i] * part - low, scale);
    if (all_finite) return 0;
    for (int64_t i = 0; i < n; i++) {
        INT is_finite = (bits[i] & TOP) < INFINITE;
        bin[i] = NAMED(bin)(is_finite ? x[i] * part - low : 0, scale);
        left_out += !is_finite;
    }
    return left_out;
}

/* Adds what lies between two blocks: in ``finite`` how many numbers are another one now (0 and -0 are the same, and NaN of the same
 * bits), in ``mean`` the squares of the numbers before, in ``squares`` those of the differences.
 */
INLINE void NAMED(motion)(const REAL *before, const REAL *after, int64_t n, Moments *total) {
    const INT *old = (const INT *)before, *new = (const INT *)after;
    double weight = 0, update = 0;
    INT changed = 0;
    for (int64_t i = 0; i < n; i++) {
        INT differs = old[i] != new[i] && ((old[i] | new[i]) & TOP);
        double distance = differs ? (double)after[i] - before[i] : 0;
        weight += (double)before[i] * before[i];
        update += distance * distance;
        changed += differs;
    }
    total->finite += changed, total->mean += weight, total->squares += update;
}

#undef REAL
#undef INT
#undef TOP
#undef INFINITE
#undef NAMED

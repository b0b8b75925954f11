/* How threads share a run of numbers, part by part; included by passes.c. Who takes a part changes no number: parts depend on the length
 * of the run alone.
 */

#ifndef _WIN32
#include <sched.h>
#define YIELD sched_yield()
#else
#define YIELD (void)0
#endif
#ifdef __x86_64__
#define PAUSE __builtin_ia32_pause()
#else
#define PAUSE (void)0
#endif

#define PARTS 64             /* at most so many, */
#define LEAST_PART (1 << 14) /* of at least so many elements */
#define ALONE (1 << 16)      /* fewer elements are not worth another thread */
#define PATIENCE 1000        /* looks at what another thread does, before the core is offered to it */

/* The threads of torch's OpenMP library, or null: threads of our own would wait for cores on which those spin. One function has ``pass``
 * run in so many of them, the other says which of them runs.
 */
typedef void (*Pass)(void *work);
static void (*parallel)(Pass pass, void *work, unsigned threads, unsigned flags);
static int (*number_of_thread)(void);

typedef struct {
    const void *data;
    int64_t n, size; /* ``size``: elements of a part */
    int kind, parts, done;
    uint64_t taken; /* a bit for each part */
} Run;

static Run run_of(const void *data, int64_t n, int kind) {
    int64_t size = (n / PARTS / BLOCK + 1) * BLOCK;
    size = size < LEAST_PART ? LEAST_PART : size;
    return (Run){.data = data, .n = n, .kind = kind, .size = size, .parts = (int)((n + size - 1) / size)};
}

/* The elements from ``at`` to ``end``. */
typedef struct {
    int64_t at, end;
    int number;
} Part;

/* A bit for each of the first ``parts`` parts. */
INLINE uint64_t first_of(int parts) { return parts < 64 ? ((uint64_t)1 << parts) - 1 : ~(uint64_t)0; }

/* Takes a part that nobody has taken yet, of ``wanted`` if there is one; the last or the first of them. 0 when there is none. */
INLINE int take(Run *run, uint64_t wanted, int last, Part *part) {
    for (;;) {
        uint64_t left = first_of(run->parts) & ~__atomic_load_n(&run->taken, __ATOMIC_RELAXED), liked = left & wanted;
        if (!left) return 0;
        if (!liked) liked = left;
        part->number = last ? 63 - __builtin_clzll(liked) : __builtin_ctzll(liked);
        uint64_t mine = (uint64_t)1 << part->number;
        if (__atomic_fetch_or(&run->taken, mine, __ATOMIC_RELAXED) & mine) continue;
        part->at = part->number * run->size;
        part->end = run->n - part->at < run->size ? run->n : part->at + run->size;
        return 1;
    }
}

/* Of ``run`` the share of this thread, which is what torch had it write, as long as torch cut it alike. */
INLINE uint64_t own_share(const Run *run, int threads) {
    int number = threads > 1 && number_of_thread ? number_of_thread() : 0;
    return first_of(run->parts * (number + 1) / threads) & ~first_of(run->parts * number / threads);
}

INLINE void is_done(Run *run) { __atomic_fetch_add(&run->done, 1, __ATOMIC_RELEASE); }

/* Whoever took a part has a thread, so this ends, however many of them there are. */
INLINE void wait_for_all(Run *run) {
    for (int turns = 1; __atomic_load_n(&run->done, __ATOMIC_ACQUIRE) < run->parts; turns++)
        if (turns % PATIENCE) PAUSE;
        else YIELD;
}

/* The guest's heap: two-level segregated fit over one region that grows at its end.
 * Neighbours that are free are merged, so that what a script frees is of use for what
 * it asks next; QuickJS keeps small blocks in arenas of its own, which come from here.
 *
 * An allocation never fails: QuickJS's paths for that have held memory errors. What
 * cannot be served ends the execution in the host. */

/* A chunk. Its payload begins after `head` and ends with the next chunk's `prev_size`,
 * which is the chunk before's while that is in use. */
struct chunk {
    uint32_t prev_size;     /* valid while PREV_FREE is set */
    uint32_t head;          /* size of the chunk, and flags */
    struct chunk *next;     /* of the same list, while free */
    struct chunk *prev;
};

enum { FREE = 1, PREV_FREE = 2, FLAGS = 7 };
enum { OVERHEAD = 4, HEADER = 8, SMALLEST = 16, LARGEST = 0x7fff0000 };
enum { SUBLISTS_LOG2 = 5, SUBLISTS = 1 << SUBLISTS_LOG2, SMALL_LOG2 = 8, CLASSES = 32 - SMALL_LOG2 + 1 };
enum { WASM_PAGE = 65536 };

extern char __heap_base;

static uint32_t classes_used;                    /* a bit for each class with a free chunk */
static uint32_t sublists_used[CLASSES];
static struct chunk *lists[CLASSES][SUBLISTS];
static struct chunk *top;                        /* the chunk nothing comes after */
static char *heap_end;

static uint32_t chunk_size(const struct chunk *c) { return c->head & ~FLAGS; }
static struct chunk *chunk_at(void *base, uint32_t offset) { return (struct chunk *)((char *)base + offset); }
static struct chunk *chunk_of(const void *payload) { return (struct chunk *)((char *)payload - HEADER); }
static void *payload_of(struct chunk *c) { return (char *)c + HEADER; }

/* The list for chunks of a size; sizes below 256 have lists of their own. */
static void list_of(uint32_t size, uint32_t *class, uint32_t *sublist) {
    if (size < 1u << SMALL_LOG2) {
        *class = 0;
        *sublist = size >> 3;
    } else {
        uint32_t log2 = 31 - __builtin_clz(size);
        *class = log2 - SMALL_LOG2 + 1;
        *sublist = (size >> (log2 - SUBLISTS_LOG2)) & (SUBLISTS - 1);
    }
}

static void list_insert(struct chunk *c) {
    uint32_t class, sublist;
    list_of(chunk_size(c), &class, &sublist);
    c->prev = NULL;
    c->next = lists[class][sublist];
    if (c->next)
        c->next->prev = c;
    lists[class][sublist] = c;
    classes_used |= 1u << class;
    sublists_used[class] |= 1u << sublist;
}

static void list_remove(struct chunk *c) {
    if (c->next)
        c->next->prev = c->prev;
    if (c->prev) {
        c->prev->next = c->next;
        return;
    }
    uint32_t class, sublist;
    list_of(chunk_size(c), &class, &sublist);
    lists[class][sublist] = c->next;
    if (!c->next) {
        sublists_used[class] &= ~(1u << sublist);
        if (!sublists_used[class])
            classes_used &= ~(1u << class);
    }
}

/* A free chunk of at least that size, taken out of its list. */
static struct chunk *list_take(uint32_t size) {
    uint32_t class, sublist;
    /* Rounded up to the next list, every chunk of which is large enough. */
    uint32_t wanted = size;
    if (size >= 1u << SMALL_LOG2)
        wanted += (1u << (31 - __builtin_clz(size) - SUBLISTS_LOG2)) - 1;
    list_of(wanted, &class, &sublist);
    uint32_t found = sublists_used[class] & (~0u << sublist);
    if (!found) {
        uint32_t above = classes_used & (~0u << (class + 1));
        if (!above)
            return NULL;
        class = __builtin_ctz(above);
        found = sublists_used[class];
    }
    struct chunk *c = lists[class][__builtin_ctz(found)];
    list_remove(c);
    return c;
}

static void mark_free(struct chunk *c, uint32_t size) {
    struct chunk *after = chunk_at(c, size);
    c->head = size | FREE | (c->head & PREV_FREE);
    after->prev_size = size;
    after->head |= PREV_FREE;
    list_insert(c);
}

/* Leaves `size` bytes in use and frees the rest when it is worth a chunk. */
static void keep(struct chunk *c, uint32_t whole, uint32_t size) {
    if (whole - size < SMALLEST) {
        c->head = whole | (c->head & PREV_FREE);
        chunk_at(c, whole)->head &= ~PREV_FREE;
        return;
    }
    c->head = size | (c->head & PREV_FREE);
    struct chunk *rest = chunk_at(c, size);
    rest->head = 0;
    mark_free(rest, whole - size);
}

/* Makes the last chunk that large, header of the end included. */
static void top_reserve(uint32_t size) {
    size_t room = heap_end - (char *)top;
    if (room >= (size_t)size + SMALLEST)
        return;
    size_t missing = (size_t)size + SMALLEST - room;
    size_t pages = (missing + WASM_PAGE - 1) / WASM_PAGE;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1)
        host_out_of_memory(missing);
    heap_end += pages * WASM_PAGE;
}

static void top_moves_to(struct chunk *c) {
    top = c;
    top->head = 0;
}

static uint32_t size_for(size_t asked) {
    if (unlikely(asked > LARGEST))
        host_out_of_memory(asked);
    uint32_t size = ((uint32_t)asked + OVERHEAD + 7) & ~7u;
    return size < SMALLEST ? SMALLEST : size;
}

static void heap_init(void) {
    uintptr_t base = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
    heap_end = (char *)(__builtin_wasm_memory_size(0) * WASM_PAGE);
    top_moves_to((struct chunk *)base);
}

static void *heap_alloc(size_t asked) {
    uint32_t size = size_for(asked);
    struct chunk *c = list_take(size);
    if (c) {
        c->head &= ~FREE;
        keep(c, chunk_size(c), size);
    } else {
        top_reserve(size);
        c = top;
        top_moves_to(chunk_at(c, size));
        c->head = size;
    }
    return payload_of(c);
}

static void heap_free(void *p) {
    if (!p)
        return;
    struct chunk *c = chunk_of(p);
    uint32_t size = chunk_size(c);
    if (c->head & PREV_FREE) {
        struct chunk *before = (struct chunk *)((char *)c - c->prev_size);
        list_remove(before);
        size += chunk_size(before);
        c = before;
    }
    struct chunk *after = chunk_at(c, size);
    if (after == top) {
        top_moves_to(c);
        return;
    }
    if (after->head & FREE) {
        list_remove(after);
        size += chunk_size(after);
    }
    mark_free(c, size);
}

static size_t heap_usable(const void *p) { return p ? chunk_size(chunk_of(p)) - OVERHEAD : 0; }

static void *heap_realloc(void *p, size_t asked) {
    if (!p)
        return heap_alloc(asked);
    struct chunk *c = chunk_of(p);
    uint32_t size = size_for(asked), old = chunk_size(c);
    struct chunk *after = chunk_at(c, old);
    if (size > old) {
        if (after == top) {
            top_reserve(size - old);
            top_moves_to(chunk_at(c, size));
            c->head = size | (c->head & PREV_FREE);
            return p;
        }
        if (!(after->head & FREE) || old + chunk_size(after) < size) {
            void *moved = heap_alloc(asked);
            memcpy(moved, p, old - OVERHEAD);
            heap_free(p);
            return moved;
        }
        list_remove(after);
        old += chunk_size(after);
        chunk_at(c, old)->head &= ~PREV_FREE;
    } else if (after == top) {
        top_moves_to(chunk_at(c, size));
        c->head = size | (c->head & PREV_FREE);
        return p;
    } else if (old - size >= SMALLEST && after->head & FREE) {
        list_remove(after);
        old += chunk_size(after);
        chunk_at(c, old)->head &= ~PREV_FREE;
    }
    keep(c, old, size);
    return p;
}

static void *heap_calloc(size_t count, size_t size) {
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes)))
        host_out_of_memory((size_t)-1);
    return memset(heap_alloc(bytes), 0, bytes);
}

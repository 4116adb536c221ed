// SPDX-License-Identifier: MIT
#include "host/memory.h"

#include <stdlib.h>

void *plk_memory_take(size_t len) {
    void *at = calloc(1, len > 0 ? len : 1);
    plk_assert(at != NULL);
    return at;
}

void plk_memory_give(void *at, size_t len) {
    if (at == NULL) return;
    plk_mem_wipe(at, len);
    free(at);
}

// plk_mem_take zeroes and plk_mem_give wipes: nothing is left to do here.
static void *take(void *ctx, size_t len) {
    (void)ctx;
    return malloc(len);
}

static void give(void *ctx, void *at, size_t len) {
    (void)ctx;
    (void)len;
    free(at);
}

struct plk_mem plk_memory_system(void) {
    return (struct plk_mem){.take = take, .give = give};
}

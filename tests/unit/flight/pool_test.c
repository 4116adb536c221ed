// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "flight/pool.h"
#include "support/memory.h"

static struct plk_mem mem = {.take = memory_take, .give = memory_give};
static struct plk_pool pool;

// The list, forwards and backwards, holds exactly these numbers.
static void assert_list(const struct plk_pool_list *list, const uint64_t *numbers, unsigned count) {
    assert_int_equal(list->count, count);
    uint32_t at = list->head, before = PLK_POOL_NONE;
    for (unsigned i = 0; i < count; i++) {
        assert_true(at != PLK_POOL_NONE);
        assert_int_equal(pool.at[at].pn, numbers[i]);
        assert_true(pool.at[at].prev == before);
        before = at;
        at = pool.at[at].next;
    }
    assert_true(at == PLK_POOL_NONE);
    assert_true(list->tail == before);
}

static uint32_t append(struct plk_pool_list *list, uint64_t pn) {
    uint32_t index = plk_pool_take(&mem, &pool);
    pool.at[index].pn = pn;
    plk_pool_append(&pool, list, index);
    return index;
}

static void lists_stay_whole_through_everything(void **state) {
    (void)state;
    struct plk_pool_list a = PLK_POOL_LIST_EMPTY, b = PLK_POOL_LIST_EMPTY;
    plk_pool_init(&pool);
    uint32_t index[8];
    for (uint64_t pn = 0; pn < 8; pn++) index[pn] = append(pn % 2 == 0 ? &a : &b, pn);
    assert_list(&a, (const uint64_t[]){0, 2, 4, 6}, 4);
    plk_pool_join(&pool, &a, &b);
    assert_list(&a, (const uint64_t[]){0, 2, 4, 6, 1, 3, 5, 7}, 8);
    assert_list(&b, NULL, 0);
    plk_pool_join(&pool, &a, &b); // nothing to nothing
    append(&a, 8);
    plk_pool_remove(&pool, &a, index[1]); // the first of those that joined
    plk_pool_remove(&pool, &a, index[0]);
    plk_pool_give(&pool, index[0]);
    plk_pool_give(&pool, index[1]);
    assert_list(&a, (const uint64_t[]){2, 4, 6, 3, 5, 7, 8}, 7);
    plk_pool_join(&pool, &b, &a);
    assert_list(&b, (const uint64_t[]){2, 4, 6, 3, 5, 7, 8}, 7);
    plk_pool_remove(&pool, &b, b.tail);
    append(&b, 9);
    assert_list(&b, (const uint64_t[]){2, 4, 6, 3, 5, 7, 9}, 7);
    plk_pool_free(&mem, &pool);
    assert_int_equal(mem.used, 0);
}

static void places_are_used_again(void **state) {
    (void)state;
    plk_pool_init(&pool);
    uint32_t first = plk_pool_take(&mem, &pool);
    size_t used = mem.used;
    for (int i = 0; i < 1000; i++) {
        plk_pool_give(&pool, first);
        assert_int_equal(pool.used, 0);
        assert_int_equal(plk_pool_take(&mem, &pool), first);
    }
    assert_int_equal(mem.used, used);
    for (int i = 1; i < PLK_FLIGHT_PACKETS; i++) plk_pool_take(&mem, &pool);
    assert_int_equal(pool.used, PLK_FLIGHT_PACKETS);
    assert_int_equal(pool.cap, PLK_FLIGHT_PACKETS);
    plk_pool_free(&mem, &pool);
    assert_int_equal(mem.used, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_stay_whole_through_everything),
        cmocka_unit_test(places_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

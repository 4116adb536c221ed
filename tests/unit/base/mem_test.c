// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/base/heap.h"

static struct heap heap;
static struct plk_mem mem;

static int begin(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    return 0;
}

static int end(void **state) {
    (void)state;
    assert_int_equal(heap.blocks, 0);
    assert_int_equal(mem.used, 0);
    return 0;
}

static void blocks_are_zero_aligned_and_counted(void **state) {
    (void)state;
    void *blocks[40];
    for (size_t len = 0; len < 40; len++) {
        uint8_t *at = blocks[len] = plk_mem_take(&mem, len);
        assert_int_equal((uintptr_t)at % 16, 0);
        for (size_t i = 0; i < len; i++) assert_int_equal(at[i], 0);
        memset(at, 0xff, len);
        assert_int_equal(mem.used, heap.taken);
    }
    for (size_t len = 0; len < 40; len++) {
        plk_mem_give(&mem, blocks[len]);
        assert_int_equal(mem.used, heap.taken);
    }
}

static void nothing_can_be_given_back(void **state) {
    (void)state;
    plk_mem_give(&mem, NULL);
    assert_int_equal(heap.blocks, 0);
}

static void a_block_grows_and_shrinks(void **state) {
    (void)state;
    uint8_t *at = plk_mem_grow(&mem, NULL, 10);
    for (uint8_t i = 0; i < 10; i++) at[i] = (uint8_t)(i + 1);
    at = plk_mem_grow(&mem, at, 1000);
    for (size_t i = 0; i < 1000; i++) assert_int_equal(at[i], i < 10 ? i + 1 : 0);
    at = plk_mem_grow(&mem, at, 5);
    for (size_t i = 0; i < 5; i++) assert_int_equal(at[i], i + 1);
    at = plk_mem_grow(&mem, at, 20); // what was cut off does not come back
    for (size_t i = 0; i < 20; i++) assert_int_equal(at[i], i < 5 ? i + 1 : 0);
    assert_int_equal(heap.blocks, 1);
    plk_mem_give(&mem, at);
}

static void wiping_wipes(void **state) {
    (void)state;
    uint8_t bytes[] = "secret!";
    plk_mem_wipe(bytes + 1, 3);
    assert_memory_equal(bytes, "s\0\0\0et!", 8);
    plk_mem_wipe(bytes, 0);
    assert_int_equal(bytes[0], 's');
}

static void *none(void *ctx, size_t len) {
    (void)ctx;
    (void)len;
    return NULL;
}

static void take_of_an_empty_heap(void) {
    mem.take = none;
    plk_mem_take(&mem, 1);
}

static void take_of_more_than_there_can_be(void) { plk_mem_take(&mem, SIZE_MAX - 3); }

static bool traps(void (*call)(void)) {
    int status = 0;
    pid_t child = fork();
    assert_int_not_equal(child, -1);
    if (child == 0) {
        signal(SIGILL, SIG_DFL); // not cmocka's
        signal(SIGTRAP, SIG_DFL);
        call();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGILL || WTERMSIG(status) == SIGTRAP);
}

static void fine(void) { plk_mem_give(&mem, plk_mem_take(&mem, 1)); }

static void exhausted_memory_traps(void **state) {
    (void)state;
    assert_false(traps(fine));
    assert_true(traps(take_of_an_empty_heap));
    assert_true(traps(take_of_more_than_there_can_be));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(blocks_are_zero_aligned_and_counted),
        CASE(nothing_can_be_given_back),
        CASE(a_block_grows_and_shrinks),
        CASE(wiping_wipes),
        CASE(exhausted_memory_traps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// Numbers as names, which no server is asked about.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "host/resolve.h"

struct story {
    unsigned answers;
    uint64_t ticket;
    size_t count;
    struct plk_addr first;
};

static void answer(void *ctx, uint64_t ticket, const struct plk_addr *addrs, size_t count) {
    struct story *story = ctx;
    story->answers++;
    story->ticket = ticket;
    story->count = count;
    if (count > 0) story->first = addrs[0];
}

static void names_become_addresses(void **state) {
    (void)state;
    uv_loop_t loop;
    struct story story = {.answers = 0};
    assert_int_equal(uv_loop_init(&loop), 0);
    struct plk_resolver *resolver = plk_resolver_open(&loop, answer, &story);
    assert_true(plk_resolver_ask(resolver, 7, plk_bytes_text("127.0.0.9"), 7447));
    assert_int_equal(story.answers, 0); // later
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(story.answers, 1);
    assert_int_equal(story.ticket, 7);
    assert_int_equal(story.count, 1);
    struct plk_addr wanted = {.family = 4, .ip = {127, 0, 0, 9}, .port = 7447};
    assert_true(plk_addr_equal(&story.first, &wanted));
    assert_true(plk_resolver_ask(resolver, 8, plk_bytes_text("::1"), 1));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(story.first.family, 6);
    assert_false(plk_resolver_ask(resolver, 9, plk_bytes_text(""), 1));
    char long_name[PLK_RESOLVE_NAME_MAX + 1];
    memset(long_name, 'a', sizeof long_name);
    assert_false(plk_resolver_ask(resolver, 9, plk_bytes(long_name, sizeof long_name), 1));
    for (unsigned i = 0; i < PLK_RESOLVE_MAX; i++)
        assert_true(plk_resolver_ask(resolver, i, plk_bytes_text("127.0.0.1"), 1));
    assert_false(plk_resolver_ask(resolver, 99, plk_bytes_text("127.0.0.1"), 1));
    plk_resolver_close(resolver); // under way: nothing is answered any more
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(story.answers, 2);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_become_addresses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

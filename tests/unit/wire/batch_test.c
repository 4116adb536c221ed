// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "crypto/rng.h"
#include "unit/base/heap.h"
#include "wire/batch.h"

#define KEYS 5
#define ROUNDS 3000

static struct heap heap;
static struct plk_mem mem;
static struct plk_batch *batch;

static int set_up(void **state) {
    (void)state;
    mem = heap_mem(&heap);
    batch = plk_batch_new(&mem);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    plk_batch_free(batch);
    assert_int_equal(heap.blocks, 0);
    return 0;
}

static struct plk_bytes text(const char *s) { return plk_bytes_text(s); }

static void expect(size_t index, enum plk_op_kind kind, const char *key, const char *value) {
    struct plk_op op = plk_batch_at(batch, index);
    assert_int_equal(op.kind, kind);
    assert_true(plk_bytes_equal(op.key, text(key)));
    assert_true(plk_bytes_equal(op.value, text(value)));
}

static void several_writes_of_one_row_are_one(void **state) {
    (void)state;
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("one"));
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("b"), text("two"));
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("a longer one"));
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("1"));
    assert_int_equal(plk_batch_count(batch), 2);
    expect(0, PLK_OP_UPSERT, "a", "1");
    expect(1, PLK_OP_UPSERT, "b", "two");
    plk_batch_delete(batch, PLK_TABLE_ratchet, text("a"));
    assert_int_equal(plk_batch_count(batch), 2);
    expect(0, PLK_OP_DELETE, "a", "");
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("again"));
    expect(0, PLK_OP_UPSERT, "a", "again");
}

static void the_same_key_of_another_table_is_another_row(void **state) {
    (void)state;
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("one"));
    plk_batch_upsert(batch, PLK_TABLE_link, text("a"), text("two"));
    plk_batch_upsert(batch, PLK_TABLE_link, text("a\0"), plk_bytes("a\0", 2));
    plk_batch_upsert(batch, PLK_TABLE_link, plk_bytes("a\0", 2), text("three"));
    assert_int_equal(plk_batch_count(batch), 3);
}

static void nothing_crosses_a_range_that_is_deleted(void **state) {
    (void)state;
    plk_batch_upsert(batch, PLK_TABLE_link, text("a"), text("before"));
    plk_batch_delete_range(batch, PLK_TABLE_link, text("a"), text("c"));
    plk_batch_upsert(batch, PLK_TABLE_link, text("a"), text("after"));
    assert_int_equal(plk_batch_count(batch), 3);
    struct plk_op op = plk_batch_at(batch, 1);
    assert_int_equal(op.kind, PLK_OP_DELETE_RANGE);
    assert_true(plk_bytes_equal(op.key, text("a")) && plk_bytes_equal(op.key_end, text("c")));
    expect(2, PLK_OP_UPSERT, "a", "after");
}

static void a_rewritten_row_does_not_grow_the_batch(void **state) {
    (void)state;
    static const uint8_t value[600];
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), plk_bytes(value, sizeof value));
    size_t bytes = plk_batch_bytes(batch);
    for (size_t i = 0; i < 10000; i++) {
        plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), plk_bytes(value, i % sizeof value));
    }
    assert_int_equal(plk_batch_bytes(batch), bytes);
    assert_int_equal(plk_batch_count(batch), 1);
}

static void it_is_full_at_half_of_either_limit(void **state) {
    (void)state;
    static const uint8_t value[PLK_ROW_VALUE_MAX];
    uint8_t key[2] = {0, 0};
    for (unsigned i = 0; !plk_batch_full(batch); i++) {
        key[0] = (uint8_t)(i >> 8);
        key[1] = (uint8_t)i;
        plk_batch_upsert(batch, PLK_TABLE_outbox, plk_bytes(key, sizeof key), plk_bytes(value, 1));
    }
    assert_int_equal(plk_batch_count(batch), PLK_BATCH_OPS_MAX / 2);
    plk_batch_clear(batch);
    assert_int_equal(plk_batch_count(batch), 0);
    assert_int_equal(plk_batch_bytes(batch), 0);
    assert_false(plk_batch_full(batch));
    for (key[1] = 0; !plk_batch_full(batch); key[1]++) {
        plk_batch_upsert(batch, PLK_TABLE_outbox, plk_bytes(key, sizeof key), plk_bytes(value, sizeof value));
    }
    assert_int_equal(plk_batch_count(batch), 8);
}

static void after_clear_nothing_coalesces_with_what_was(void **state) {
    (void)state;
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("old"));
    plk_batch_clear(batch);
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("b"), text("new"));
    plk_batch_upsert(batch, PLK_TABLE_ratchet, text("a"), text("newer"));
    assert_int_equal(plk_batch_count(batch), 2);
    expect(0, PLK_OP_UPSERT, "b", "new");
    expect(1, PLK_OP_UPSERT, "a", "newer");
}

static void patches_of_one_row_become_one(void **state) {
    (void)state;
    struct plk_message_patch sent = {.columns = PLK_PATCH_STATE, .state = PLK_STATE_SENT, .reason = 3}, got;
    struct plk_message_patch delivered = {.columns = PLK_PATCH_RECEIVED, .received_ms = 77};
    plk_batch_patch(batch, text("m"), &sent);
    plk_batch_patch(batch, text("m"), &delivered);
    assert_int_equal(plk_batch_count(batch), 1);
    assert_int_equal(plk_message_patch_decode(plk_batch_at(batch, 0).value, &got), PLK_ERR_OK);
    assert_int_equal(got.columns, PLK_PATCH_STATE | PLK_PATCH_RECEIVED);
    assert_int_equal(got.state, PLK_STATE_SENT);
    assert_int_equal(got.received_ms, 77);
}

// ---- any sequence does what its operations would have done one by one -------------------------------------------------------

struct table {
    bool is[KEYS];
    uint8_t value[KEYS], state[KEYS];
};

static void carry_out(struct table *t, enum plk_op_kind kind, unsigned key, unsigned end, uint8_t value) {
    if (kind == PLK_OP_PATCH && t->is[key]) t->state[key] = value;
    if (kind == PLK_OP_DELETE) t->is[key] = false;
    for (unsigned k = key; kind == PLK_OP_DELETE_RANGE && k < end; k++) t->is[k] = false;
    if (kind != PLK_OP_UPSERT) return;
    t->is[key] = true;
    t->value[key] = value;
    t->state[key] = 0;
}

static void carry_out_batch(struct table *t) {
    for (size_t i = 0; i < plk_batch_count(batch); i++) {
        struct plk_op op = plk_batch_at(batch, i);
        unsigned end = op.kind == PLK_OP_DELETE_RANGE ? op.key_end.at[0] : 0;
        struct plk_message_patch patch;
        uint8_t value = op.kind == PLK_OP_UPSERT ? op.value.at[0] : 0;
        if (op.kind == PLK_OP_PATCH) {
            assert_int_equal(plk_message_patch_decode(op.value, &patch), PLK_ERR_OK);
            value = (uint8_t)patch.state;
        }
        carry_out(t, op.kind, op.key.at[0], end, value);
    }
}

static void one_step(struct plk_rng *rng, struct table *model) {
    uint8_t key = (uint8_t)plk_rng_below(rng, KEYS), end = (uint8_t)(key + 1 + plk_rng_below(rng, KEYS - key));
    uint8_t value[40] = {(uint8_t)(1 + plk_rng_below(rng, 200))};
    struct plk_message_patch patch = {.columns = PLK_PATCH_STATE};
    enum plk_op_kind kind = (enum plk_op_kind)(1 + plk_rng_below(rng, 3));
    if (plk_rng_below(rng, 12) == 0) kind = PLK_OP_DELETE_RANGE;
    patch.state = (enum plk_state)(PLK_STATE_QUEUED + plk_rng_below(rng, PLK_STATE_SEEN));
    struct plk_bytes k = plk_bytes(&key, 1), v = plk_bytes(value, 1 + (size_t)plk_rng_below(rng, sizeof value));
    if (kind == PLK_OP_UPSERT) plk_batch_upsert(batch, PLK_TABLE_message, k, v);
    if (kind == PLK_OP_PATCH) plk_batch_patch(batch, k, &patch);
    if (kind == PLK_OP_DELETE) plk_batch_delete(batch, PLK_TABLE_message, k);
    if (kind == PLK_OP_DELETE_RANGE) plk_batch_delete_range(batch, PLK_TABLE_message, k, plk_bytes(&end, 1));
    carry_out(model, kind, key, end, kind == PLK_OP_PATCH ? (uint8_t)patch.state : value[0]);
}

static void any_sequence_does_what_its_steps_would_do(void **state) {
    (void)state;
    static const uint8_t seed[32] = {6};
    struct table model, real;
    struct plk_rng rng;
    plk_rng_seed(&rng, seed);
    memset(&model, 0, sizeof model);
    memset(&real, 0, sizeof real);
    for (unsigned round = 0; round < ROUNDS; round++) {
        plk_batch_clear(batch);
        for (uint64_t left = 1 + plk_rng_below(&rng, 25); left > 0; left--) one_step(&rng, &model);
        carry_out_batch(&real);
        for (unsigned k = 0; k < KEYS; k++) {
            assert_int_equal(real.is[k], model.is[k]);
            if (!model.is[k]) continue;
            assert_int_equal(real.value[k], model.value[k]);
            assert_int_equal(real.state[k], model.state[k]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(several_writes_of_one_row_are_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_key_of_another_table_is_another_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_crosses_a_range_that_is_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rewritten_row_does_not_grow_the_batch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_is_full_at_half_of_either_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_clear_nothing_coalesces_with_what_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(patches_of_one_row_become_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_sequence_does_what_its_steps_would_do, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

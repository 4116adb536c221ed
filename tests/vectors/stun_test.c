// SPDX-License-Identifier: MIT
// RFC 5769, and what another implementation made of RFC 8489, RFC 5780 and RFC 3489.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/vector.h"
#include "wire/stun.h"

static void expect_address(struct plk_vector *v, const char *name, const struct plk_addr *addr) {
    uint8_t wire[19];
    struct plk_writer w = plk_writer(wire, sizeof wire);
    if (!plk_vector_has(v, name)) {
        assert_int_equal(addr->family, 0);
        return;
    }
    plk_addr_write(&w, addr);
    plk_vector_expect(v, name, wire, w.len);
}

static void expect_fields(struct plk_vector *v, const struct plk_stun *m) {
    uint8_t unknown[2 * PLK_STUN_UNKNOWN_MAX];
    struct plk_writer w = plk_writer(unknown, sizeof unknown);
    for (unsigned i = 0; i < m->unknown_count; i++) plk_writer_u16(&w, m->unknown[i]);
    plk_vector_expect(v, "unknown", unknown, w.len);
    plk_vector_expect(v, "id", m->id, sizeof m->id);
    assert_int_equal(m->kind, plk_vector_number(v, "kind"));
    assert_int_equal(m->fingerprint, plk_vector_number(v, "fingerprint"));
    assert_int_equal(m->has_change, plk_vector_has(v, "change"));
    if (m->has_change) assert_int_equal(m->change, plk_vector_number(v, "change"));
    assert_int_equal(m->error, plk_vector_has(v, "error") ? plk_vector_number(v, "error") : 0);
    expect_address(v, "mapped", &m->mapped);
    expect_address(v, "xor_mapped", &m->xor_mapped);
    expect_address(v, "origin", &m->origin);
    expect_address(v, "other", &m->other);
}

static void expect_error(struct plk_vector *v, const char *use, struct plk_bytes bytes) {
    struct plk_stun m = {.error = 1}, before = m;
    enum plk_err want = PLK_ERR_MALFORMED;
    if (strcmp(use, "forged") == 0) want = PLK_ERR_FORGED;
    if (strcmp(use, "unsupported") == 0) want = PLK_ERR_UNSUPPORTED;
    if (want == PLK_ERR_MALFORMED) assert_string_equal(use, "malformed");
    if (plk_stun_decode(bytes, &m) != want) fail_msg("%s", plk_vector_text(v, "name"));
    assert_memory_equal(&m, &before, sizeof m);
}

static void messages_are_those_of_the_standards(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/stun.txt");
    for (; plk_vector_next(&v); count++) {
        const char *use = plk_vector_text(&v, "use");
        struct plk_bytes bytes = plk_vector_bytes(&v, "message");
        struct plk_stun m;
        bool same = strcmp(use, "same") == 0;
        if (!same && strcmp(use, "sample") != 0 && strcmp(use, "read") != 0) {
            expect_error(&v, use, bytes);
            continue;
        }
        if (plk_stun_decode(bytes, &m) != PLK_ERR_OK) fail_msg("%s", plk_vector_text(&v, "name"));
        expect_fields(&v, &m);
        if (!same) continue;
        uint8_t out[PLK_STUN_ANSWER_MAX];
        struct plk_writer w = plk_writer(out, sizeof out);
        plk_stun_encode(&w, &m);
        assert_false(w.failed);
        plk_vector_expect(&v, "message", out, w.len);
    }
    assert_int_equal(count, 44);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(messages_are_those_of_the_standards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// Names of relays that another implementation wrote.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "support/vector.h"
#include "wire/relay_name.h"

static void read_it(struct plk_vector *v, bool same) {
    struct plk_bytes text = plk_vector_bytes(v, "text");
    struct plk_relay_name name;
    char out[PLK_RELAY_NAME_TEXT_MAX];
    size_t len;
    if (plk_relay_name_decode(text, &name) != PLK_ERR_OK) fail_msg("%s", plk_vector_text(v, "name"));
    plk_vector_expect(v, "host", name.host.at, name.host.len);
    assert_int_equal(name.port, plk_vector_number(v, "port"));
    assert_int_equal(name.flags, plk_vector_number(v, "flags"));
    for (unsigned i = 0; i < sizeof name.key; i++) assert_int_equal(name.key[i], i);
    bool token = (name.flags & PLK_RELAY_NAME_TOKEN) != 0;
    for (unsigned i = 0; i < sizeof name.token; i++) assert_int_equal(name.token[i], token ? 0x80 + i : 0);
    plk_relay_name_encode(&name, out, &len);
    if (same) plk_vector_expect(v, "text", out, len);
    struct plk_relay_name again;
    assert_int_equal(plk_relay_name_decode(plk_bytes(out, len), &again), PLK_ERR_OK);
    assert_memory_equal(again.key, name.key, sizeof name.key);
}

static void names_are_those_of_the_other_implementation(void **state) {
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/relay_name.txt");
    for (; plk_vector_next(&v); count++) {
        const char *use = plk_vector_text(&v, "use");
        if (strcmp(use, "same") == 0 || strcmp(use, "read") == 0) {
            read_it(&v, strcmp(use, "same") == 0);
            continue;
        }
        struct plk_relay_name name = {.port = 9};
        enum plk_err err = plk_relay_name_decode(plk_vector_bytes(&v, "text"), &name);
        if (strcmp(plk_err_name(err), use) != 0) fail_msg("%s: %s", plk_vector_text(&v, "name"), plk_err_name(err));
        assert_int_equal(name.port, 9);
    }
    assert_int_equal(count, 37);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(names_are_those_of_the_other_implementation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/relay_greeting.h"
#include "wire/tlv.h"

static uint8_t bytes[256];

static struct plk_relay_greeting relay_greeting(void) {
    return (struct plk_relay_greeting){
        .version_min = 1,
        .version_max = 1,
        .cid = {1, 2, 3, 4, 5, 6, 7, 8},
        .wall_ms = 0x1122334455,
        .seen = {.family = 4, .ip = {192, 0, 2, 1}, .port = 4000},
        .admission = PLK_RELAY_ADMIT_OPEN,
        .bits = 20,
    };
}

static struct plk_bytes written(const struct plk_relay_greeting *greeting, size_t len) {
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_relay_greeting_write(&w, greeting, len);
    assert_false(w.failed);
    assert_int_equal(w.len, len);
    return plk_writer_bytes(&w);
}

static void a_relays_greeting_comes_back(void **state) {
    (void)state;
    struct plk_relay_greeting g = relay_greeting(), back;
    assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_OK);
    assert_memory_equal(back.cid, g.cid, 8);
    assert_int_equal(back.wall_ms, g.wall_ms);
    assert_true(plk_addr_equal(&back.seen, &g.seen));
    assert_int_equal(back.admission, PLK_RELAY_ADMIT_OPEN);
    assert_int_equal(back.bits, 20);
    assert_int_equal(back.extensions.len, 0);
    struct plk_addr stun;
    assert_false(plk_relay_greeting_stun(&back, &stun));
}

static void the_other_stun_address_is_an_extension(void **state) {
    (void)state;
    uint8_t list[64];
    struct plk_addr other = {.family = 6, .ip = {0x20, 1, 0xd, 0xb8}, .port = 7448}, stun = {0};
    struct plk_relay_greeting g = relay_greeting(), back;
    struct plk_writer w = plk_writer(list, sizeof list);
    plk_tlv_head(&w, PLK_RELAY_GREETING_STUN, 19);
    plk_addr_write(&w, &other);
    plk_tlv_put(&w, 77, plk_bytes_text("later"));
    g.extensions = plk_writer_bytes(&w);
    assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_OK);
    assert_true(plk_bytes_equal(back.extensions, g.extensions));
    assert_true(plk_relay_greeting_stun(&back, &stun));
    assert_true(plk_addr_equal(&stun, &other));
    list[21] = 1; // a type that does not rise
    assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_MALFORMED);
    list[21] = 0x40;
    g.extensions = plk_bytes("\x01\x02\x04\x05", 4); // a list, but of no address
    assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_OK);
    assert_false(plk_relay_greeting_stun(&back, &stun));
}

static void where_else_it_is_is_an_extension(void **state) {
    (void)state;
    uint8_t list[80], at[80];
    struct plk_addr sent[] = {{.family = 4, .ip = {192, 0, 2, 1}, .port = 1},
                              {.family = 6, .ip = {0x20, 1}, .port = 2}};
    struct plk_addr places[PLK_RELAY_GREETING_PLACES_MAX];
    struct plk_relay_greeting g = relay_greeting(), back;
    struct plk_writer a = plk_writer(at, sizeof at);
    for (size_t i = 0; i < 2; i++) plk_addr_write(&a, &sent[i]);
    for (size_t cut = 0; cut <= a.len; cut++) {
        struct plk_writer w = plk_writer(list, sizeof list);
        plk_tlv_put(&w, PLK_RELAY_GREETING_PLACES, plk_bytes(at, cut));
        g.extensions = plk_writer_bytes(&w);
        assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_OK);
        size_t count = plk_relay_greeting_places(&back, places);
        assert_int_equal(count, cut == a.len ? 2 : cut == 7 ? 1 : 0); // cut within an address it is none
        for (size_t i = 0; i < count; i++) assert_true(plk_addr_equal(&places[i], &sent[i]));
    }
    plk_addr_write(&a, &sent[0]);
    plk_addr_write(&a, &sent[0]); // one too many
    struct plk_writer w = plk_writer(list, sizeof list);
    plk_tlv_put(&w, PLK_RELAY_GREETING_PLACES, plk_writer_bytes(&a));
    g.extensions = plk_writer_bytes(&w);
    assert_int_equal(plk_relay_greeting_decode(&back, written(&g, 198)), PLK_ERR_OK);
    assert_int_equal(plk_relay_greeting_places(&back, places), 0);
}

static void every_cut_and_bad_value_is_refused(void **state) {
    (void)state;
    struct plk_relay_greeting g = relay_greeting(), back = {.bits = 99};
    struct plk_bytes whole = written(&g, 27);
    for (size_t len = 0; len < whole.len; len++) {
        assert_int_not_equal(plk_relay_greeting_decode(&back, plk_bytes(whole.at, len)), PLK_ERR_OK);
    }
    static const struct {
        size_t at;
        uint8_t value;
        enum plk_err err;
    } bad[] = {
        {0, 0, PLK_ERR_MALFORMED},  {0, 2, PLK_ERR_MALFORMED},  {18, 5, PLK_ERR_MALFORMED},
        {25, 0, PLK_ERR_MALFORMED}, {25, 4, PLK_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        whole = written(&g, 27);
        bytes[bad[i].at] = bad[i].value;
        assert_int_equal(plk_relay_greeting_decode(&back, whole), bad[i].err);
    }
    whole = written(&g, 60);
    bytes[59] = 1; // padding that is not zero
    assert_int_equal(plk_relay_greeting_decode(&back, whole), PLK_ERR_MALFORMED);
    whole = written(&g, 60);
    bytes[0] = bytes[1] = 2;
    assert_int_equal(plk_relay_greeting_decode(&back, whole), PLK_ERR_TOO_NEW);
    assert_int_equal(back.bits, 99); // nothing was touched
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_relay_greeting_write(&w, &g, 26); // one too few
    assert_true(w.failed);
}

static void a_clients_greeting_comes_back(void **state) {
    (void)state;
    struct plk_client_greeting g = {.version_min = 1, .version_max = 3, .flags = 0x8001}, back = {0};
    g.extensions = plk_bytes("\x05\x01x", 3);
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_client_greeting_write(&w, &g, 166);
    struct plk_bytes whole = plk_writer_bytes(&w);
    assert_int_equal(whole.len, 166);
    assert_int_equal(plk_client_greeting_decode(&back, whole), PLK_ERR_OK);
    assert_int_equal(back.flags, 0x8001);
    assert_true(plk_bytes_equal(back.extensions, g.extensions));
    for (size_t len = 0; len < 4; len++) {
        assert_int_equal(plk_client_greeting_decode(&back, plk_bytes(whole.at, len)), PLK_ERR_MALFORMED);
    }
    bytes[100] = 1;
    assert_int_equal(plk_client_greeting_decode(&back, whole), PLK_ERR_MALFORMED);
    bytes[0] = 9;
    assert_int_equal(plk_client_greeting_decode(&back, whole), PLK_ERR_MALFORMED); // minimum above maximum
    bytes[1] = 9;
    assert_int_equal(plk_client_greeting_decode(&back, whole), PLK_ERR_TOO_NEW);
    w = plk_writer(bytes, sizeof bytes);
    plk_client_greeting_write(&w, &g, 6);
    assert_true(w.failed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relays_greeting_comes_back),     cmocka_unit_test(the_other_stun_address_is_an_extension),
        cmocka_unit_test(where_else_it_is_is_an_extension), cmocka_unit_test(every_cut_and_bad_value_is_refused),
        cmocka_unit_test(a_clients_greeting_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

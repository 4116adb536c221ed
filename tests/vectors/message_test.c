// SPDX-License-Identifier: MIT
// The envelopes, ack lists and chain hashes of message.txt, which another implementation wrote.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "mail/sending.h"
#include "support/vector.h"
#include "wire/mark.h"
#include "wire/message.h"

static uint8_t room[PLK_VECTOR_VALUE_MAX];

static void check_envelope(struct plk_vector *v) {
    struct plk_envelope e;
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_int_equal(plk_message_envelope_decode(plk_vector_bytes(v, "bytes"), &e), PLK_ERR_OK);
    plk_message_envelope_encode(&w, &e);
    plk_vector_expect(v, "bytes", room, w.len);
}

static void check_acks(struct plk_vector *v) {
    struct plk_ack acks[PLK_ACKS_MAX];
    size_t count;
    struct plk_writer w = plk_writer(room, sizeof room);
    assert_int_equal(plk_message_acks_decode(plk_vector_bytes(v, "bytes"), acks, &count), PLK_ERR_OK);
    plk_message_acks_encode(&w, acks, count);
    plk_vector_expect(v, "bytes", room, w.len);
}

static void check_mark(struct plk_vector *v, bool good) {
    struct plk_bytes kind = plk_vector_bytes(v, "kind"), target = plk_vector_bytes(v, "target");
    uint16_t number = (uint16_t)(kind.at[0] << 8 | kind.at[1]);
    bool has_target = target.at[0] == 1;
    struct plk_mark_body body;
    enum plk_err err = plk_mark_body_decode(number, has_target, plk_vector_bytes(v, "bytes"), &body);
    assert_int_equal(err, good ? PLK_ERR_OK : PLK_ERR_MALFORMED);
    if (!good) return;
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_mark_body_encode(&w, &body);
    plk_vector_expect(v, "bytes", room, w.len);
}

static void check_chain(struct plk_vector *v) {
    uint8_t chain[PLK_MESSAGE_HASH_LEN] = {0};
    struct plk_bytes ids = plk_vector_bytes(v, "ids");
    for (size_t at = 0; at < ids.len; at += PLK_ID_LEN) plk_sending_chain(chain, chain, ids.at + at);
    plk_vector_expect(v, "chain", chain, sizeof chain);
}

static void messages_are_those_of_the_other_implementation(void **state) {
    (void)state;
    struct plk_vector v;
    struct plk_envelope e;
    struct plk_ack acks[PLK_ACKS_MAX];
    size_t none;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/message.txt");
    for (; plk_vector_next(&v); count++) {
        const char *use = plk_vector_text(&v, "use");
        if (strcmp(use, "envelope") == 0) {
            check_envelope(&v);
        } else if (strcmp(use, "bad envelope") == 0) {
            assert_int_not_equal(plk_message_envelope_decode(plk_vector_bytes(&v, "bytes"), &e), PLK_ERR_OK);
        } else if (strcmp(use, "acks") == 0) {
            check_acks(&v);
        } else if (strcmp(use, "bad acks") == 0) {
            assert_int_equal(plk_message_acks_decode(plk_vector_bytes(&v, "bytes"), acks, &none), PLK_ERR_MALFORMED);
        } else if (strcmp(use, "mark") == 0 || strcmp(use, "bad mark") == 0) {
            check_mark(&v, use[0] == 'm');
        } else {
            assert_string_equal(use, "chain");
            check_chain(&v);
        }
    }
    assert_int_equal(count, 74);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(messages_are_those_of_the_other_implementation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
// Queues as another implementation has them: names, keys, proofs, cells and records.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "queue/cell.h"
#include "queue/key.h"
#include "support/vector.h"
#include "wire/queue_list.h"

static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN], room2[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];

static void names(struct plk_vector *v) {
    uint8_t rid[16], sid[16];
    plk_queue_key_rid(rid, plk_vector_key(v, "owner", 32));
    plk_queue_key_sid(sid, rid);
    plk_vector_expect(v, "rid", rid, sizeof rid);
    plk_vector_expect(v, "sid", sid, sizeof sid);
}

static void invite(struct plk_vector *v) {
    struct plk_queue_invite_keys keys;
    plk_queue_key_invite(&keys, plk_vector_key(v, "psk", 16));
    plk_vector_expect(v, "sender", keys.sender, 32);
    plk_vector_expect(v, "envelope", keys.envelope, 32);
    plk_vector_expect(v, "cell", keys.cell, 32);
}

static void recovery(struct plk_vector *v) {
    uint8_t secret[PLK_QUEUE_KEY_LEN];
    struct plk_queue_own_keys keys;
    plk_queue_key_recovery(secret, plk_vector_key(v, "recovery", 32), plk_vector_key(v, "peer", 32),
                           plk_vector_key(v, "relay", 32));
    plk_vector_expect(v, "secret", secret, sizeof secret);
    plk_queue_key_own(&keys, secret);
    plk_vector_expect(v, "owner", keys.owner, 32);
    plk_vector_expect(v, "sender", keys.sender, 32);
    plk_vector_expect(v, "envelope", keys.envelope, 32);
}

// Client and relay come to the same from the halves that they have.
static void proof(struct plk_vector *v) {
    uint8_t client[16], relay[16];
    enum plk_queue_role role = (enum plk_queue_role)plk_vector_number(v, "role");
    uint32_t handle = (uint32_t)plk_vector_number(v, "handle");
    const uint8_t *id = plk_vector_key(v, "id", 16), *hash = plk_vector_key(v, "channel", 64);
    assert_int_equal(plk_queue_key_proof(client, plk_vector_key(v, "secret", 32),
                                         plk_vector_key(v, "static_public", 32), role, id, hash, handle),
                     PLK_ERR_OK);
    assert_int_equal(plk_queue_key_proof(relay, plk_vector_key(v, "static_secret", 32), plk_vector_key(v, "public", 32),
                                         role, id, hash, handle),
                     PLK_ERR_OK);
    plk_vector_expect(v, "proof", client, sizeof client);
    plk_vector_expect(v, "proof", relay, sizeof relay);
}

static void work(struct plk_vector *v) {
    assert_int_equal(plk_queue_key_work(plk_vector_key(v, "rid", 16), (uint32_t)plk_vector_number(v, "day"),
                                        plk_vector_number(v, "nonce")),
                     plk_vector_number(v, "bits"));
}

static void cell(struct plk_vector *v) {
    static const char word[] = "mail";
    size_t len = (size_t)plk_vector_number(v, "length");
    for (size_t i = 0; i < len; i++) room[i] = i == 0 ? 1 : (uint8_t)word[(i - 1) % 4];
    const uint8_t *key = plk_vector_key(v, "key", 32), *sid = plk_vector_key(v, "sid", 16);
    struct plk_bytes content = plk_bytes(room, len), opened;
    uint8_t hash[PLK_HASH_LEN];
    plk_cell_seal(room2, key, sid, plk_vector_key(v, "nonce", 24), content);
    struct plk_bytes sealed = plk_bytes(room2, plk_cell_len(len));
    plk_hash(hash, &sealed, 1);
    plk_vector_expect(v, "cell", hash, sizeof hash);
    static uint8_t text[PLK_QUEUE_CELL_LARGE];
    assert_int_equal(plk_cell_open(text, key, sid, sealed, &opened), PLK_ERR_OK);
    assert_true(plk_bytes_equal(opened, content));
}

static void bundle(struct plk_vector *v) {
    struct plk_bytes content = plk_vector_bytes(v, "content"), opened;
    const uint8_t *key = plk_vector_key(v, "key", 32), *sid = plk_vector_key(v, "sid", 16);
    uint64_t sequence = plk_vector_number(v, "sequence");
    plk_cell_bundle_seal(room, key, sid, sequence, plk_vector_key(v, "nonce", 24), content);
    plk_vector_expect(v, "cell", room, PLK_QUEUE_CELL_SMALL);
    assert_int_equal(plk_cell_bundle_open(room2, key, sid, sequence, plk_bytes(room, PLK_QUEUE_CELL_SMALL), &opened),
                     PLK_ERR_OK);
    assert_true(plk_bytes_equal(opened, content));
}

static void record(struct plk_vector *v) {
    struct plk_bytes head = plk_vector_bytes(v, "head"), body;
    size_t fill = (size_t)plk_vector_number(v, "count"), len = head.len + fill;
    memcpy(room, head.at, head.len);
    memset(room + head.len, (int)plk_vector_number(v, "fill"), fill);
    bool broken;
    struct plk_queue_record read;
    assert_int_equal(plk_queue_cut(plk_bytes(room, len), &body, &broken), len);
    if (plk_queue_decode(body, &read) != PLK_ERR_OK) fail_msg("%s", plk_vector_text(v, "name"));
    struct plk_writer w = plk_writer(room2, sizeof room2);
    plk_queue_encode(&w, &read);
    assert_true(plk_bytes_equal(plk_writer_bytes(&w), plk_bytes(room, len)));
    assert_int_equal(plk_queue_len(&read), len);
}

static void list(struct plk_vector *v) {
    struct plk_queue_list read;
    assert_int_equal(plk_queue_list_decode(plk_vector_bytes(v, "list"), &read), PLK_ERR_OK);
    assert_int_equal(read.count, plk_vector_number(v, "count"));
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_queue_list_encode(&w, &read);
    plk_vector_expect(v, "list", room, w.len);
    if (read.count == 0) return;
    const struct plk_queue_offer *last = &read.at[read.count - 1];
    plk_vector_expect(v, "last_host", (const uint8_t *)last->host, last->host_len);
    plk_vector_expect(v, "last_sender", last->sender, sizeof last->sender);
    assert_int_equal(last->port, plk_vector_number(v, "last_port"));
}

static void bad(struct plk_vector *v) {
    struct plk_queue_record read = {.tag = 77};
    enum plk_err err = plk_queue_decode(plk_vector_bytes(v, "body"), &read);
    if (err != PLK_ERR_MALFORMED) fail_msg("%s", plk_vector_text(v, "name"));
    assert_int_equal(read.tag, 77);
}

static void cut(struct plk_vector *v) {
    struct plk_bytes body;
    bool broken;
    assert_int_equal(plk_queue_cut(plk_vector_bytes(v, "stream"), &body, &broken), plk_vector_number(v, "took"));
    assert_int_equal(broken, plk_vector_number(v, "broken"));
}

static void all_is_as_the_other_implementation_has_it(void **state) {
    static const struct {
        const char *use;
        void (*run)(struct plk_vector *v);
    } uses[] = {{"names", names}, {"invite", invite}, {"recovery", recovery}, {"proof", proof},   {"work", work},
                {"cell", cell},   {"bundle", bundle}, {"list", list},         {"record", record}, {"bad", bad},
                {"cut", cut}};
    (void)state;
    struct plk_vector v;
    unsigned count = 0;
    plk_vector_open(&v, PLK_VECTOR_DIR "/queue.txt");
    while (plk_vector_next(&v)) {
        for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
            if (strcmp(plk_vector_text(&v, "use"), uses[i].use) != 0) continue;
            uses[i].run(&v);
            count++;
        }
    }
    assert_int_equal(count, 87);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_as_the_other_implementation_has_it)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

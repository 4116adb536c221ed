// SPDX-License-Identifier: MIT
// Everything that a ratchet decodes: its rows from a disk, ciphertexts from strangers, and headers from a peer that has
// the keys and lies.
#include <stdint.h>

#include "base/reader.h"
#include "base/writer.h"
#include "support/talker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A ratchet from a row that decodes may hold nonsense, but never traps.
static void use(const struct plk_ratchet *row, struct plk_bytes sealed) {
    static uint8_t text[PLK_RATCHET_SEALED_MAX];
    struct talker t;
    struct letter letter;
    struct plk_ratchet_got got;
    struct plk_skipped_change changed;
    talker_begin(&t, 3);
    t.ratchet = *row;
    t.wall_ms = row->old[0].since_ms;
    plk_ratchet_peer_has(&t.ratchet, (struct plk_ratchet_place){t.ratchet.send_id, 7});
    if (plk_ratchet_can_send(&t.ratchet)) talker_write(&t, talker_ad(), &letter);
    talker_hear(&t, sealed, text, &got);
    plk_ratchet_expire(&t.ratchet, &t.skipped, t.wall_ms + PLK_RATCHET_KEEP_MS + 1, &changed);
    talker_end(&t);
}

static void row(struct plk_bytes bytes) {
    struct plk_ratchet r;
    uint8_t again[PLK_RATCHET_ROW_MAX];
    if (plk_ratchet_decode(&r, bytes) != PLK_ERR_OK) return;
    size_t len = plk_ratchet_encode(&r, again);
    plk_assert(len == bytes.len && memcmp(again, bytes.at, len) == 0);
    use(&r, bytes);
}

static void skipped(struct plk_bytes bytes) {
    struct talker t;
    uint8_t again[PLK_SKIPPED_ROW_MAX], key_again[PLK_SKIPPED_KEY_LEN];
    struct plk_reader r = plk_reader(bytes);
    talker_begin(&t, 3);
    while (r.left > 0) {
        struct plk_bytes key = plk_reader_sized(&r, 16), value = plk_reader_sized(&r, 2 * PLK_SKIPPED_ROW_MAX);
        size_t count = t.skipped.count;
        if (plk_skipped_load(&t.skipped, key, value) != PLK_ERR_OK) {
            plk_assert(t.skipped.count == count);
            continue;
        }
        const struct plk_skipped_entry *entry = &t.skipped.at[count];
        struct plk_skipped_row place = {entry->chain, entry->n / PLK_SKIPPED_BLOCK};
        plk_skipped_row_key(key_again, place);
        plk_assert(plk_bytes_equal(key, plk_bytes(key_again, sizeof key_again)));
        plk_assert(plk_bytes_equal(value, plk_bytes(again, plk_skipped_encode(&t.skipped, place, again))));
    }
    talker_end(&t);
}

static void seen(struct plk_bytes bytes) {
    static struct plk_seen s;
    uint8_t again[PLK_SEEN_ROW_MAX];
    struct plk_reader r = plk_reader(bytes);
    memset(&s, 0, sizeof s);
    while (r.left > 0) {
        uint8_t number = plk_reader_u8(&r);
        struct plk_bytes value = plk_reader_sized(&r, PLK_SEEN_ROW_MAX + PLK_SEEN_HASH_LEN);
        if (plk_seen_load(&s, number, value) != PLK_ERR_OK) continue;
        plk_assert(plk_bytes_equal(value, plk_bytes(again, plk_seen_encode(&s, number, again))));
        plk_assert(plk_seen_has(&s, value.at + 8));
    }
    uint8_t hash[PLK_SEEN_HASH_LEN] = {0};
    for (uint8_t i = 0; i < 40; i++) {
        hash[15] = i;
        plk_seen_add(&s, hash);
        plk_assert(plk_seen_has(&s, hash));
    }
}

// Bob after a while; nothing that comes here may change him, so he is made once.
static struct talker *bob_then(void) {
    static struct talker alice, bob;
    static bool made;
    struct letter letter;
    uint8_t text[TALKER_TEXT_MAX];
    struct plk_ratchet_got got;
    if (made) return &bob;
    made = true;
    talkers_meet(&alice, &bob, 100); // no letter of theirs is in the corpus
    for (int i = 0; i < 12; i++) {
        talker_write(i % 2 ? &bob : &alice, plk_bytes_text("lost"), &letter);
        talker_write(i % 2 ? &bob : &alice, plk_bytes_text("heard"), &letter);
        enum plk_err err = talker_hear(i % 2 ? &alice : &bob, plk_bytes(letter.at, letter.len), text, &got);
        plk_assert(err == PLK_ERR_OK);
    }
    return &bob;
}

static void stranger(struct plk_bytes bytes) {
    static uint8_t text[PLK_RATCHET_SEALED_MAX];
    struct plk_ratchet_got got;
    enum plk_err err = talker_hear(bob_then(), bytes, text, &got);
    plk_assert(err == PLK_ERR_FORGED || err == PLK_ERR_MALFORMED || err == PLK_ERR_TOO_NEW);
}

// which: the header key. The rest: length of the header, header, body.
static void liar(uint8_t which, struct plk_bytes bytes) {
    static uint8_t out[PLK_RATCHET_SEALED_MAX + 4096], text[sizeof out];
    struct talker *bob = bob_then();
    const struct plk_ratchet *r = &bob->ratchet;
    struct plk_ratchet_got got;
    const uint8_t *key = which % 3 == 0   ? r->recv_header
                         : which % 3 == 1 ? r->next_recv_header
                                          : r->old[which % PLK_RATCHET_OLD_MAX].header;
    struct plk_reader in = plk_reader(bytes);
    uint8_t header[PLK_CIPHER_KEM_MAX + 64];
    struct plk_bytes given = plk_reader_sized(&in, sizeof header);
    if (given.len > 0) memcpy(header, given.at, given.len);
    if (which & 64) memcpy(header, r->their_public, 32);
    struct plk_writer w = plk_writer(out, sizeof out);
    plk_writer_u8(&w, PLK_RATCHET_VERSION);
    plk_writer_u16(&w, (uint16_t)(PLK_XNONCE_LEN + given.len + PLK_TAG_LEN));
    plk_writer_zero(&w, PLK_XNONCE_LEN);
    plk_xaead_seal(out + w.len, key, out + 3, plk_bytes(out, 3), plk_bytes(header, given.len));
    plk_writer_skip(&w, given.len + PLK_TAG_LEN);
    plk_writer_put(&w, plk_reader_rest(&in));
    if (w.failed) return;
    enum plk_err err = talker_hear(bob, plk_writer_bytes(&w), text, &got);
    plk_assert(err != PLK_ERR_OK && err != PLK_ERR_CORRUPT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes rest = plk_bytes(data + 1, size - 1);
    switch (data[0] & 7) {
    case 0:
        row(rest);
        break;
    case 1:
        skipped(rest);
        break;
    case 2:
        seen(rest);
        break;
    case 3:
        stranger(rest);
        break;
    default:
        liar(data[0] >> 1, rest);
    }
    return 0;
}

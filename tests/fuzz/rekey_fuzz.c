// SPDX-License-Identifier: MIT
// Re-key, by the first byte: requests and answers from whoever has the recovery secret; genuine ones that were
// changed; and the row of a pending request.
#include <stdint.h>

#include "contact/rekey_wire.h"
#include "support/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct person alice, bob;
static struct plk_recovery alices, bobs;
static struct plk_rekey_pending pending;
static struct plk_rekey_opened opened;

// The same state for every input; made once, since keys are dear.
static void begin(void) {
    static const uint8_t secret[32] = {0x5e};
    static struct {
        bool made;
        struct person alice, bob;
        struct plk_recovery alices, bobs;
        struct plk_rekey_pending pending;
    } kept;
    if (kept.made) {
        alice = kept.alice;
        bob = kept.bob;
        alices = kept.alices;
        bobs = kept.bobs;
        pending = kept.pending;
        return;
    }
    person_make(&alice, 1, "Alice");
    person_make(&bob, 2, "Bob");
    person_recovery(&alice, &bob, secret, &alices);
    person_recovery(&bob, &alice, secret, &bobs);
    struct plk_payload mine = person_plain(&alice);
    plk_assert(plk_rekey_ask(&alice.persona, &alices, &alice.rng, PEOPLE_NOW_MS, &mine, alice.link_secret, &pending) ==
               PLK_ERR_OK);
    kept.alice = alice;
    kept.bob = bob;
    kept.alices = alices;
    kept.bobs = bobs;
    kept.pending = pending;
    kept.made = true;
}

static void stranger(struct plk_bytes bytes) {
    struct plk_rekey_request q;
    struct plk_rekey_reply reply;
    struct plk_recovery before = bobs;
    plk_rekey_request_read(bytes, &q);
    plk_rekey_reply_read(bytes, &reply);
    // A genuine one whose second variant was changed still opens: the corpus has genuine ones.
    enum plk_err err = plk_rekey_open(&bob.persona, &bobs, bytes, &opened);
    if (err == PLK_ERR_OK) plk_assert(opened.payload.incarnation == alice.payload.incarnation);
    plk_assert(memcmp(&before, &bobs, sizeof before) == 0);
}

// Writes data over at a place that it names; true: nothing changed by that.
static bool overwrite(uint8_t *at, size_t len, struct plk_bytes bytes) {
    struct plk_reader r = plk_reader(bytes);
    size_t place = plk_reader_u16(&r) % len;
    struct plk_bytes over = plk_reader_rest(&r);
    size_t over_len = over.len < len - place ? over.len : len - place;
    bool same = over_len == 0 || memcmp(at + place, over.at, over_len) == 0;
    if (over_len > 0) memcpy(at + place, over.at, over_len);
    return same;
}

static void changed_request(struct plk_bytes bytes) {
    bool same = overwrite(pending.request, pending.request_len, bytes);
    enum plk_err err = plk_rekey_open(&bob.persona, &bobs, plk_bytes(pending.request, pending.request_len), &opened);
    plk_assert(!same || err == PLK_ERR_OK);
    if (err == PLK_ERR_OK) plk_assert(opened.payload.incarnation == alice.payload.incarnation);
}

static void changed_answer(struct plk_bytes bytes) {
    uint8_t answer[PLK_REKEY_ANSWER_MAX], text[PLK_REKEY_PAYLOAD_MAX];
    size_t len;
    struct plk_rekey_done a, b;
    struct plk_payload theirs, mine = person_plain(&bob);
    struct plk_recovery before = alices;
    plk_assert(plk_rekey_open(&bob.persona, &bobs, plk_bytes(pending.request, pending.request_len), &opened) ==
               PLK_ERR_OK);
    plk_assert(plk_rekey_answer(&bobs, &bob.rng, &opened, &mine, answer, &len, &b) == PLK_ERR_OK);
    bool same = overwrite(answer, len, bytes);
    enum plk_err err = plk_rekey_finish(&alice.persona, &alices, &pending, plk_bytes(answer, len), text, &theirs, &a);
    plk_assert((err == PLK_ERR_OK) == same);
    if (err != PLK_ERR_OK) plk_assert(memcmp(&before, &alices, sizeof before) == 0);
    if (err == PLK_ERR_OK) plk_assert(memcmp(a.first.link_psk, b.first.link_psk, 32) == 0);
}

static void row(struct plk_bytes bytes) {
    uint8_t again[PLK_REKEY_PENDING_MAX], text[PLK_REKEY_PAYLOAD_MAX];
    struct plk_rekey_pending read, read2;
    struct plk_rekey_done done;
    struct plk_payload theirs;
    if (plk_rekey_pending_decode(bytes, &read) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(again, sizeof again);
    plk_rekey_pending_encode(&w, &read);
    plk_assert(plk_rekey_pending_decode(plk_writer_bytes(&w), &read2) == PLK_ERR_OK);
    plk_assert(memcmp(&read, &read2, sizeof read) == 0);
    plk_rekey_finish(&alice.persona, &alices, &read, bytes, text, &theirs, &done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes rest = plk_bytes(data + 1, size - 1);
    begin();
    switch (data[0] % 4) {
    case 0:
        stranger(rest);
        break;
    case 1:
        changed_request(rest);
        break;
    case 2:
        changed_answer(rest);
        break;
    default:
        row(rest);
    }
    return 0;
}

// SPDX-License-Identifier: MIT
// First contact, by the first byte: payloads; blobs from strangers; genuine blobs that were changed; and what an
// inviter who has all keys may put into an acceptance.
#include <stdint.h>

#include "contact/record.h"
#include "support/people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void payload(struct plk_bytes bytes) {
    static uint8_t first[PLK_PAYLOAD_MAX], second[PLK_PAYLOAD_MAX];
    struct plk_payload read, again;
    if (plk_payload_decode(bytes, &read) != PLK_ERR_OK) return;
    struct plk_writer w = plk_writer(first, sizeof first), w2 = plk_writer(second, sizeof second);
    plk_payload_encode(&w, &read);
    plk_assert(plk_payload_decode(plk_writer_bytes(&w), &again) == PLK_ERR_OK);
    plk_payload_encode(&w2, &again);
    plk_assert(plk_bytes_equal(plk_writer_bytes(&w), plk_writer_bytes(&w2)));
}

struct meeting {
    struct plk_mem mem;
    struct person alice, bob;
    struct plk_invite invite;
    uint8_t bundle[PLK_BUNDLE_LEN], prekey[32];
    struct plk_buf blob;
    struct plk_first bobs;
};

static void make_meeting(struct meeting *m) {
    m->mem = people_mem();
    person_make(&m->alice, 1, "Alice");
    person_make(&m->bob, 2, "Bob");
    plk_invite_make(&m->invite, 1, PLK_LINK_KIND_INLINE, m->alice.device, PEOPLE_NOW_MS, PLK_INVITE_LIFE_MS,
                    &m->alice.rng);
    plk_invite_bundle(&m->invite, &m->alice.persona, m->bundle);
    plk_invite_prekey(&m->invite, m->prekey);
    plk_assert(plk_first_make(&m->mem, &m->bob.rng, &m->bob.persona, m->invite.psk,
                              plk_bytes(m->bundle, PLK_BUNDLE_LEN), &m->bob.payload, &m->blob, &m->bobs) == PLK_ERR_OK);
}

// The same state for every input; made once, since keys are dear.
static void meet(struct meeting *m) {
    static struct meeting kept;
    if (kept.blob.len == 0) make_meeting(&kept);
    *m = kept;
    m->mem = people_mem();
    m->blob = (struct plk_buf){0};
    plk_buf_put(&m->mem, &m->blob, plk_buf_bytes(&kept.blob));
}

static enum plk_err open_blob(struct meeting *m, struct plk_bytes blob, struct plk_first_opened *opened) {
    return plk_first_open(&m->mem, &m->alice.persona, m->invite.psk, m->prekey, plk_bytes(m->bundle, PLK_BUNDLE_LEN),
                          PEOPLE_NOW_MS, blob, opened);
}

// Writes data over the genuine blob from a place on.
static void changed_blob(struct plk_bytes bytes) {
    struct meeting m;
    struct plk_first_opened opened;
    struct plk_reader r = plk_reader(bytes);
    meet(&m);
    size_t at = plk_reader_u16(&r) % m.blob.len;
    struct plk_bytes over = plk_reader_rest(&r);
    size_t len = over.len < m.blob.len - at ? over.len : m.blob.len - at;
    bool same = len == 0 || memcmp(m.blob.at + at, over.at, len) == 0;
    if (len > 0) memcpy(m.blob.at + at, over.at, len);
    enum plk_err err = open_blob(&m, plk_buf_bytes(&m.blob), &opened);
    plk_assert((err == PLK_ERR_OK) == same);
    if (err == PLK_ERR_OK) plk_first_opened_free(&m.mem, &opened);
    plk_assert(open_blob(&m, bytes, &opened) != PLK_ERR_OK);
    plk_buf_free(&m.mem, &m.blob);
    plk_assert(m.mem.used == 0);
}

static void acceptance(struct plk_bytes bytes) {
    static uint8_t sealed[PLK_RATCHET_SEALED_MAX];
    static const char label[] = "PeerLink/1/contact/acceptance";
    struct meeting m;
    struct plk_first_opened opened;
    struct plk_ratchet_place place;
    struct plk_payload theirs;
    struct plk_buf text = {0};
    uint8_t ad[sizeof label - 1 + PLK_FIRST_HASH_LEN];
    if (bytes.len > PLK_RATCHET_TEXT_MAX) return;
    meet(&m);
    plk_assert(open_blob(&m, plk_buf_bytes(&m.blob), &opened) == PLK_ERR_OK);
    memcpy(ad, label, sizeof label - 1);
    plk_first_hash(ad + sizeof label - 1, plk_buf_bytes(&m.blob));
    plk_assert(plk_ratchet_encrypt(&opened.first.ratchet, &m.alice.rng, plk_bytes(ad, sizeof ad), bytes, sealed,
                                   &place) == PLK_ERR_OK);
    struct plk_ratchet before = m.bobs.ratchet;
    enum plk_err err =
        plk_first_read_acceptance(&m.mem, &m.bobs.ratchet, ad + sizeof label - 1, PEOPLE_NOW_MS,
                                  plk_bytes(sealed, bytes.len + PLK_RATCHET_OVERHEAD), &text, &theirs, &place);
    plk_assert(err == plk_payload_decode(bytes, &theirs));
    if (err != PLK_ERR_OK) plk_assert(memcmp(&before, &m.bobs.ratchet, sizeof before) == 0);
    plk_buf_free(&m.mem, &text);
    plk_first_opened_free(&m.mem, &opened);
    plk_buf_free(&m.mem, &m.blob);
    plk_assert(m.mem.used == 0);
}

static void records(struct plk_bytes stream) {
    size_t taken;
    uint8_t type, why, refused[PLK_RECORD_REFUSED_LEN], head[PLK_RECORD_HEAD_LEN];
    uint64_t counter;
    struct plk_bytes content;
    while (plk_record_read(stream, &taken, &type, &content) == PLK_ERR_OK && taken > 0) {
        plk_record_head(head, (enum plk_record_type)type, content.len);
        plk_assert(memcmp(head, stream.at, sizeof head) == 0 && taken == sizeof head + content.len);
        if (plk_record_refused_decode(content, &why, &counter) == PLK_ERR_OK) {
            plk_record_refused_encode(refused, (enum plk_record_why)why, counter);
            plk_assert(plk_bytes_equal(plk_bytes(refused, sizeof refused), content));
        }
        stream.at += taken;
        stream.len -= taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    struct plk_bytes rest = plk_bytes(data + 1, size - 1);
    switch (data[0] % 4) {
    case 0:
        payload(rest);
        break;
    case 1:
        changed_blob(rest);
        break;
    case 2:
        acceptance(rest);
        break;
    default:
        records(rest);
    }
    return 0;
}

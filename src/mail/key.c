// SPDX-License-Identifier: MIT
#include "mail/key.h"

#include "base/writer.h"

static struct plk_writer begin(struct plk_key *key, uint32_t contact) {
    struct plk_writer w = plk_writer(key->at, sizeof key->at);
    plk_writer_u32(&w, contact);
    return w;
}

static void end(struct plk_key *key, const struct plk_writer *w) {
    plk_assert(!w->failed);
    key->len = (uint8_t)w->len;
}

struct plk_key plk_key_contact(uint32_t contact) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_after(const struct plk_key *key) {
    struct plk_key after = *key;
    while (after.len > 0 && after.at[after.len - 1] == 0xff) after.len--;
    plk_assert(after.len > 0); // contact numbers do not reach 2^32 - 1
    after.at[after.len - 1]++;
    return after;
}

struct plk_key plk_key_ratchet(uint32_t contact, uint32_t generation) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u32(&w, generation);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_skipped(uint32_t contact, uint32_t generation, const uint8_t row_key[8]) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u32(&w, generation);
    plk_writer_u8(&w, PLK_MAIL_SKIPPED_KEYS);
    plk_writer_copy(&w, row_key, 8);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_skipped_all(uint32_t contact, uint32_t generation) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u32(&w, generation);
    plk_writer_u8(&w, PLK_MAIL_SKIPPED_KEYS);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_seen(uint32_t contact, uint8_t row) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u32(&w, 0);
    plk_writer_u8(&w, PLK_MAIL_SKIPPED_SEEN);
    plk_writer_u8(&w, row);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_state(uint32_t contact) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u8(&w, PLK_MAIL_KIND_STATE);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_late(uint32_t contact) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u8(&w, PLK_MAIL_KIND_LATE);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_sending(uint32_t contact, uint32_t generation) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u8(&w, PLK_MAIL_KIND_SENDING);
    plk_writer_u32(&w, generation);
    end(&key, &w);
    return key;
}

static struct plk_writer begin_stream(struct plk_key *key, uint32_t contact, uint8_t kind, const uint8_t device[8],
                                      const uint8_t epoch[8]) {
    struct plk_writer w = begin(key, contact);
    plk_writer_u8(&w, kind);
    plk_writer_copy(&w, device, PLK_DEVICE_LEN);
    plk_writer_copy(&w, epoch, PLK_EPOCH_LEN);
    return w;
}

struct plk_key plk_key_receiving(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8]) {
    struct plk_key key;
    struct plk_writer w = begin_stream(&key, contact, PLK_MAIL_KIND_RECEIVING, device, epoch);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_held(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8], uint64_t seq) {
    struct plk_key key;
    struct plk_writer w = begin_stream(&key, contact, PLK_MAIL_BLOB_HELD, device, epoch);
    plk_writer_u64(&w, seq);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_held_all(uint32_t contact, const uint8_t device[8], const uint8_t epoch[8]) {
    struct plk_key key;
    struct plk_writer w = begin_stream(&key, contact, PLK_MAIL_BLOB_HELD, device, epoch);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_outbox(uint32_t contact, struct plk_order order, uint8_t part) {
    struct plk_key key;
    struct plk_writer w = begin(&key, contact);
    plk_writer_u64(&w, order.row);
    plk_writer_u32(&w, order.minor);
    plk_writer_u8(&w, part);
    end(&key, &w);
    return key;
}

struct plk_key plk_key_message(uint32_t contact, enum plk_direction direction, const struct plk_origin *origin) {
    struct plk_key key = {.len = PLK_MESSAGE_KEY_LEN};
    plk_message_key(key.at, contact, direction, origin);
    return key;
}

// SPDX-License-Identifier: MIT
#include "mail/entry.h"

#define ENTRY_VERSION 1
enum { HAS_TARGET = 1, HAS_CIPHERTEXT = 2, PARTED = 4, REPEAT = 8, LIFETIME = 16, SPEAKS = 32, ALL_FLAGS = 63 };

bool plk_order_before(struct plk_order a, struct plk_order b) {
    return a.row != b.row ? a.row < b.row : a.minor < b.minor;
}

static uint8_t *copy_of(struct plk_mem *mem, struct plk_bytes bytes) {
    uint8_t *copy = plk_mem_take(mem, bytes.len);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    return copy;
}

struct plk_entry plk_entry_make(struct plk_mem *mem, struct plk_bytes payload) {
    struct plk_entry entry = {.payload_len = (uint32_t)payload.len};
    entry.payload = copy_of(mem, payload);
    return entry;
}

void plk_entry_drop_record(struct plk_mem *mem, struct plk_entry *entry) {
    plk_mem_give(mem, entry->record);
    entry->record = NULL;
    entry->record_len = 0;
}

void plk_entry_free(struct plk_mem *mem, struct plk_entry *entry) {
    plk_entry_drop_record(mem, entry);
    plk_mem_give(mem, entry->payload);
    plk_mem_wipe(entry, sizeof *entry);
}

struct plk_bytes plk_entry_ciphertext(const struct plk_entry *entry) {
    if (entry->record == NULL) return plk_bytes(NULL, 0);
    size_t prefix = (size_t)1 << (entry->record[0] >> 6);
    return plk_bytes(entry->record + prefix, entry->record_len - prefix);
}

void plk_entry_set_record(struct plk_mem *mem, struct plk_entry *entry, struct plk_bytes ciphertext) {
    plk_entry_drop_record(mem, entry);
    size_t len = plk_writer_varint_len(ciphertext.len) + ciphertext.len;
    entry->record = plk_mem_take(mem, len);
    entry->record_len = (uint32_t)len;
    struct plk_writer w = plk_writer(entry->record, len);
    plk_writer_sized(&w, ciphertext);
}

// ---- rows -----------------------------------------------------------------------------------------------------------

static void write_origin(struct plk_writer *w, const struct plk_origin *origin) {
    plk_writer_copy(w, origin->device, PLK_DEVICE_LEN);
    plk_writer_copy(w, origin->epoch, PLK_EPOCH_LEN);
    plk_writer_u64(w, origin->seq);
}

static struct plk_origin read_origin(struct plk_reader *r) {
    struct plk_origin origin;
    plk_reader_copy(r, origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(r, origin.epoch, PLK_EPOCH_LEN);
    origin.seq = plk_reader_u64(r);
    return origin;
}

size_t plk_entry_row_max(const struct plk_entry *entry) {
    size_t len = PLK_ENTRY_HEAD_MAX + entry->payload_len + plk_entry_ciphertext(entry).len;
    return len < PLK_ROW_VALUE_MAX ? len : PLK_ROW_VALUE_MAX;
}

void plk_entry_encode(struct plk_writer *w, struct plk_entry *entry) {
    struct plk_bytes ciphertext = plk_entry_ciphertext(entry);
    bool has_ciphertext = ciphertext.len > 0;
    entry->parted = PLK_ENTRY_HEAD_MAX + entry->payload_len + ciphertext.len > PLK_ROW_VALUE_MAX;
    plk_writer_u8(w, ENTRY_VERSION);
    plk_writer_u8(w, (uint8_t)((entry->has_target ? HAS_TARGET : 0) | (has_ciphertext ? HAS_CIPHERTEXT : 0) |
                               (entry->parted ? PARTED : 0) | (entry->repeat ? REPEAT : 0) |
                               (entry->lifetime_s > 0 ? LIFETIME : 0) | (entry->speaks_row > 0 ? SPEAKS : 0)));
    write_origin(w, &entry->origin);
    plk_writer_copy(w, entry->id, PLK_ID_LEN);
    plk_writer_u16(w, entry->kind);
    plk_writer_u64(w, entry->time_ms);
    if (entry->has_target) write_origin(w, &entry->target);
    if (entry->lifetime_s > 0) plk_writer_u32(w, entry->lifetime_s);
    if (entry->speaks_row > 0) plk_writer_u64(w, entry->speaks_row);
    plk_writer_u32(w, entry->generation);
    plk_writer_u64(w, entry->seq);
    plk_writer_copy(w, entry->chain, PLK_MESSAGE_HASH_LEN);
    plk_writer_u32(w, entry->place.chain);
    plk_writer_u32(w, entry->place.n);
    plk_writer_copy(w, entry->hash, PLK_MESSAGE_HASH_LEN);
    plk_writer_u8(w, entry->kept);
    plk_writer_u8(w, entry->kept_of);
    plk_writer_u64(w, entry->kept_ms);
    plk_writer_sized(w, plk_bytes(entry->payload, entry->payload_len));
    if (has_ciphertext && !entry->parted) plk_writer_put(w, ciphertext);
}

enum plk_err plk_entry_key_decode(struct plk_bytes key, struct plk_order *order, uint8_t *part) {
    struct plk_reader r = plk_reader(key);
    plk_reader_u32(&r);
    order->row = plk_reader_u64(&r);
    order->minor = plk_reader_u32(&r);
    *part = plk_reader_u8(&r);
    return plk_reader_done(&r) && *part <= 1 ? PLK_ERR_OK : PLK_ERR_CORRUPT;
}

static void read_head(struct plk_reader *r, uint8_t flags, struct plk_entry *entry) {
    entry->origin = read_origin(r);
    plk_reader_copy(r, entry->id, PLK_ID_LEN);
    entry->kind = plk_reader_u16(r);
    entry->time_ms = plk_reader_u64(r);
    entry->has_target = (flags & HAS_TARGET) != 0;
    if (entry->has_target) entry->target = read_origin(r);
    if ((flags & LIFETIME) != 0) entry->lifetime_s = plk_reader_u32(r);
    if ((flags & SPEAKS) != 0) entry->speaks_row = plk_reader_u64(r);
    entry->generation = plk_reader_u32(r);
    entry->seq = plk_reader_u64(r);
    plk_reader_copy(r, entry->chain, PLK_MESSAGE_HASH_LEN);
    entry->place.chain = plk_reader_u32(r);
    entry->place.n = plk_reader_u32(r);
    plk_reader_copy(r, entry->hash, PLK_MESSAGE_HASH_LEN);
    entry->kept = plk_reader_u8(r);
    entry->kept_of = plk_reader_u8(r);
    entry->kept_ms = plk_reader_u64(r);
}

static bool is_number(uint64_t seq) { return seq > 0 && seq <= PLK_MESSAGE_SEQ_MAX; }

// What an envelope can say, and nothing else.
static bool has_name(const struct plk_entry *entry) {
    return entry->kind != 0 && is_number(entry->origin.seq) && (!entry->has_target || is_number(entry->target.seq)) &&
           (entry->generation == 0 || is_number(entry->seq));
}

enum plk_err plk_entry_decode(struct plk_mem *mem, struct plk_bytes key, struct plk_bytes value,
                              struct plk_entry *entry, bool *needs_part) {
    struct plk_reader r = plk_reader(value);
    struct plk_entry got = {.generation = 0};
    uint8_t part;
    if (plk_entry_key_decode(key, &got.order, &part) != PLK_ERR_OK || part != 0) return PLK_ERR_CORRUPT;
    uint8_t version = plk_reader_u8(&r);
    uint8_t flags = plk_reader_u8(&r);
    read_head(&r, flags, &got);
    struct plk_bytes payload = plk_reader_sized(&r, PLK_BODY_MAX);
    struct plk_bytes ciphertext = plk_reader_rest(&r);
    got.parted = (flags & PARTED) != 0;
    got.repeat = (flags & REPEAT) != 0;
    bool inside = (flags & HAS_CIPHERTEXT) != 0 && !got.parted;
    if (r.failed || version != ENTRY_VERSION || (flags & ~ALL_FLAGS) != 0) return PLK_ERR_CORRUPT;
    if (!has_name(&got) || (ciphertext.len > 0) != inside) return PLK_ERR_CORRUPT;
    if ((flags & SPEAKS) != 0 && (got.speaks_row == 0 || !got.has_target)) return PLK_ERR_CORRUPT;
    if (got.parted && (flags & HAS_CIPHERTEXT) == 0) return PLK_ERR_CORRUPT;
    bool lives = got.lifetime_s > 0;
    if (lives != ((flags & LIFETIME) != 0) || (lives && !plk_entry_is_shown(&got))) return PLK_ERR_CORRUPT;
    if (got.kept > got.kept_of || (got.kept > 0 && (flags & HAS_CIPHERTEXT) == 0)) return PLK_ERR_CORRUPT;
    *entry = got;
    entry->payload = copy_of(mem, payload);
    entry->payload_len = (uint32_t)payload.len;
    if (inside) plk_entry_set_record(mem, entry, ciphertext);
    *needs_part = got.parted;
    return PLK_ERR_OK;
}

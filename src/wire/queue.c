// SPDX-License-Identifier: MIT
#include "wire/queue.h"

#include "wire/descriptor.h"

bool plk_queue_is_cell_len(size_t len) {
    return len == PLK_QUEUE_CELL_SMALL || len == PLK_QUEUE_CELL_MIDDLE || len == PLK_QUEUE_CELL_LARGE;
}

bool plk_queue_is_command(enum plk_queue_type type) { return type < PLK_QUEUE_DONE; }

size_t plk_queue_cut(struct plk_bytes stream, struct plk_bytes *body, bool *broken) {
    *broken = false;
    if (stream.len < PLK_QUEUE_HEAD_LEN) return 0;
    size_t len = (size_t)stream.at[0] << 16 | (size_t)stream.at[1] << 8 | stream.at[2];
    *broken = len == 0 || len > PLK_QUEUE_RECORD_MAX;
    if (*broken || stream.len - PLK_QUEUE_HEAD_LEN < len) return 0;
    *body = plk_bytes(stream.at + PLK_QUEUE_HEAD_LEN, len);
    return PLK_QUEUE_HEAD_LEN + len;
}

// ---- lists

static size_t entry_len(enum plk_queue_type type) { return type == PLK_QUEUE_SUB ? 4 : 8; }

size_t plk_queue_count(const struct plk_queue_record *record) { return record->list.len / entry_len(record->type); }

uint64_t plk_queue_at(const struct plk_queue_record *record, size_t index) {
    size_t len = entry_len(record->type);
    plk_assert(index < plk_queue_count(record));
    struct plk_reader r = plk_reader(plk_bytes(record->list.at + index * len, len));
    return len == 4 ? plk_reader_u32(&r) : plk_reader_u64(&r);
}

static bool read_list(struct plk_reader *r, struct plk_queue_record *record) {
    size_t count = plk_reader_u16(r);
    record->list = plk_reader_take(r, count * entry_len(record->type));
    return count >= 1 && count <= PLK_QUEUE_LIST_MAX;
}

// ---- decoding

static bool read_newq(struct plk_reader *r, struct plk_queue_record *record) {
    record->newq.flags = plk_reader_u8(r);
    plk_reader_copy(r, record->newq.owner, PLK_QUEUE_KEY_LEN);
    plk_reader_copy(r, record->newq.sender, PLK_QUEUE_KEY_LEN);
    uint8_t admission = plk_reader_u8(r);
    if (admission > PLK_QUEUE_ADMIT_WORK) return false;
    record->newq.admission = (enum plk_queue_admission)admission;
    if (admission == PLK_QUEUE_ADMIT_TOKEN) plk_reader_copy(r, record->newq.token, PLK_QUEUE_TOKEN_LEN);
    if (admission == PLK_QUEUE_ADMIT_WORK) {
        record->newq.nonce = plk_reader_u64(r);
        record->newq.day = plk_reader_u32(r);
    }
    return true;
}

static bool read_attach(struct plk_reader *r, struct plk_queue_record *record) {
    uint8_t role = plk_reader_u8(r);
    plk_reader_copy(r, record->attach.id, PLK_QUEUE_ID_LEN);
    plk_reader_copy(r, record->attach.proof, PLK_QUEUE_PROOF_LEN);
    record->attach.role = (enum plk_queue_role)role;
    return role == PLK_QUEUE_OWNER || role == PLK_QUEUE_SENDER;
}

static bool read_del(struct plk_reader *r, struct plk_queue_record *record) {
    uint8_t admission = plk_reader_u8(r);
    record->del.admission = (enum plk_queue_admission)admission;
    if (admission == PLK_QUEUE_ADMIT_TOKEN) plk_reader_copy(r, record->del.token, PLK_QUEUE_TOKEN_LEN);
    return admission <= PLK_QUEUE_ADMIT_TOKEN;
}

static bool read_cell(struct plk_reader *r, struct plk_queue_record *record, bool any_size) {
    record->cell.bytes = plk_reader_rest(r);
    size_t len = record->cell.bytes.len;
    return any_size ? plk_queue_is_cell_len(len) : len == PLK_QUEUE_CELL_SMALL;
}

static void read_fwd(struct plk_reader *r, struct plk_queue_record *record) {
    record->fwd.addr = plk_addr_read(r);
    plk_reader_copy(r, record->fwd.relay, PLK_QUEUE_KEY_LEN);
    plk_reader_copy(r, record->fwd.cid, PLK_QUEUE_CID_LEN);
}

// What stands behind tag and handle of a command.
static bool read_command(struct plk_reader *r, struct plk_queue_record *record) {
    switch (record->type) {
    case PLK_QUEUE_NEWQ:
        return read_newq(r, record);
    case PLK_QUEUE_ATTACH:
        return read_attach(r, record);
    case PLK_QUEUE_SUB:
    case PLK_QUEUE_ACK:
        return read_list(r, record);
    case PLK_QUEUE_PUT:
        return read_cell(r, record, true);
    case PLK_QUEUE_GET:
        record->cell.number = plk_reader_u64(r);
        record->cell.limit = plk_reader_u16(r);
        return true;
    case PLK_QUEUE_WRITE:
        record->cell.number = plk_reader_u64(r);
        return read_cell(r, record, false);
    case PLK_QUEUE_FLAGS:
        record->flags = plk_reader_u8(r);
        return true;
    case PLK_QUEUE_DEL:
        return read_del(r, record);
    case PLK_QUEUE_FWD_OPEN:
        read_fwd(r, record);
        return true;
    case PLK_QUEUE_ANNOUNCE:
        record->descriptors = plk_reader_take(r, plk_reader_u8(r));
        return record->descriptors.len >= 1;
    default:
        return true; // DETACH, READ, GUEST, FWD CLOSE, DIRECTORY have no more
    }
}

static bool read_answer(struct plk_reader *r, struct plk_queue_record *record) {
    uint8_t code;
    struct plk_descriptors list;
    switch (record->type) {
    case PLK_QUEUE_DONE:
        code = plk_reader_u8(r);
        record->code = (enum plk_queue_code)code;
        return code < PLK_QUEUE_CODES;
    case PLK_QUEUE_ITEM:
        record->cell.number = plk_reader_u64(r);
        return read_cell(r, record, true);
    case PLK_QUEUE_CELL:
        record->cell.number = plk_reader_u64(r);
        return read_cell(r, record, false);
    case PLK_QUEUE_TOKEN:
        plk_reader_copy(r, record->guest.token, PLK_QUEUE_TOKEN_LEN);
        record->guest.queues = plk_reader_u16(r);
        return true;
    case PLK_QUEUE_BYE:
        record->wait_ms = plk_reader_u32(r);
        return true;
    case PLK_QUEUE_RELAYS:
        record->descriptors = plk_reader_rest(r);
        return plk_descriptors_decode(record->descriptors, &list) == PLK_ERR_OK;
    default:
        return true; // REPLACED has no more
    }
}

static bool has_tag(enum plk_queue_type type) {
    return type <= PLK_QUEUE_DONE || type == PLK_QUEUE_CELL || type == PLK_QUEUE_TOKEN || type == PLK_QUEUE_RELAYS;
}

static bool has_handle(enum plk_queue_type type) {
    return type != PLK_QUEUE_NEWQ && type != PLK_QUEUE_SUB && type != PLK_QUEUE_DONE && type != PLK_QUEUE_CELL &&
           type != PLK_QUEUE_TOKEN && type != PLK_QUEUE_BYE && type != PLK_QUEUE_ANNOUNCE &&
           type != PLK_QUEUE_DIRECTORY && type != PLK_QUEUE_RELAYS;
}

enum plk_err plk_queue_decode(struct plk_bytes body, struct plk_queue_record *record) {
    struct plk_reader r = plk_reader(body);
    uint8_t type = plk_reader_u8(&r);
    bool known =
        (type >= PLK_QUEUE_NEWQ && type <= PLK_QUEUE_DIRECTORY) || (type >= PLK_QUEUE_DONE && type <= PLK_QUEUE_RELAYS);
    if (!known) return PLK_ERR_MALFORMED;
    struct plk_queue_record read = {.type = (enum plk_queue_type)type};
    if (has_tag(read.type)) read.tag = plk_reader_u32(&r);
    if (has_handle(read.type)) read.handle = plk_reader_u32(&r);
    bool good = plk_queue_is_command(read.type) ? read_command(&r, &read) : read_answer(&r, &read);
    if (!good || !plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *record = read;
    return PLK_ERR_OK;
}

// ---- encoding

static size_t body_len(const struct plk_queue_record *record) {
    switch (record->type) {
    case PLK_QUEUE_NEWQ:
        return 1 + 2 * PLK_QUEUE_KEY_LEN + 1 +
               (record->newq.admission == PLK_QUEUE_ADMIT_TOKEN  ? (size_t)PLK_QUEUE_TOKEN_LEN
                : record->newq.admission == PLK_QUEUE_ADMIT_WORK ? 12u
                                                                 : 0u);
    case PLK_QUEUE_ATTACH:
        return 1 + PLK_QUEUE_ID_LEN + PLK_QUEUE_PROOF_LEN;
    case PLK_QUEUE_SUB:
    case PLK_QUEUE_ACK:
        return 2 + record->list.len;
    case PLK_QUEUE_PUT:
        return record->cell.bytes.len;
    case PLK_QUEUE_GET:
        return 10;
    case PLK_QUEUE_WRITE:
    case PLK_QUEUE_ITEM:
    case PLK_QUEUE_CELL:
        return 8 + record->cell.bytes.len;
    case PLK_QUEUE_FLAGS:
    case PLK_QUEUE_DONE:
        return 1;
    case PLK_QUEUE_DEL:
        return 1 + (record->del.admission == PLK_QUEUE_ADMIT_TOKEN ? (size_t)PLK_QUEUE_TOKEN_LEN : 0u);
    case PLK_QUEUE_FWD_OPEN:
        return (record->fwd.addr.family == 4 ? 7u : 19u) + PLK_QUEUE_KEY_LEN + PLK_QUEUE_CID_LEN;
    case PLK_QUEUE_TOKEN:
        return PLK_QUEUE_TOKEN_LEN + 2;
    case PLK_QUEUE_BYE:
        return 4;
    case PLK_QUEUE_ANNOUNCE:
        return 1 + record->descriptors.len;
    case PLK_QUEUE_RELAYS:
        return record->descriptors.len;
    default:
        return 0;
    }
}

size_t plk_queue_len(const struct plk_queue_record *record) {
    return PLK_QUEUE_HEAD_LEN + 1 + (has_tag(record->type) ? 4 : 0) + (has_handle(record->type) ? 4 : 0) +
           body_len(record);
}

static void write_newq(struct plk_writer *w, const struct plk_queue_record *record) {
    plk_writer_u8(w, record->newq.flags);
    plk_writer_copy(w, record->newq.owner, PLK_QUEUE_KEY_LEN);
    plk_writer_copy(w, record->newq.sender, PLK_QUEUE_KEY_LEN);
    plk_writer_u8(w, (uint8_t)record->newq.admission);
    if (record->newq.admission == PLK_QUEUE_ADMIT_TOKEN) plk_writer_copy(w, record->newq.token, PLK_QUEUE_TOKEN_LEN);
    if (record->newq.admission == PLK_QUEUE_ADMIT_WORK) {
        plk_writer_u64(w, record->newq.nonce);
        plk_writer_u32(w, record->newq.day);
    }
}

static void write_list(struct plk_writer *w, const struct plk_queue_record *record) {
    size_t count = plk_queue_count(record);
    plk_assert(count >= 1 && count <= PLK_QUEUE_LIST_MAX && record->list.len == count * entry_len(record->type));
    plk_writer_u16(w, (uint16_t)count);
    plk_writer_put(w, record->list);
}

static void write_cell(struct plk_writer *w, const struct plk_queue_record *record) {
    bool any_size = record->type == PLK_QUEUE_PUT || record->type == PLK_QUEUE_ITEM;
    size_t len = record->cell.bytes.len;
    plk_assert(any_size ? plk_queue_is_cell_len(len) : len == PLK_QUEUE_CELL_SMALL);
    if (record->type != PLK_QUEUE_PUT) plk_writer_u64(w, record->cell.number);
    plk_writer_put(w, record->cell.bytes);
}

static void write_body(struct plk_writer *w, const struct plk_queue_record *record) {
    switch (record->type) {
    case PLK_QUEUE_NEWQ:
        write_newq(w, record);
        break;
    case PLK_QUEUE_ATTACH:
        plk_writer_u8(w, (uint8_t)record->attach.role);
        plk_writer_copy(w, record->attach.id, PLK_QUEUE_ID_LEN);
        plk_writer_copy(w, record->attach.proof, PLK_QUEUE_PROOF_LEN);
        break;
    case PLK_QUEUE_SUB:
    case PLK_QUEUE_ACK:
        write_list(w, record);
        break;
    case PLK_QUEUE_GET:
        plk_writer_u64(w, record->cell.number);
        plk_writer_u16(w, record->cell.limit);
        break;
    case PLK_QUEUE_PUT:
    case PLK_QUEUE_WRITE:
    case PLK_QUEUE_ITEM:
    case PLK_QUEUE_CELL:
        write_cell(w, record);
        break;
    case PLK_QUEUE_FLAGS:
        plk_writer_u8(w, record->flags);
        break;
    case PLK_QUEUE_DEL:
        plk_assert(record->del.admission <= PLK_QUEUE_ADMIT_TOKEN);
        plk_writer_u8(w, (uint8_t)record->del.admission);
        if (record->del.admission == PLK_QUEUE_ADMIT_TOKEN) plk_writer_copy(w, record->del.token, PLK_QUEUE_TOKEN_LEN);
        break;
    case PLK_QUEUE_FWD_OPEN:
        plk_addr_write(w, &record->fwd.addr);
        plk_writer_copy(w, record->fwd.relay, PLK_QUEUE_KEY_LEN);
        plk_writer_copy(w, record->fwd.cid, PLK_QUEUE_CID_LEN);
        break;
    case PLK_QUEUE_DONE:
        plk_writer_u8(w, (uint8_t)record->code);
        break;
    case PLK_QUEUE_TOKEN:
        plk_writer_copy(w, record->guest.token, PLK_QUEUE_TOKEN_LEN);
        plk_writer_u16(w, record->guest.queues);
        break;
    case PLK_QUEUE_BYE:
        plk_writer_u32(w, record->wait_ms);
        break;
    case PLK_QUEUE_ANNOUNCE:
        plk_assert(record->descriptors.len >= 1 && record->descriptors.len <= UINT8_MAX);
        plk_writer_u8(w, (uint8_t)record->descriptors.len);
        plk_writer_put(w, record->descriptors);
        break;
    case PLK_QUEUE_RELAYS:
        plk_writer_put(w, record->descriptors);
        break;
    default:
        break;
    }
}

void plk_queue_encode(struct plk_writer *w, const struct plk_queue_record *record) {
    size_t begin = w->len, len = plk_queue_len(record);
    plk_writer_u8(w, (uint8_t)((len - PLK_QUEUE_HEAD_LEN) >> 16));
    plk_writer_u16(w, (uint16_t)(len - PLK_QUEUE_HEAD_LEN));
    plk_writer_u8(w, (uint8_t)record->type);
    if (has_tag(record->type)) plk_writer_u32(w, record->tag);
    if (has_handle(record->type)) plk_writer_u32(w, record->handle);
    write_body(w, record);
    plk_assert(w->failed || w->len - begin == len);
}

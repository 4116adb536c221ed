// SPDX-License-Identifier: MIT
#include "wire/natpmp.h"

#define RESPONSE 128

static void read_body(struct plk_reader *r, struct plk_natpmp *m) {
    if (m->op == PLK_NATPMP_ADDRESS && !m->response) return;
    if (m->op == PLK_NATPMP_ADDRESS) {
        m->external.family = 4;
        plk_reader_copy(r, m->external.ip, 4);
        return;
    }
    if (!m->response) plk_reader_u16(r); // reserved
    m->internal_port = plk_reader_u16(r);
    m->external_port = plk_reader_u16(r);
    m->life_s = plk_reader_u32(r);
}

enum plk_err plk_natpmp_decode(struct plk_bytes bytes, struct plk_natpmp *message) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_natpmp m = {0};
    uint8_t version = plk_reader_u8(&r), op = plk_reader_u8(&r);
    if (r.failed) return PLK_ERR_MALFORMED;
    if (version != PLK_NATPMP_VERSION) return PLK_ERR_UNSUPPORTED;
    m.response = op >= RESPONSE;
    m.op = (uint8_t)(op % RESPONSE);
    if (m.response) {
        m.result = plk_reader_u16(&r);
        m.epoch_s = plk_reader_u32(&r);
    }
    if (r.failed) return PLK_ERR_MALFORMED;
    // A refusal repeats of the request what its sender likes: nothing in it is looked at.
    if (m.result == PLK_NATPMP_SUCCESS) {
        if (m.op > PLK_NATPMP_MAP_TCP) return PLK_ERR_UNSUPPORTED;
        read_body(&r, &m);
        if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    }
    *message = m;
    return PLK_ERR_OK;
}

void plk_natpmp_encode(struct plk_writer *w, const struct plk_natpmp *m) {
    plk_writer_u8(w, PLK_NATPMP_VERSION);
    plk_writer_u8(w, (uint8_t)(m->op | (m->response ? RESPONSE : 0)));
    if (m->response) {
        plk_writer_u16(w, m->result);
        plk_writer_u32(w, m->epoch_s);
        if (m->result != PLK_NATPMP_SUCCESS) return;
    }
    plk_assert(m->op <= PLK_NATPMP_MAP_TCP);
    if (m->op == PLK_NATPMP_ADDRESS) {
        if (m->response) plk_writer_copy(w, m->external.ip, 4);
        return;
    }
    if (!m->response) plk_writer_u16(w, 0);
    plk_writer_u16(w, m->internal_port);
    plk_writer_u16(w, m->external_port);
    plk_writer_u32(w, m->life_s);
}

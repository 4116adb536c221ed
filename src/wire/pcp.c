// SPDX-License-Identifier: MIT
#include "wire/pcp.h"

#define RESPONSE 128

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// An IPv4 address stands in the form ::ffff:a.b.c.d (RFC 6887 section 5).
static struct plk_addr read_ip(struct plk_reader *r) {
    uint8_t ip[16];
    struct plk_addr addr = {.family = 6};
    plk_reader_copy(r, ip, sizeof ip);
    if (memcmp(ip, mapped_prefix, sizeof mapped_prefix) == 0) {
        addr.family = 4;
        memcpy(addr.ip, ip + sizeof mapped_prefix, 4);
    } else {
        memcpy(addr.ip, ip, sizeof ip);
    }
    return addr;
}

static void write_ip(struct plk_writer *w, const struct plk_addr *addr) {
    plk_assert(addr->family == 4 || addr->family == 6);
    if (addr->family == 4) plk_writer_copy(w, mapped_prefix, sizeof mapped_prefix);
    plk_writer_copy(w, addr->ip, addr->family == 4 ? 4 : 16);
}

static void read_header(struct plk_reader *r, struct plk_pcp *m) {
    plk_reader_u8(r); // reserved
    m->result = plk_reader_u8(r);
    m->life_s = plk_reader_u32(r);
    if (m->response) {
        m->epoch_s = plk_reader_u32(r);
        plk_reader_take(r, 12); // reserved
    } else {
        m->result = 0;
        m->client = read_ip(r);
    }
}

static void read_map(struct plk_reader *r, struct plk_pcp *m) {
    m->has_map = true;
    plk_reader_copy(r, m->nonce, sizeof m->nonce);
    m->protocol = plk_reader_u8(r);
    plk_reader_take(r, 3); // reserved
    m->internal_port = plk_reader_u16(r);
    uint16_t port = plk_reader_u16(r);
    m->external = read_ip(r);
    m->external.port = port;
}

static bool walk_options(struct plk_reader *r) {
    while (r->left > 0 && !r->failed) {
        plk_reader_u16(r); // code, reserved
        size_t len = plk_reader_u16(r);
        plk_reader_take(r, (len + 3) / 4 * 4);
    }
    return !r->failed;
}

enum plk_err plk_pcp_decode(struct plk_bytes bytes, struct plk_pcp *message) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_pcp m = {0};
    uint8_t version = plk_reader_u8(&r), opcode = plk_reader_u8(&r);
    if (r.failed) return PLK_ERR_MALFORMED;
    if (version != PLK_PCP_VERSION) return PLK_ERR_UNSUPPORTED;
    if (bytes.len < PLK_PCP_HEADER_LEN || bytes.len > PLK_PCP_MESSAGE_MAX || bytes.len % 4 != 0)
        return PLK_ERR_MALFORMED;
    m.response = opcode >= RESPONSE;
    m.opcode = (uint8_t)(opcode % RESPONSE);
    read_header(&r, &m);
    bool refusal = m.response && m.result != PLK_PCP_SUCCESS;
    if (m.opcode > PLK_PCP_MAP && !refusal) return PLK_ERR_UNSUPPORTED;
    if (m.opcode == PLK_PCP_MAP && (bytes.len >= PLK_PCP_MAP_LEN || !refusal)) read_map(&r, &m);
    // What a refusal repeats of the request may be cut or changed (RFC 6887 section 8.2).
    if (r.failed || (!refusal && !walk_options(&r))) return PLK_ERR_MALFORMED;
    *message = m;
    return PLK_ERR_OK;
}

void plk_pcp_encode(struct plk_writer *w, const struct plk_pcp *m) {
    plk_writer_u8(w, PLK_PCP_VERSION);
    plk_writer_u8(w, (uint8_t)(m->opcode | (m->response ? RESPONSE : 0)));
    plk_writer_u8(w, 0);
    plk_writer_u8(w, m->response ? m->result : 0);
    plk_writer_u32(w, m->life_s);
    if (m->response) {
        plk_writer_u32(w, m->epoch_s);
        plk_writer_zero(w, 12);
    } else {
        write_ip(w, &m->client);
    }
    if (!m->has_map) return;
    plk_writer_copy(w, m->nonce, sizeof m->nonce);
    plk_writer_u8(w, m->protocol);
    plk_writer_zero(w, 3);
    plk_writer_u16(w, m->internal_port);
    plk_writer_u16(w, m->external.port);
    write_ip(w, &m->external);
}

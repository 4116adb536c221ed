// SPDX-License-Identifier: MIT
#include "wire/stun.h"

#include "wire/crc.h"

#define COOKIE_LEN 4
#define FINGERPRINT_XOR 0x5354554e // RFC 8489 section 14.7
#define FINGERPRINT_LEN 8          // the whole attribute

static const uint8_t cookie[COOKIE_LEN] = {0x21, 0x12, 0xa4, 0x42};

enum attribute { // RFC 8489 section 18.3, RFC 5780 section 7
    MAPPED_ADDRESS = 0x0001,
    CHANGE_REQUEST = 0x0003,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001c,
    PASSWORD_ALGORITHM = 0x001d,
    USERHASH = 0x001e,
    XOR_MAPPED_ADDRESS = 0x0020,
    FIRST_OPTIONAL = 0x8000,
    FINGERPRINT = 0x8028,
    RESPONSE_ORIGIN = 0x802b,
    OTHER_ADDRESS = 0x802c,
};

bool plk_stun_is_modern(const struct plk_stun *message) { return memcmp(message->id, cookie, COOKIE_LEN) == 0; }

void plk_stun_id(uint8_t id[PLK_STUN_ID_LEN], const uint8_t random[12]) {
    memcpy(id, cookie, COOKIE_LEN);
    memcpy(id + COOKIE_LEN, random, PLK_STUN_ID_LEN - COOKIE_LEN);
}

// ---- addresses

// RFC 8489 section 14.2: the port is masked by the cookie's first half, the address by cookie and transaction id.
static void mask(struct plk_addr *addr, const uint8_t id[PLK_STUN_ID_LEN]) {
    addr->port = (uint16_t)(addr->port ^ (id[0] << 8 | id[1]));
    for (size_t i = 0; i < (addr->family == 4 ? 4u : 16u); i++) addr->ip[i] ^= id[i];
}

static bool read_address(struct plk_reader *r, struct plk_addr *addr) {
    *addr = (struct plk_addr){0};
    plk_reader_u8(r);
    uint8_t family = plk_reader_u8(r);
    if (family != 1 && family != 2) return false;
    addr->family = family == 1 ? 4 : 6;
    addr->port = plk_reader_u16(r);
    plk_reader_copy(r, addr->ip, family == 1 ? 4 : 16);
    return plk_reader_done(r);
}

static void write_address(struct plk_writer *w, enum attribute type, const struct plk_addr *addr,
                          const uint8_t *mask_id) {
    if (addr->family == 0) return;
    struct plk_addr out = *addr;
    if (mask_id != NULL) mask(&out, mask_id);
    size_t ip_len = out.family == 4 ? 4 : 16;
    plk_writer_u16(w, (uint16_t)type);
    plk_writer_u16(w, (uint16_t)(4 + ip_len));
    plk_writer_u16(w, out.family == 4 ? 1 : 2);
    plk_writer_u16(w, out.port);
    plk_writer_copy(w, out.ip, ip_len);
}

// ---- decoding

static bool read_xor_address(struct plk_reader *r, struct plk_stun *m) {
    if (!read_address(r, &m->xor_mapped)) return false;
    mask(&m->xor_mapped, m->id);
    return true;
}

static bool read_change(struct plk_reader *r, struct plk_stun *m) {
    uint32_t bits = plk_reader_u32(r);
    m->has_change = true;
    m->change = (uint8_t)(bits & (PLK_STUN_CHANGE_PORT | PLK_STUN_CHANGE_ADDRESS));
    return plk_reader_done(r);
}

static bool read_error(struct plk_reader *r, struct plk_stun *m) {
    plk_reader_u16(r);
    unsigned hundreds = plk_reader_u8(r) & 7, rest = plk_reader_u8(r);
    m->error = (uint16_t)(hundreds * 100 + rest);
    return !r->failed && hundreds >= 3 && hundreds <= 6 && rest <= 99; // the reason is for people
}

static void note_unknown(struct plk_stun *m, uint16_t type) {
    if (m->unknown_count < PLK_STUN_UNKNOWN_MAX) m->unknown[m->unknown_count++] = type;
}

static bool read_unknown(struct plk_reader *r, struct plk_stun *m) {
    m->unknown_count = 0;
    if (r->left % 2 != 0) return false;
    while (r->left > 0) note_unknown(m, plk_reader_u16(r));
    return true;
}

// One attribute that is looked at. seen keeps the later ones of a type away.
static bool read_attribute(struct plk_stun *m, uint16_t type, struct plk_bytes value, unsigned *seen) {
    static const uint16_t known[] = {MAPPED_ADDRESS, XOR_MAPPED_ADDRESS, RESPONSE_ORIGIN,   OTHER_ADDRESS,
                                     CHANGE_REQUEST, ERROR_CODE,         UNKNOWN_ATTRIBUTES};
    struct plk_reader r = plk_reader(value);
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] != type) continue;
        if ((*seen & 1u << i) != 0) return true;
        *seen |= 1u << i;
    }
    switch (type) {
    case MAPPED_ADDRESS:
        return read_address(&r, &m->mapped);
    case XOR_MAPPED_ADDRESS:
        return read_xor_address(&r, m);
    case RESPONSE_ORIGIN:
        return read_address(&r, &m->origin);
    case OTHER_ADDRESS:
        return read_address(&r, &m->other);
    case CHANGE_REQUEST:
        return read_change(&r, m);
    case ERROR_CODE:
        return read_error(&r, m);
    case UNKNOWN_ATTRIBUTES:
        return m->kind != PLK_STUN_ERROR || read_unknown(&r, m);
    case MESSAGE_INTEGRITY:
        m->integrity = true;
        return value.len == 20;
    case MESSAGE_INTEGRITY_SHA256:
        m->integrity = true;
        return value.len >= 16 && value.len <= 32 && value.len % 4 == 0;
    case USERNAME:
    case REALM:
    case NONCE:
    case PASSWORD_ALGORITHM:
    case USERHASH:
        return true; // of a server that asks for credentials, which this is not
    default:
        if (type < FIRST_OPTIONAL && m->kind != PLK_STUN_ERROR) note_unknown(m, type);
        return true;
    }
}

static bool is_after_integrity(uint16_t type) { return type == MESSAGE_INTEGRITY_SHA256 || type == FINGERPRINT; }

static enum plk_err read_attributes(struct plk_bytes bytes, struct plk_stun *m) {
    struct plk_reader r = plk_reader(plk_bytes(bytes.at + PLK_STUN_HEADER_LEN, bytes.len - PLK_STUN_HEADER_LEN));
    unsigned seen = 0;
    while (r.left > 0) {
        size_t before = bytes.len - r.left;
        uint16_t type = plk_reader_u16(&r);
        uint16_t len = plk_reader_u16(&r);
        struct plk_bytes value = plk_reader_take(&r, len);
        plk_reader_take(&r, (4u - len % 4u) % 4u);
        if (r.failed) return PLK_ERR_MALFORMED;
        if (type == FINGERPRINT) {
            struct plk_reader print = plk_reader(value);
            if (len != 4 || r.left != 0) return PLK_ERR_MALFORMED;
            m->fingerprint = plk_reader_u32(&print) == (plk_crc_32(plk_bytes(bytes.at, before)) ^ FINGERPRINT_XOR);
            return m->fingerprint ? PLK_ERR_OK : PLK_ERR_FORGED;
        }
        if (m->integrity && !is_after_integrity(type)) continue;
        if (!read_attribute(m, type, value, &seen)) return PLK_ERR_MALFORMED;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_stun_decode(struct plk_bytes bytes, struct plk_stun *message) {
    struct plk_reader r = plk_reader(bytes);
    uint16_t type = plk_reader_u16(&r);
    uint16_t len = plk_reader_u16(&r);
    struct plk_stun m = {.kind = (enum plk_stun_kind)type};
    plk_reader_copy(&r, m.id, sizeof m.id);
    if (r.failed || type > 0x3fff || len % 4 != 0 || r.left != len) return PLK_ERR_MALFORMED;
    if ((type & ~0x0110) != PLK_STUN_REQUEST) return PLK_ERR_UNSUPPORTED;
    enum plk_err err = read_attributes(bytes, &m);
    if (err == PLK_ERR_OK) *message = m;
    return err;
}

// ---- encoding

static void write_error(struct plk_writer *w, const struct plk_stun *m) {
    plk_assert(m->error >= 300 && m->error <= 699);
    plk_writer_u16(w, ERROR_CODE);
    plk_writer_u16(w, 4); // without a reason: the number says it
    plk_writer_u16(w, 0);
    plk_writer_u8(w, (uint8_t)(m->error / 100));
    plk_writer_u8(w, (uint8_t)(m->error % 100));
    if (m->error != PLK_STUN_ERROR_UNKNOWN) return;
    plk_writer_u16(w, UNKNOWN_ATTRIBUTES);
    plk_writer_u16(w, (uint16_t)(2 * m->unknown_count));
    for (unsigned i = 0; i < m->unknown_count; i++) plk_writer_u16(w, m->unknown[i]);
    if (m->unknown_count % 2 != 0) plk_writer_u16(w, 0);
}

static void write_attributes(struct plk_writer *w, const struct plk_stun *m) {
    if (m->kind == PLK_STUN_REQUEST && m->has_change) {
        plk_writer_u16(w, CHANGE_REQUEST);
        plk_writer_u16(w, 4);
        plk_writer_u32(w, m->change);
    }
    if (m->kind == PLK_STUN_ERROR) write_error(w, m);
    if (m->kind != PLK_STUN_SUCCESS) return;
    write_address(w, MAPPED_ADDRESS, &m->mapped, NULL);
    write_address(w, XOR_MAPPED_ADDRESS, &m->xor_mapped, m->id);
    write_address(w, RESPONSE_ORIGIN, &m->origin, NULL);
    write_address(w, OTHER_ADDRESS, &m->other, NULL);
}

// The length counts the fingerprint, and the fingerprint covers the length (RFC 8489 section 14.7).
void plk_stun_encode(struct plk_writer *w, const struct plk_stun *message) {
    size_t begin = w->len;
    plk_writer_u16(w, (uint16_t)message->kind);
    plk_writer_u16(w, 0);
    plk_writer_copy(w, message->id, PLK_STUN_ID_LEN);
    write_attributes(w, message);
    if (w->failed) return;
    size_t len = w->len - begin - PLK_STUN_HEADER_LEN + (message->fingerprint ? FINGERPRINT_LEN : 0);
    w->at[begin + 2] = (uint8_t)(len >> 8);
    w->at[begin + 3] = (uint8_t)len;
    if (!message->fingerprint) return;
    uint32_t print = plk_crc_32(plk_bytes(w->at + begin, w->len - begin)) ^ FINGERPRINT_XOR;
    plk_writer_u16(w, (uint16_t)FINGERPRINT);
    plk_writer_u16(w, 4);
    plk_writer_u32(w, print);
}

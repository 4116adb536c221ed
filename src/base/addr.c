// SPDX-License-Identifier: MIT
#include "base/addr.h"

static bool starts(const struct plk_addr *a, const uint8_t *prefix, unsigned bits) {
    for (unsigned i = 0; i < bits; i++) {
        unsigned shift = 7 - i % 8;
        if ((a->ip[i / 8] >> shift & 1) != (prefix[i / 8] >> shift & 1)) return false;
    }
    return true;
}

bool plk_addr_in_prefix(const struct plk_addr *addr, const struct plk_addr *net, unsigned bits) {
    unsigned most = addr->family == 4 ? 32 : 128;
    return addr->family == net->family && bits <= most && starts(addr, net->ip, bits);
}

struct block {
    uint8_t ip[16];
    unsigned bits;
    enum plk_addr_class class;
};

static enum plk_addr_class look_up(const struct plk_addr *a, const struct block *blocks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (starts(a, blocks[i].ip, blocks[i].bits)) return blocks[i].class;
    }
    return PLK_ADDR_GLOBAL;
}

static enum plk_addr_class class_of_ip(const struct plk_addr *addr) {
    static const struct block v4[] = {
        {{0}, 8, PLK_ADDR_REFUSED},         {{10}, 8, PLK_ADDR_PRIVATE},           {{100, 64}, 10, PLK_ADDR_PRIVATE},
        {{127}, 8, PLK_ADDR_LOOPBACK},      {{169, 254}, 16, PLK_ADDR_LINK_LOCAL}, {{172, 16}, 12, PLK_ADDR_PRIVATE},
        {{192, 168}, 16, PLK_ADDR_PRIVATE}, {{224}, 4, PLK_ADDR_REFUSED},          {{240}, 4, PLK_ADDR_REFUSED},
    };
    static const struct block v6[] = {
        {{0}, 128, PLK_ADDR_REFUSED},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, PLK_ADDR_LOOPBACK},
        {{0xfe, 0x80}, 10, PLK_ADDR_LINK_LOCAL},
        {{0xfc}, 7, PLK_ADDR_PRIVATE},
        {{0xff}, 8, PLK_ADDR_REFUSED},
        {{0}, 80, PLK_ADDR_REFUSED}, // mapped and compatible forms are never used as IPv6
    };
    if (addr->family == 4) return look_up(addr, v4, sizeof v4 / sizeof v4[0]);
    if (addr->family == 6) return look_up(addr, v6, sizeof v6 / sizeof v6[0]);
    return PLK_ADDR_REFUSED;
}

enum plk_addr_class plk_addr_class(const struct plk_addr *addr) {
    return addr->port == 0 ? PLK_ADDR_REFUSED : class_of_ip(addr);
}

bool plk_addr_same_ip(const struct plk_addr *a, const struct plk_addr *b) {
    if (a->family != b->family || memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) != 0) return false;
    return a->scope == b->scope || class_of_ip(a) != PLK_ADDR_LINK_LOCAL;
}

bool plk_addr_equal(const struct plk_addr *a, const struct plk_addr *b) {
    return a->port == b->port && plk_addr_same_ip(a, b);
}

void plk_addr_write(struct plk_writer *w, const struct plk_addr *addr) {
    plk_assert(addr->family == 4 || addr->family == 6);
    plk_writer_u8(w, addr->family);
    plk_writer_copy(w, addr->ip, addr->family == 4 ? 4 : 16);
    plk_writer_u16(w, addr->port);
}

struct plk_addr plk_addr_read(struct plk_reader *r) {
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    struct plk_addr addr = {0};
    addr.family = plk_reader_u8(r);
    if (addr.family != 4 && addr.family != 6) r->failed = true;
    plk_reader_copy(r, addr.ip, addr.family == 4 ? 4 : 16);
    addr.port = plk_reader_u16(r);
    if (addr.family == 6 && memcmp(addr.ip, mapped, sizeof mapped) == 0) {
        memcpy(addr.ip, addr.ip + 12, 4);
        memset(addr.ip + 4, 0, 12);
        addr.family = 4;
    }
    return r->failed ? (struct plk_addr){0} : addr;
}

static char *put_number(char *at, unsigned value, unsigned base) {
    if (value >= base) at = put_number(at, value / base, base);
    *at = "0123456789abcdef"[value % base];
    return at + 1;
}

size_t plk_addr_text(const struct plk_addr *addr, char out[PLK_ADDR_TEXT_MAX]) {
    char *at = out;
    for (unsigned i = 0; addr->family == 4 && i < 4; i++) {
        if (i > 0) *at++ = '.';
        at = put_number(at, addr->ip[i], 10);
    }
    for (unsigned i = 0; addr->family == 6 && i < 16; i += 2) {
        if (i > 0) *at++ = ':';
        at = put_number(at, (unsigned)addr->ip[i] << 8 | addr->ip[i + 1], 16);
    }
    return (size_t)(at - out);
}

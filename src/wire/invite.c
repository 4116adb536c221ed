// SPDX-License-Identifier: MIT
#include "wire/invite.h"

#include "wire/base58.h"
#include "wire/crc.h"

#define HEAD_LEN 8
#define CHECK_LEN 4

// The head's own check: the low half of its CRC-32C.
static uint16_t head_check(const uint8_t head[HEAD_LEN]) { return (uint16_t)plk_crc_32c(plk_bytes(head, 6)); }

// ---- writing

static void write_relays(struct plk_writer *w, const struct plk_invite_link *link) {
    plk_assert(link->relay_count >= 1 && link->relay_count <= PLK_INVITE_RELAYS_MAX);
    plk_writer_u8(w, link->relay_count);
    for (size_t i = 0; i < link->relay_count; i++) {
        const struct plk_invite_relay *relay = &link->relays[i];
        plk_assert(relay->host.len >= 1 && relay->host.len <= PLK_INVITE_HOST_MAX);
        plk_writer_copy(w, relay->key, 32);
        plk_writer_u8(w, (uint8_t)relay->host.len);
        plk_writer_put(w, relay->host);
        plk_writer_u16(w, relay->port);
    }
}

static void write_body(struct plk_writer *w, const struct plk_invite_link *link) {
    plk_writer_copy(w, link->psk, PLK_INVITE_PSK_LEN);
    if (link->kind == PLK_LINK_KIND_INLINE) {
        plk_assert(link->places.count <= PLK_INVITE_PLACES_MAX);
        plk_writer_sized(w, link->bundle);
        plk_places_write(w, &link->places);
        return;
    }
    plk_writer_copy(w, link->hash, 32);
    plk_writer_copy(w, link->queue, PLK_INVITE_QUEUE_LEN);
    write_relays(w, link);
}

void plk_invite_link_encode(const struct plk_invite_link *link, char out[PLK_INVITE_LINK_TEXT_MAX], size_t *len) {
    uint8_t bytes[PLK_INVITE_LINK_BYTES_MAX];
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_assert(link->kind >= PLK_LINK_KIND_ONE_TIME && link->kind <= PLK_LINK_KIND_INLINE);
    plk_assert((link->flags & PLK_INVITE_FLAGS_CRITICAL) == 0);
    const uint8_t head[4] = {PLK_INVITE_LINK_VERSION, PLK_SUITE, link->flags, (uint8_t)link->kind};
    plk_writer_copy(&w, head, sizeof head);
    plk_writer_zero(&w, HEAD_LEN - sizeof head);
    write_body(&w, link);
    plk_assert(!w.failed && w.len + CHECK_LEN <= sizeof bytes);

    struct plk_writer late = plk_writer(bytes + 4, 4);
    plk_writer_u16(&late, (uint16_t)(w.len + CHECK_LEN));
    plk_writer_u16(&late, head_check(bytes));
    plk_writer_u32(&w, plk_crc_32c(plk_writer_bytes(&w)));

    size_t scheme = strlen(PLK_INVITE_LINK_SCHEME);
    memcpy(out, PLK_INVITE_LINK_SCHEME, scheme);
    plk_base58_encode(out + scheme, plk_writer_bytes(&w));
    *len = scheme + plk_base58_text_len(w.len);
    plk_mem_wipe(bytes, sizeof bytes);
}

// ---- reading the record

static void read_relays(struct plk_reader *r, struct plk_invite_link *link) {
    link->relay_count = plk_reader_u8(r);
    if (link->relay_count < 1 || link->relay_count > PLK_INVITE_RELAYS_MAX) r->failed = true;
    for (size_t i = 0; i < link->relay_count && !r->failed; i++) {
        struct plk_invite_relay *relay = &link->relays[i];
        plk_reader_copy(r, relay->key, 32);
        relay->host = plk_reader_take(r, plk_reader_u8(r));
        relay->port = plk_reader_u16(r);
        if (relay->host.len < 1 || relay->host.len > PLK_INVITE_HOST_MAX || relay->port == 0) r->failed = true;
        for (size_t k = 0; k < relay->host.len; k++) {
            if (relay->host.at[k] <= ' ' || relay->host.at[k] > '~') r->failed = true;
        }
    }
}

// bytes: the whole record, both checks fitting.
static enum plk_err read_record(struct plk_bytes bytes, struct plk_invite_link *link) {
    struct plk_invite_link read = {.flags = bytes.at[2], .kind = (enum plk_link_kind)bytes.at[3]};
    struct plk_reader r = plk_reader(plk_bytes(bytes.at + HEAD_LEN, bytes.len - HEAD_LEN - CHECK_LEN));
    plk_reader_copy(&r, read.psk, PLK_INVITE_PSK_LEN);
    if (read.kind == PLK_LINK_KIND_INLINE) {
        struct plk_bundle bundle;
        size_t left = r.left;
        read.bundle = plk_reader_sized(&r, PLK_BUNDLE_MAX);
        if (left != r.left + plk_writer_varint_len(read.bundle.len) + read.bundle.len) r.failed = true;
        if (!r.failed && plk_bundle_decode(read.bundle, &bundle, NULL) == PLK_ERR_TOO_NEW) return PLK_ERR_TOO_NEW;
        if (r.failed || plk_bundle_decode(read.bundle, &bundle, NULL) != PLK_ERR_OK) return PLK_ERR_MALFORMED;
        plk_places_read(&r, &read.places, PLK_INVITE_PLACES_MAX);
    } else {
        plk_reader_copy(&r, read.hash, 32);
        plk_reader_copy(&r, read.queue, PLK_INVITE_QUEUE_LEN);
        read_relays(&r, &read);
    }
    if (!plk_reader_done(&r)) return PLK_ERR_MALFORMED;
    *link = read;
    return PLK_ERR_OK;
}

// ---- finding it in what was pasted

enum what {
    DIGIT,  // of base58
    PASSED, // white space, zero-width, quotes, brackets
    STOP,   // punctuation that ends a sentence, an ellipsis
    WRONG,
};

// The code point at the front, decoded leniently (the text need not be valid UTF-8), and its length.
static uint32_t code_point(struct plk_bytes t, size_t *len) {
    uint8_t lead = t.at[0];
    *len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (*len == 1) return lead;
    if (*len > t.len) {
        *len = t.len;
        return 0;
    }
    uint32_t value = lead & (0x7fu >> *len);
    for (size_t i = 1; i < *len; i++) value = value << 6 | (t.at[i] & 0x3fu);
    return value;
}

struct span {
    uint32_t first, last;
};

static bool lies_in(uint32_t point, const struct span *spans, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (point >= spans[i].first && point <= spans[i].last) return true;
    }
    return false;
}

static enum what classify(uint32_t point) {
    static const struct span passed[] = {
        {'\t', '\r'},     {' ', ' '},       {'"', '"'},       {'\'', ')'},      {'<', '<'},       {'>', '>'},
        {'[', '['},       {']', ']'},       {'`', '`'},       {'{', '{'},       {'}', '}'},       {'*', '*'},
        {'_', '_'},       {'|', '|'},       {0x85, 0x85},     {0xa0, 0xa0},     {0xab, 0xab},     {0xad, 0xad},
        {0xbb, 0xbb},     {0x61c, 0x61c},   {0x1680, 0x1680}, {0x180e, 0x180e}, {0x2000, 0x200f}, {0x2018, 0x201f},
        {0x2028, 0x202f}, {0x2039, 0x203a}, {0x205f, 0x206f}, {0x3000, 0x3000}, {0x3008, 0x3011}, {0xfe00, 0xfe0f},
        {0xfeff, 0xfeff}, {0xff08, 0xff09}, {0xff1c, 0xff1c}, {0xff1e, 0xff1e},
    };
    static const struct span stops[] = {
        {'!', '!'}, {',', ','},       {'.', '.'},       {':', ';'},
        {'?', '?'}, {0x2026, 0x2026}, {0x3001, 0x3002}, {0xff01, 0xff01},
    };
    if (point < 0x80 && plk_base58_digit((uint8_t)point) >= 0) return DIGIT;
    if (lies_in(point, passed, sizeof passed / sizeof passed[0])) return PASSED;
    return lies_in(point, stops, sizeof stops / sizeof stops[0]) ? STOP : WRONG;
}

static bool starts_scheme(struct plk_bytes text) {
    static const char scheme[] = PLK_INVITE_LINK_SCHEME;
    if (text.len < sizeof scheme - 1) return false;
    for (size_t i = 0; i < sizeof scheme - 1; i++) {
        uint8_t c = text.at[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)scheme[i]) return false;
    }
    return true;
}

static bool find_scheme(struct plk_bytes *text) {
    for (; text->len > 0; text->at++, text->len--) {
        if (!starts_scheme(*text)) continue;
        text->at += strlen(PLK_INVITE_LINK_SCHEME);
        text->len -= strlen(PLK_INVITE_LINK_SCHEME);
        // Some programs write every scheme with two slashes.
        if (text->len >= 2 && text->at[0] == '/' && text->at[1] == '/') {
            text->at += 2;
            text->len -= 2;
        }
        return true;
    }
    return false;
}

// Collects up to max base58 characters. *after: what came next (PASSED at the end of the text, too).
static size_t collect(struct plk_bytes *text, char *out, size_t max, enum what *after) {
    size_t count = 0;
    *after = PASSED;
    while (text->len > 0) {
        size_t len;
        uint32_t point = code_point(*text, &len);
        *after = classify(point);
        if (*after == STOP || *after == WRONG || (*after == DIGIT && count == max)) break;
        if (*after == PASSED && count == max) break;
        if (*after == DIGIT) out[count++] = (char)point;
        text->at += len;
        text->len -= len;
        *after = PASSED;
    }
    return count;
}

// The head, once its characters are there: says how long the whole is.
static enum plk_err judge_head(const char *text, size_t *total) {
    uint8_t head[HEAD_LEN];
    if (plk_base58_decode(head, plk_bytes(text, PLK_BASE58_BLOCK_TEXT)) != PLK_ERR_OK) return PLK_ERR_MISTYPED;
    struct plk_reader r = plk_reader(plk_bytes(head + 4, 4));
    *total = plk_reader_u16(&r);
    if (plk_reader_u16(&r) != head_check(head)) return PLK_ERR_MISTYPED;
    if (head[0] > PLK_INVITE_LINK_VERSION || head[1] > PLK_SUITE || head[3] > PLK_LINK_KIND_INLINE ||
        (head[2] & PLK_INVITE_FLAGS_CRITICAL) != 0) {
        return PLK_ERR_TOO_NEW;
    }
    bool plausible = head[0] > 0 && head[1] > 0 && head[3] > 0 && *total >= HEAD_LEN + CHECK_LEN &&
                     *total <= PLK_INVITE_LINK_BYTES_MAX;
    return plausible ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

// What is missing was cut off where the text ends, or trails off; in the middle of it, a character is wrong.
static enum plk_err judge_short(enum what after) { return after == WRONG ? PLK_ERR_MISTYPED : PLK_ERR_CUT_OFF; }

static bool is_blank(struct plk_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] > ' ') return false;
    }
    return true;
}

// text begins behind a scheme.
static enum plk_err read_digits(struct plk_bytes text, uint8_t raw[PLK_INVITE_LINK_BYTES_MAX],
                                struct plk_invite_link *link) {
    char digits[PLK_BASE58_TEXT_MAX(PLK_INVITE_LINK_BYTES_MAX)];
    enum what after;
    size_t total;
    size_t count = collect(&text, digits, PLK_BASE58_BLOCK_TEXT, &after);
    if (count < PLK_BASE58_BLOCK_TEXT) return judge_short(after);
    enum plk_err err = judge_head(digits, &total);
    if (err != PLK_ERR_OK) return err;

    size_t want = plk_base58_text_len(total) - PLK_BASE58_BLOCK_TEXT;
    if (collect(&text, digits + count, want, &after) < want) return judge_short(after);
    if (after == DIGIT) return PLK_ERR_MISTYPED; // one too many, with nothing between
    if (plk_base58_decode(raw, plk_bytes(digits, count + want)) != PLK_ERR_OK) return PLK_ERR_MISTYPED;
    struct plk_reader check = plk_reader(plk_bytes(raw + total - CHECK_LEN, CHECK_LEN));
    if (plk_reader_u32(&check) != plk_crc_32c(plk_bytes(raw, total - CHECK_LEN))) return PLK_ERR_MISTYPED;
    return read_record(plk_bytes(raw, total), link);
}

// "This is my peerlink: peerlink:..." has the scheme twice: the first link that can be read counts, else the last
// error.
enum plk_err plk_invite_link_decode(struct plk_bytes text, uint8_t raw[PLK_INVITE_LINK_BYTES_MAX],
                                    struct plk_invite_link *link) {
    if (is_blank(text)) return PLK_ERR_EMPTY;
    if (text.len > PLK_INVITE_LINK_INPUT_MAX) return PLK_ERR_TOO_LONG;
    enum plk_err err = PLK_ERR_MALFORMED;
    while (find_scheme(&text)) {
        err = read_digits(text, raw, link);
        if (err == PLK_ERR_OK) break;
    }
    return err;
}

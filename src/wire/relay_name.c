// SPDX-License-Identifier: MIT
#include "wire/relay_name.h"

#include "base/reader.h"
#include "base/writer.h"
#include "wire/base58.h"
#include "wire/crc.h"

#define CHECK_LEN 4
#define FIXED_LEN (2 + 32 + CHECK_LEN)
#define TOKEN_LEN 16
#define FUTURE_MAX 512 // bytes of a KEY of a later version, which is only to be recognised as such

static bool is_space(uint8_t c) { return c <= ' '; }

static struct plk_bytes trimmed(struct plk_bytes text) {
    while (text.len > 0 && is_space(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.at[text.len - 1])) text.len--;
    return text;
}

static struct plk_bytes without_word(struct plk_bytes text) {
    static const char word[] = "relay";
    size_t len = sizeof word - 1;
    if (text.len <= len || memcmp(text.at, word, len) != 0 || !is_space(text.at[len])) return text;
    return trimmed(plk_bytes(text.at + len, text.len - len));
}

// ---- host and port

static bool is_between(uint8_t c, char first, char last) { return c >= (uint8_t)first && c <= (uint8_t)last; }

static bool is_name(struct plk_bytes host) {
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];
        bool letter = is_between(c, 'a', 'z') || is_between(c, 'A', 'Z') || is_between(c, '0', '9');
        if (!letter && c != '.' && c != '-' && c != '_') return false;
    }
    return true;
}

static bool is_ip6(struct plk_bytes host) {
    bool colon = false;
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.at[i];
        bool digit = is_between(c, 'a', 'f') || is_between(c, 'A', 'F') || is_between(c, '0', '9');
        if (!digit && c != ':' && c != '.') return false;
        colon = colon || c == ':';
    }
    return colon;
}

static bool is_host_len(size_t len) { return len >= 1 && len <= PLK_RELAY_HOST_MAX; }

static bool read_port(struct plk_bytes text, uint16_t *port) {
    uint32_t value = 0;
    if (text.len < 1 || text.len > 5) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_between(text.at[i], '0', '9')) return false;
        value = value * 10 + (uint32_t)(text.at[i] - '0');
    }
    *port = (uint16_t)value;
    return value >= 1 && value <= 65535;
}

// The index of the first such character, or text.len.
static size_t find(struct plk_bytes text, char c) {
    size_t i = 0;
    while (i < text.len && text.at[i] != (uint8_t)c) i++;
    return i;
}

static bool read_place(struct plk_bytes text, struct plk_relay_name *name) {
    bool bracket = text.len > 0 && text.at[0] == '[';
    if (bracket) text = plk_bytes(text.at + 1, text.len - 1);
    size_t end = find(text, bracket ? ']' : ':');
    if (bracket && end == text.len) return false;
    name->host = plk_bytes(text.at, end);
    size_t next = bracket ? end + 1 : end;
    struct plk_bytes rest = plk_bytes(text.at + next, text.len - next);
    name->port = PLK_RELAY_PORT;
    if (rest.len > 0 && (rest.at[0] != ':' || !read_port(plk_bytes(rest.at + 1, rest.len - 1), &name->port))) {
        return false;
    }
    return is_host_len(end) && (bracket ? is_ip6(name->host) : is_name(name->host));
}

// ---- key

// The check does not fit: was it cut, or is a character wrong? The head says how long it would have to be.
static enum plk_err judge(struct plk_bytes text) {
    uint8_t head[PLK_BASE58_BLOCK_LEN];
    if (text.len < PLK_BASE58_BLOCK_TEXT) return PLK_ERR_CUT_OFF;
    enum plk_err err = plk_base58_decode(head, plk_bytes(text.at, PLK_BASE58_BLOCK_TEXT));
    if (err != PLK_ERR_OK || head[0] != PLK_RELAY_NAME_VERSION) return PLK_ERR_MISTYPED;
    size_t want = FIXED_LEN + ((head[1] & PLK_RELAY_NAME_TOKEN) != 0 ? TOKEN_LEN : 0);
    return text.len < plk_base58_text_len(want) ? PLK_ERR_CUT_OFF : PLK_ERR_MISTYPED;
}

static enum plk_err read_key(struct plk_bytes text, struct plk_relay_name *name) {
    uint8_t bytes[FUTURE_MAX];
    size_t len;
    for (size_t i = 0; i < text.len; i++) {
        if (plk_base58_digit(text.at[i]) < 0) return PLK_ERR_MISTYPED;
    }
    bool possible = plk_base58_bytes_len(text.len, &len) && len >= 2 + CHECK_LEN && len <= sizeof bytes;
    if (!possible || plk_base58_decode(bytes, text) != PLK_ERR_OK) return judge(text);
    struct plk_reader check = plk_reader(plk_bytes(bytes + len - CHECK_LEN, CHECK_LEN));
    if (plk_reader_u32(&check) != plk_crc_32c(plk_bytes(bytes, len - CHECK_LEN))) return judge(text);
    if (bytes[0] > PLK_RELAY_NAME_VERSION || (bytes[1] & PLK_RELAY_NAME_CRITICAL) != 0) return PLK_ERR_TOO_NEW;
    struct plk_reader r = plk_reader(plk_bytes(bytes, len - CHECK_LEN));
    if (plk_reader_u8(&r) == 0) return PLK_ERR_MALFORMED;
    name->flags = plk_reader_u8(&r);
    plk_reader_copy(&r, name->key, sizeof name->key);
    if ((name->flags & PLK_RELAY_NAME_TOKEN) != 0) plk_reader_copy(&r, name->token, sizeof name->token);
    plk_mem_wipe(bytes, sizeof bytes);
    return plk_reader_done(&r) ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

enum plk_err plk_relay_name_decode(struct plk_bytes text, struct plk_relay_name *name) {
    struct plk_relay_name read = {.port = 0};
    text = trimmed(text);
    if (text.len == 0) return PLK_ERR_EMPTY;
    if (text.len > PLK_RELAY_NAME_INPUT_MAX) return PLK_ERR_TOO_LONG;
    text = without_word(text);
    size_t mark = find(text, '#');
    if (!read_place(plk_bytes(text.at, mark), &read)) return PLK_ERR_MALFORMED;
    if (mark == text.len) return PLK_ERR_CUT_OFF;
    enum plk_err err = read_key(plk_bytes(text.at + mark + 1, text.len - mark - 1), &read);
    if (err == PLK_ERR_OK) *name = read;
    return err;
}

// ---- writing

static void write_port(struct plk_writer *w, uint16_t port) {
    char digits[5];
    size_t count = 0;
    for (uint16_t left = port; left > 0; left /= 10) digits[count++] = (char)('0' + left % 10);
    while (count > 0) plk_writer_u8(w, (uint8_t)digits[--count]);
}

void plk_relay_name_encode(const struct plk_relay_name *name, char out[PLK_RELAY_NAME_TEXT_MAX], size_t *len) {
    uint8_t bytes[PLK_RELAY_NAME_BYTES_MAX];
    bool ip6 = is_ip6(name->host);
    plk_assert(is_host_len(name->host.len) && (ip6 || is_name(name->host)) && name->port != 0);
    plk_assert((name->flags & PLK_RELAY_NAME_CRITICAL) == 0);
    struct plk_writer w = plk_writer(out, PLK_RELAY_NAME_TEXT_MAX);
    if (ip6) plk_writer_u8(&w, '[');
    plk_writer_put(&w, name->host);
    if (ip6) plk_writer_u8(&w, ']');
    plk_writer_u8(&w, ':');
    write_port(&w, name->port);
    plk_writer_u8(&w, '#');

    struct plk_writer key = plk_writer(bytes, sizeof bytes);
    plk_writer_u8(&key, PLK_RELAY_NAME_VERSION);
    plk_writer_u8(&key, name->flags);
    plk_writer_copy(&key, name->key, sizeof name->key);
    if ((name->flags & PLK_RELAY_NAME_TOKEN) != 0) plk_writer_copy(&key, name->token, sizeof name->token);
    plk_writer_u32(&key, plk_crc_32c(plk_writer_bytes(&key)));
    uint8_t *text = plk_writer_skip(&w, plk_base58_text_len(key.len));
    plk_assert(!key.failed && text != NULL);
    plk_base58_encode((char *)text, plk_writer_bytes(&key));
    *len = w.len;
    plk_mem_wipe(bytes, sizeof bytes);
}

// SPDX-License-Identifier: MIT
#include "api/request.h"

#include <string.h>

#include "api/shape.h"
#include "api/shapes.h"

// What of a request has been seen: no name comes twice.
enum {
    VERSION = 1,
    METHOD = 2,
    ID = 4,
    PARAMS = 8,
    CONTACT = 16,
    TEXT = 32,
    CALLER_ID = 64,
    WAIT = 128,
    TIMEOUT = 256,
};

struct cursor {
    const uint8_t *at, *end;
    unsigned seen;
};

bool plk_request_is_plain(struct plk_bytes text) {
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < 0x20 || text.at[i] == '"' || text.at[i] == '\\') return false;
    }
    return plk_bytes_is_utf8(text);
}

// ---- tokens ---------------------------------------------------------------------------------------------------------

static bool take(struct cursor *c, char sign) {
    while (c->at < c->end && *c->at == ' ') c->at++;
    if (c->at == c->end || *c->at != (uint8_t)sign) return false;
    c->at++;
    return true;
}

static bool take_text(struct cursor *c, struct plk_bytes *text) {
    if (!take(c, '"')) return false;
    const uint8_t *close = memchr(c->at, '"', (size_t)(c->end - c->at));
    if (close == NULL) return false;
    *text = plk_bytes(c->at, (size_t)(close - c->at));
    c->at = close + 1;
    return plk_request_is_plain(*text);
}

static bool take_this(struct cursor *c, const char *word) {
    struct plk_bytes text;
    return take_text(c, &text) && plk_bytes_equal(text, plk_bytes_text(word));
}

static bool take_number(struct cursor *c, uint64_t *number) {
    while (c->at < c->end && *c->at == ' ') c->at++;
    const uint8_t *first = c->at;
    for (*number = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        if (c->at - first == PLK_REQUEST_DIGITS_MAX) return false;
        *number = *number * 10 + (*c->at - '0');
    }
    size_t digits = (size_t)(c->at - first);
    return digits == 1 || (digits > 1 && *first != '0');
}

// ---- objects --------------------------------------------------------------------------------------------------------

typedef bool take_member(struct cursor *c, unsigned name, struct plk_request *request);

struct name {
    const char *text;
    unsigned bit;
};

static unsigned find_name(const struct name *names, struct plk_bytes text) {
    while (names->text != NULL && !plk_bytes_equal(text, plk_bytes_text(names->text))) names++;
    return names->bit;
}

static bool take_object(struct cursor *c, const struct name *names, take_member *member, struct plk_request *request) {
    if (!take(c, '{')) return false;
    do {
        struct plk_bytes text;
        if (!take_text(c, &text)) return false;
        unsigned name = find_name(names, text);
        if (name == 0 || (c->seen & name) != 0 || !take(c, ':') || !member(c, name, request)) return false;
        c->seen |= name;
    } while (take(c, ','));
    return take(c, '}');
}

static bool take_param(struct cursor *c, unsigned name, struct plk_request *request) {
    struct plk_send *send = &request->send;
    switch (name) {
    case CONTACT:
        return take_text(c, &send->contact);
    case TEXT:
        return take_text(c, &send->text);
    case CALLER_ID:
        return take_text(c, &send->id);
    case WAIT:
        return take_text(c, &send->wait) && plk_shape_word_fits(PLK_SHAPES_WAIT_WORDS, send->wait);
    default:
        send->has_timeout = true;
        return take_number(c, &send->timeout_ms);
    }
}

static bool take_part(struct cursor *c, unsigned name, struct plk_request *request) {
    static const struct name params[] = {{"contact", CONTACT}, {"text", TEXT},          {"wait", WAIT},
                                         {"id", CALLER_ID},    {"timeout_ms", TIMEOUT}, {NULL, 0}};
    uint64_t number;
    switch (name) {
    case VERSION:
        return take_this(c, "2.0");
    case METHOD:
        return take_this(c, "send");
    case PARAMS:
        return take_object(c, params, take_param, request);
    default:
        if (!take_number(c, &number)) return false;
        request->id = (int64_t)number;
        return true;
    }
}

bool plk_request_read(struct plk_bytes line, struct plk_request *request) {
    static const struct name parts[] = {
        {"jsonrpc", VERSION}, {"id", ID}, {"method", METHOD}, {"params", PARAMS}, {NULL, 0}};
    struct cursor c = {.at = line.at, .end = line.at + line.len};
    struct plk_request got = {.id = 0};
    const unsigned needed = VERSION | METHOD | ID | PARAMS | CONTACT | TEXT;
    if (line.len == 0 || !take_object(&c, parts, take_part, &got)) return false;
    if (c.at != c.end || (c.seen & needed) != needed) return false;
    *request = got;
    return true;
}

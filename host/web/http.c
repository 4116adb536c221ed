// SPDX-License-Identifier: MIT
#include "host/web/http.h"

#define SOCKET_KEY_LEN 24

// What is told only once, and is needed to answer.
struct reading {
    struct plk_http_head head;
    struct plk_bytes upgrade, connection, version, length, encoding, accept;
};

static bool is_tchar(uint8_t c) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return c != 0 && memchr(others, c, sizeof others - 1) != NULL;
}

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

static bool equals(struct plk_bytes text, const char *word) {
    if (text.len != strlen(word)) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (lower(text.at[i]) != lower((uint8_t)word[i])) return false;
    }
    return true;
}

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

static struct plk_bytes trim(struct plk_bytes text) {
    while (text.len > 0 && is_blank(text.at[0])) text = plk_bytes(text.at + 1, text.len - 1);
    while (text.len > 0 && is_blank(text.at[text.len - 1])) text.len--;
    return text;
}

// Up to, not with, the first byte that is c; the rest begins after it. False: there is none.
static bool cut(struct plk_bytes *rest, uint8_t c, struct plk_bytes *part) {
    const uint8_t *at = rest->len > 0 ? memchr(rest->at, c, rest->len) : NULL;
    if (at == NULL) return false;
    *part = plk_bytes(rest->at, (size_t)(at - rest->at));
    *rest = plk_bytes(at + 1, rest->len - part->len - 1);
    return true;
}

// ---- lists ------------------------------------------------------------------------------------------------------------

static bool is_refused(struct plk_bytes params) {
    struct plk_bytes value;
    if (!cut(&params, '=', &value) || !equals(trim(value), "q")) return false;
    params = trim(params);
    for (size_t i = 0; i < params.len; i++) {
        if (params.at[i] != '0' && params.at[i] != '.') return false;
    }
    return params.len > 0;
}

bool plk_http_list_has(struct plk_bytes list, const char *token) {
    while (list.len > 0) {
        struct plk_bytes item = list, name;
        if (!cut(&list, ',', &item)) list.len = 0;
        bool has_params = cut(&item, ';', &name);
        if (!has_params) name = item;
        if (equals(trim(name), token)) return !has_params || !is_refused(item);
    }
    return false;
}

// ---- the request line -------------------------------------------------------------------------------------------------

static enum plk_http_found read_request_line(struct plk_bytes line, struct plk_http_head *head) {
    struct plk_bytes method, target, query;
    if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target) || method.len == 0) return PLK_HTTP_BAD;
    for (size_t i = 0; i < method.len; i++) {
        if (!is_tchar(method.at[i])) return PLK_HTTP_BAD;
    }
    // Only the origin form (RFC 9112, section 3.2.1): no proxy is here.
    if (target.len == 0 || target.at[0] != '/') return PLK_HTTP_BAD;
    for (size_t i = 0; i < target.len; i++) {
        if (target.at[i] <= ' ' || target.at[i] >= 0x7f || target.at[i] == '#') return PLK_HTTP_BAD;
    }
    if (line.len != 8 || memcmp(line.at, "HTTP/", 5) != 0) return PLK_HTTP_BAD;
    if (memcmp(line.at, "HTTP/1.1", 8) != 0) return PLK_HTTP_VERSION;
    head->path = target;
    if (cut(&target, '?', &query)) head->path = query;
    // Methods are case-sensitive (RFC 9110, section 9.1).
    head->method = plk_bytes_equal(method, plk_bytes_text("GET"))    ? PLK_HTTP_GET
                   : plk_bytes_equal(method, plk_bytes_text("HEAD")) ? PLK_HTTP_HEAD
                                                                     : PLK_HTTP_OTHER;
    return PLK_HTTP_DONE;
}

// ---- fields -----------------------------------------------------------------------------------------------------------

// Twice the same field is once too often: two readers could take different ones.
static bool take_field(struct reading *reading, struct plk_bytes name, struct plk_bytes value) {
    struct {
        const char *name;
        struct plk_bytes *to;
    } fields[] = {
        {"host", &reading->head.host},
        {"origin", &reading->head.origin},
        {"sec-fetch-site", &reading->head.fetch_site},
        {"sec-fetch-mode", &reading->head.fetch_mode},
        {"if-none-match", &reading->head.if_none_match},
        {"sec-websocket-key", &reading->head.socket_key},
        {"sec-websocket-version", &reading->version},
        {"upgrade", &reading->upgrade},
        {"connection", &reading->connection},
        {"accept-encoding", &reading->accept},
        {"content-length", &reading->length},
        {"transfer-encoding", &reading->encoding},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (!equals(name, fields[i].name)) continue;
        if (fields[i].to->at != NULL) return false;
        *fields[i].to = value;
    }
    return true;
}

static bool read_field(struct reading *reading, struct plk_bytes line) {
    struct plk_bytes name;
    // No white space before the colon, no line that goes on with the one before (RFC 9112, sections 5.1, 5.2).
    if (!cut(&line, ':', &name) || name.len == 0) return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_tchar(name.at[i])) return false;
    }
    for (size_t i = 0; i < line.len; i++) {
        if ((line.at[i] < ' ' && line.at[i] != '\t') || line.at[i] == 0x7f) return false;
    }
    return take_field(reading, name, trim(line));
}

static bool is_upgrade(const struct reading *reading) {
    return plk_http_list_has(reading->upgrade, "websocket") && plk_http_list_has(reading->connection, "upgrade") &&
           equals(reading->version, "13") && reading->head.socket_key.len == SOCKET_KEY_LEN &&
           reading->head.socket_key.at[SOCKET_KEY_LEN - 1] == '=' &&
           reading->head.socket_key.at[SOCKET_KEY_LEN - 2] == '=';
}

static enum plk_http_found finish(struct reading *reading, struct plk_http_head *head) {
    if (reading->head.host.at == NULL) return PLK_HTTP_BAD;
    if (reading->encoding.at != NULL) return PLK_HTTP_BODY;
    if (reading->length.at != NULL && !equals(reading->length, "0")) return PLK_HTTP_BODY;
    reading->head.gzip = plk_http_list_has(reading->accept, "gzip");
    reading->head.upgrade = reading->head.method == PLK_HTTP_GET && is_upgrade(reading);
    *head = reading->head;
    return PLK_HTTP_DONE;
}

// The next line, which must end in CR LF: a bare one of the two is in no line.
static enum plk_http_found next_line(struct plk_bytes *rest, struct plk_bytes *line) {
    struct plk_bytes before = *rest;
    if (!cut(rest, '\n', line)) {
        const uint8_t *cr = before.len > 0 ? memchr(before.at, '\r', before.len) : NULL;
        return cr != NULL && cr != before.at + before.len - 1 ? PLK_HTTP_BAD : PLK_HTTP_MORE;
    }
    if (line->len == 0 || line->at[line->len - 1] != '\r') return PLK_HTTP_BAD;
    line->len--;
    return line->len > 0 && memchr(line->at, '\r', line->len) != NULL ? PLK_HTTP_BAD : PLK_HTTP_DONE;
}

enum plk_http_found plk_http_read(struct plk_bytes in, struct plk_http_head *head, size_t *used) {
    struct reading reading = {.head = {.method = PLK_HTTP_OTHER}};
    struct plk_bytes rest = plk_bytes(in.at, in.len < PLK_HTTP_HEAD_MAX ? in.len : PLK_HTTP_HEAD_MAX), line;
    enum plk_http_found found = next_line(&rest, &line);
    if (found == PLK_HTTP_DONE) found = read_request_line(line, &reading.head);
    for (size_t fields = 0; found == PLK_HTTP_DONE; fields++) {
        found = next_line(&rest, &line);
        if (found != PLK_HTTP_DONE) break;
        if (line.len == 0) {
            *used = (size_t)(rest.at - in.at);
            return finish(&reading, head);
        }
        if (fields == PLK_HTTP_FIELDS_MAX) return PLK_HTTP_TOO_LONG;
        if (!read_field(&reading, line)) return PLK_HTTP_BAD;
    }
    return found == PLK_HTTP_MORE && in.len >= PLK_HTTP_HEAD_MAX ? PLK_HTTP_TOO_LONG : found;
}

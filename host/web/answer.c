// SPDX-License-Identifier: MIT
#include "host/web/answer.h"

#include <stdio.h>

#define ORIGIN_MAX 32
#define REASON_MAX 256

static const char *status_word(unsigned status) {
    switch (status) {
    case 200:
        return "OK";
    case 304:
        return "Not Modified";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 426:
        return "Upgrade Required";
    case 431:
        return "Request Header Fields Too Large";
    }
    return "HTTP Version Not Supported";
}

// No fetch but of own files, no connection but to the own WebSocket; nobody shows the page in a frame of theirs, keeps a handle on its
// window, embeds a file of it or is told where a link was followed from.
static void write_head(struct plk_answer *answer, const struct plk_answer_site *site, const char *type, size_t len,
                       const char *more) {
    int written =
        snprintf(answer->head, sizeof answer->head,
                 "HTTP/1.1 %u %s\r\n"
                 "Content-Type: %s\r\n"
                 "Content-Length: %zu\r\n"
                 "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
                 "img-src 'self' data: blob:; font-src 'self'; manifest-src 'self'; "
                 "connect-src ws://127.0.0.1:%u; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n"
                 "X-Content-Type-Options: nosniff\r\n"
                 "Referrer-Policy: no-referrer\r\n"
                 "Cross-Origin-Opener-Policy: same-origin\r\n"
                 "Cross-Origin-Resource-Policy: same-origin\r\n"
                 "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
                 "%sConnection: close\r\n\r\n",
                 answer->status, status_word(answer->status), type, len, site->port, more);
    plk_assert(written > 0 && (size_t)written < sizeof answer->head);
    answer->head_len = (size_t)written;
}

static void refuse(struct plk_answer *answer, const struct plk_answer_site *site, unsigned status, const char *line) {
    answer->status = status;
    answer->body = plk_bytes_text(line);
    const char *more = status == 405   ? "Allow: GET, HEAD\r\nCache-Control: no-store\r\n"
                       : status == 426 ? "Upgrade: websocket\r\nCache-Control: no-store\r\n"
                                       : "Cache-Control: no-store\r\n";
    write_head(answer, site, "text/plain; charset=utf-8", answer->body.len, more);
}

static void refuse_found(struct plk_answer *answer, const struct plk_answer_site *site, enum plk_http_found found) {
    if (found == PLK_HTTP_TOO_LONG)
        refuse(answer, site, 431, "the head of this request is too long\n");
    else if (found == PLK_HTTP_VERSION)
        refuse(answer, site, 505, "only HTTP/1.1 is spoken here\n");
    else if (found == PLK_HTTP_BODY)
        refuse(answer, site, 413, "no request here has a body\n");
    else
        refuse(answer, site, 400, "this is no request of HTTP/1.1\n");
}

static bool is_text(struct plk_bytes bytes, const char *text) { return plk_bytes_equal(bytes, plk_bytes_text(text)); }

static void answer_socket(struct plk_answer *answer, const struct plk_answer_site *site,
                          const struct plk_http_head *head) {
    if (!head->upgrade) {
        refuse(answer, site, 426, "a WebSocket of version 13 is here, and nothing else\n");
        return;
    }
    // A browser always says where a WebSocket comes from; programs have the Unix socket.
    if (head->origin.at == NULL) {
        refuse(answer, site, 403, "programs use the Unix socket: `peerlink config check` tells it\n");
        return;
    }
    char accept[PLK_HTTP_ACCEPT_LEN];
    plk_http_accept(accept, head->socket_key);
    answer->status = 101;
    answer->head_len =
        (size_t)snprintf(answer->head, sizeof answer->head,
                         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                         PLK_HTTP_ACCEPT_LEN, accept);
}

static void answer_asset(struct plk_answer *answer, const struct plk_answer_site *site,
                         const struct plk_http_head *head, const struct plk_asset *asset) {
    char more[REASON_MAX];
    snprintf(more, sizeof more, "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nETag: %s\r\nCache-Control: %s\r\n",
             asset->etag, asset->hashed ? "public, max-age=31536000, immutable" : "no-cache");
    bool same = head->if_none_match.at != NULL && is_text(head->if_none_match, asset->etag);
    if (!same && !head->gzip) {
        refuse(answer, site, 406, "these files are kept compressed: ask with `Accept-Encoding: gzip`\n");
        return;
    }
    answer->status = same ? 304 : 200;
    if (!same && head->method == PLK_HTTP_GET) answer->body = plk_bytes(asset->gzip, asset->len);
    write_head(answer, site, asset->type, same ? 0 : asset->len, more);
}

// A page elsewhere may lead here, and nothing more: neither load a file nor look whether it is there (W3C Fetch Metadata).
static bool is_stranger(const struct plk_http_head *head, const char *origin) {
    if (head->origin.at != NULL && !is_text(head->origin, origin)) return true;
    bool own =
        head->fetch_site.at == NULL || is_text(head->fetch_site, "same-origin") || is_text(head->fetch_site, "none");
    return !own && !is_text(head->fetch_mode, "navigate");
}

void plk_answer_make(struct plk_answer *answer, const struct plk_answer_site *site, enum plk_http_found found,
                     const struct plk_http_head *head) {
    char origin[ORIGIN_MAX];
    *answer = (struct plk_answer){.status = 0};
    snprintf(origin, sizeof origin, "http://127.0.0.1:%u", site->port);
    if (found != PLK_HTTP_DONE) {
        refuse_found(answer, site, found);
        return;
    }
    struct plk_bytes path = head->path;
    // A name that somebody else can make resolve to this machine is not ours.
    if (!is_text(head->host, origin + strlen("http://"))) {
        refuse(answer, site, 421, "the address of this page begins with http://127.0.0.1\n");
    } else if (is_stranger(head, origin)) {
        refuse(answer, site, 403, "a page from elsewhere asked for this\n");
    } else if (is_text(path, PLK_ANSWER_SOCKET_PATH)) {
        answer_socket(answer, site, head);
    } else if (head->method == PLK_HTTP_OTHER) {
        refuse(answer, site, 405, "only GET and HEAD are answered\n");
    } else {
        if (is_text(path, "/")) path = plk_bytes_text("/index.html");
        for (size_t i = 0; i < site->count; i++) {
            if (!is_text(path, site->assets[i].path)) continue;
            answer_asset(answer, site, head, &site->assets[i]);
            return;
        }
        refuse(answer, site, 404, "there is no such file\n");
    }
    if (head->method == PLK_HTTP_HEAD) answer->body.len = 0;
}

// SPDX-License-Identifier: MIT
// The head of an HTTP/1.1 request (RFC 9112), read strictly: what is not exactly as the RFC says is refused, since there is no
// old browser to be kind to, and each leniency is a way to be understood differently than one was checked. Bodies are not
// taken; one request a connection.
#ifndef PLK_HOST_WEB_HTTP_H
#define PLK_HOST_WEB_HTTP_H

#include "base/bytes.h"

#define PLK_HTTP_HEAD_MAX 8192 // bytes of a head, its empty line included
#define PLK_HTTP_FIELDS_MAX 64 // header lines

enum plk_http_found {
    PLK_HTTP_MORE, // it is right so far, and not all there
    PLK_HTTP_DONE,
    PLK_HTTP_BAD,      // 400
    PLK_HTTP_TOO_LONG, // 431
    PLK_HTTP_VERSION,  // 505: not HTTP/1.1
    PLK_HTTP_BODY,     // 413: it announces a body
};

enum plk_http_method { PLK_HTTP_GET, PLK_HTTP_HEAD, PLK_HTTP_OTHER };

// Ranges point into what was read; at is NULL where there is no such field.
struct plk_http_head {
    enum plk_http_method method;
    struct plk_bytes path; // begins with '/', without the query
    struct plk_bytes host, origin, fetch_site, fetch_mode;
    struct plk_bytes if_none_match;
    struct plk_bytes socket_key; // Sec-WebSocket-Key
    bool gzip;                   // Accept-Encoding takes it
    bool upgrade; // to a WebSocket of version 13 (RFC 6455, section 4.2.1); socket_key is 24 characters of base64 then
};

// head is set on DONE only; *used is then the head's length.
enum plk_http_found plk_http_read(struct plk_bytes in, struct plk_http_head *head, size_t *used);

// Whether a list of tokens, separated by commas, has this one, capitals or not; parameters after ';' are passed over, but
// `q=0` is a no (RFC 9110, sections 5.6.1, 12.4.2).
bool plk_http_list_has(struct plk_bytes list, const char *token);

// Sec-WebSocket-Accept for a key (RFC 6455, section 4.2.2): 28 characters, no terminator.
#define PLK_HTTP_ACCEPT_LEN 28
void plk_http_accept(char out[PLK_HTTP_ACCEPT_LEN], struct plk_bytes key);

#endif

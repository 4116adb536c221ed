// SPDX-License-Identifier: MIT
// What a request gets: a file of the page, the upgrade to a WebSocket, or a refusal (DESIGN 6). Everything that keeps other
// pages out is decided here, without a socket: the name by which the server was asked for, and where the request came from.
#ifndef PLK_HOST_WEB_ANSWER_H
#define PLK_HOST_WEB_ANSWER_H

#include "host/web/asset.h"
#include "host/web/http.h"

#define PLK_ANSWER_HEAD_MAX 1536 // bytes
#define PLK_ANSWER_SOCKET_PATH "/api"

struct plk_answer_site {
    uint16_t port; // on 127.0.0.1
    const struct plk_asset *assets;
    size_t count;
};

struct plk_answer {
    unsigned status; // 101: the connection is a WebSocket from here on
    size_t head_len;
    char head[PLK_ANSWER_HEAD_MAX];
    struct plk_bytes body; // of the asset, or static; empty for HEAD and 304
};

// found is not MORE; head counts only on DONE.
void plk_answer_make(struct plk_answer *answer, const struct plk_answer_site *site, enum plk_http_found found,
                     const struct plk_http_head *head);

#endif

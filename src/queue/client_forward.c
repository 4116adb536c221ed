// SPDX-License-Identifier: MIT
// FWD OPEN and FWD CLOSE: which ways to other relays this relay has been asked for. A way lives as long as the channel. And DIRECTORY:
// which other relays it knows.
#include "queue/client_inside.h"

static struct plk_queue_way *way_of(struct plk_queue_client *c, uint32_t id) {
    for (unsigned i = 0; i < PLK_QUEUE_CLIENT_FORWARDS; i++) {
        if (c->ways[i].open != PLK_QUEUE_WISH_NONE && c->ways[i].forward.id == id) return &c->ways[i];
    }
    return NULL;
}

static uint32_t index_of(const struct plk_queue_client *c, const struct plk_queue_way *way) {
    return (uint32_t)(way - c->ways);
}

enum plk_err plk_queue_client_forward(struct plk_queue_client *c, const struct plk_queue_forward *forward) {
    struct plk_queue_way *way = c->ways;
    if (!c->up) return PLK_ERR_NOT_FOUND;
    if (way_of(c, forward->id) != NULL) return PLK_ERR_EXISTS;
    while (way < c->ways + PLK_QUEUE_CLIENT_FORWARDS && way->open != PLK_QUEUE_WISH_NONE) way++;
    if (way == c->ways + PLK_QUEUE_CLIENT_FORWARDS) return PLK_ERR_LIMIT;
    *way = (struct plk_queue_way){.forward = *forward, .open = PLK_QUEUE_WISH_DUE};
    c->stirred = true;
    return PLK_ERR_OK;
}

void plk_queue_client_forward_end(struct plk_queue_client *c, uint32_t id) {
    struct plk_queue_way *way = way_of(c, id);
    if (way == NULL || way->close != PLK_QUEUE_WISH_NONE) return;
    if (way->open == PLK_QUEUE_WISH_DUE) {
        *way = (struct plk_queue_way){.open = PLK_QUEUE_WISH_NONE}; // the relay has not heard of it
        return;
    }
    way->close = PLK_QUEUE_WISH_DUE;
    c->stirred = true;
}

void plk_queue_client_forwards_down(struct plk_queue_client *c) {
    memset(c->ways, 0, sizeof c->ways);
    c->directory = PLK_QUEUE_WISH_NONE;
}

enum plk_err plk_queue_client_directory(struct plk_queue_client *c) {
    if (!c->up) return PLK_ERR_NOT_FOUND;
    if (c->directory != PLK_QUEUE_WISH_NONE) return PLK_ERR_EXISTS;
    c->directory = PLK_QUEUE_WISH_DUE;
    c->stirred = true;
    return PLK_ERR_OK;
}

bool plk_queue_client_directory_next(struct plk_queue_client *c, struct plk_queue_record *record) {
    if (c->directory != PLK_QUEUE_WISH_DUE) return false;
    c->directory = PLK_QUEUE_WISH_ASKED;
    *record = (struct plk_queue_record){.type = PLK_QUEUE_DIRECTORY, .tag = plk_queue_tag(PLK_QUEUE_DIRECTORY, 0)};
    return true;
}

enum plk_err plk_queue_client_directory_told(struct plk_queue_client *c, const struct plk_queue_record *record,
                                             struct plk_queue_client_event *event) {
    if (c->directory != PLK_QUEUE_WISH_ASKED || record->tag != plk_queue_tag(PLK_QUEUE_DIRECTORY, 0))
        return PLK_ERR_MALFORMED;
    c->directory = PLK_QUEUE_WISH_NONE;
    if (record->type == PLK_QUEUE_RELAYS) // else not now
        *event = (struct plk_queue_client_event){.kind = PLK_QUEUE_CLIENT_RELAYS, .bytes = record->descriptors};
    return PLK_ERR_OK;
}

bool plk_queue_client_forward_next(struct plk_queue_client *c, struct plk_queue_record *record) {
    for (struct plk_queue_way *way = c->ways; way < c->ways + PLK_QUEUE_CLIENT_FORWARDS; way++) {
        bool opens = way->open == PLK_QUEUE_WISH_DUE;
        if (!opens && way->close != PLK_QUEUE_WISH_DUE) continue;
        enum plk_queue_type type = opens ? PLK_QUEUE_FWD_OPEN : PLK_QUEUE_FWD_CLOSE;
        *record = (struct plk_queue_record){
            .type = type, .tag = plk_queue_tag(type, index_of(c, way)), .handle = way->forward.id};
        *(opens ? &way->open : &way->close) = PLK_QUEUE_WISH_ASKED;
        if (!opens) return true;
        record->fwd.addr = way->forward.addr;
        memcpy(record->fwd.relay, way->forward.relay, sizeof record->fwd.relay);
        memcpy(record->fwd.cid, way->forward.cid, sizeof record->fwd.cid);
        return true;
    }
    return false;
}

static void free_if_over(struct plk_queue_way *way) {
    bool open = way->open == PLK_QUEUE_WISH_ASKED || way->close == PLK_QUEUE_WISH_ASKED; // an answer names its place
    if (!open && way->close == PLK_QUEUE_WISH_MET) *way = (struct plk_queue_way){.open = PLK_QUEUE_WISH_NONE};
}

enum plk_err plk_queue_client_forward_done(struct plk_queue_client *c, enum plk_queue_type type, uint32_t index,
                                           enum plk_queue_code code) {
    if (index >= PLK_QUEUE_CLIENT_FORWARDS) return PLK_ERR_MALFORMED;
    struct plk_queue_way *way = &c->ways[index];
    uint8_t *wish = type == PLK_QUEUE_FWD_OPEN ? &way->open : &way->close;
    if (*wish != PLK_QUEUE_WISH_ASKED) return PLK_ERR_MALFORMED;
    *wish = PLK_QUEUE_WISH_MET;
    if (type == PLK_QUEUE_FWD_OPEN && way->close == PLK_QUEUE_WISH_NONE) {
        struct plk_queue_client_event event = {.kind = PLK_QUEUE_CLIENT_FORWARD, .id = way->forward.id, .code = code};
        plk_queue_client_tell(c, &event);
        if (code != PLK_QUEUE_CODE_OK) *way = (struct plk_queue_way){.open = PLK_QUEUE_WISH_NONE};
        return PLK_ERR_OK;
    }
    free_if_over(way);
    return PLK_ERR_OK;
}

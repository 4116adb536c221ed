// SPDX-License-Identifier: MIT
#include "wire/queue_list.h"

_Static_assert(PLK_QUEUE_LIST_LEN_MAX >= 1 + PLK_QUEUE_LIST_OFFERS_MAX * (PLK_QUEUE_KEY_LEN * 3 + 1 +
                                                                          PLK_RELAY_HOST_MAX + 2 + PLK_QUEUE_ID_LEN),
               "every list has room");

void plk_queue_list_encode(struct plk_writer *w, const struct plk_queue_list *list) {
    plk_assert(list->count <= PLK_QUEUE_LIST_OFFERS_MAX);
    plk_writer_u8(w, list->count);
    for (unsigned i = 0; i < list->count; i++) {
        const struct plk_queue_offer *offer = &list->at[i];
        plk_assert(offer->host_len > 0 && offer->port != 0);
        plk_writer_copy(w, offer->relay, sizeof offer->relay);
        plk_writer_u8(w, offer->host_len);
        plk_writer_copy(w, offer->host, offer->host_len);
        plk_writer_u16(w, offer->port);
        plk_writer_copy(w, offer->sid, sizeof offer->sid);
        plk_writer_copy(w, offer->sender, sizeof offer->sender);
        plk_writer_copy(w, offer->envelope, sizeof offer->envelope);
    }
}

static void read_offer(struct plk_reader *r, struct plk_queue_offer *offer) {
    plk_reader_copy(r, offer->relay, sizeof offer->relay);
    offer->host_len = plk_reader_u8(r);
    if (offer->host_len == 0 || offer->host_len > PLK_RELAY_HOST_MAX) {
        r->failed = true;
        return;
    }
    plk_reader_copy(r, offer->host, offer->host_len);
    for (unsigned i = 0; !r->failed && i < offer->host_len; i++) {
        if (offer->host[i] <= ' ' || offer->host[i] > '~') r->failed = true;
    }
    offer->port = plk_reader_u16(r);
    if (offer->port == 0) r->failed = true;
    plk_reader_copy(r, offer->sid, sizeof offer->sid);
    plk_reader_copy(r, offer->sender, sizeof offer->sender);
    plk_reader_copy(r, offer->envelope, sizeof offer->envelope);
}

enum plk_err plk_queue_list_decode(struct plk_bytes bytes, struct plk_queue_list *list) {
    struct plk_reader r = plk_reader(bytes);
    struct plk_queue_list read = {.count = plk_reader_u8(&r)};
    if (read.count > PLK_QUEUE_LIST_OFFERS_MAX) return PLK_ERR_MALFORMED;
    for (unsigned i = 0; !r.failed && i < read.count; i++) read_offer(&r, &read.at[i]);
    bool good = plk_reader_done(&r);
    if (good) *list = read;
    plk_mem_wipe(&read, sizeof read);
    return good ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

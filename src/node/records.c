// SPDX-License-Identifier: MIT
#include "node/records.h"

#include "node/inside.h"

void plk_records_write(struct plk_link *link, enum plk_record_type type, struct plk_bytes content) {
    uint8_t head[PLK_RECORD_HEAD_LEN];
    plk_record_head(head, type, content.len);
    if (plk_streams_room(link->streams, 0) < sizeof head + content.len) return;
    plk_streams_write(link->streams, 0, plk_bytes(head, sizeof head));
    plk_streams_write(link->streams, 0, content);
    link->dirty = true;
}

void plk_records_refuse(struct plk_link *link, enum plk_record_why why, uint64_t counter) {
    uint8_t content[PLK_RECORD_REFUSED_LEN];
    plk_record_refused_encode(content, why, counter);
    plk_records_write(link, PLK_RECORD_REFUSED, plk_bytes(content, sizeof content));
}

bool plk_records_next(struct plk_node *node, struct plk_link *link, uint8_t *type, struct plk_bytes *content,
                      size_t *taken) {
    if (plk_record_read(plk_streams_readable(link->streams, 0), taken, type, content) != PLK_ERR_OK) {
        node->counters.protocol++;
        link->closing = true;
        return false;
    }
    return *taken > 0;
}

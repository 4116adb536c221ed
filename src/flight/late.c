// SPDX-License-Identifier: MIT
#include "flight/late.h"

void plk_late_lost(struct plk_late *late, const struct plk_late_packet *packet) {
    struct plk_late_packet *place = &late->ring[late->next];
    late->next = (late->next + 1) % PLK_LATE_PACKETS;
    if (!place->live) late->count++;
    *place = *packet;
    place->live = true;
}

static bool names(const struct plk_frame_ack *ack, uint64_t pn) {
    for (unsigned i = 0; i < ack->count && ack->ranges[i].last >= pn; i++) {
        if (ack->ranges[i].first <= pn) return true;
    }
    return false;
}

static void drop(struct plk_late *late, struct plk_late_packet *packet) {
    packet->live = false;
    late->count--;
}

bool plk_late_take(struct plk_late *late, uint32_t path, const struct plk_frame_ack *ack, uint64_t now_us,
                   struct plk_late_packet *packet) {
    for (unsigned i = 0; late->count > 0 && i < PLK_LATE_PACKETS; i++) {
        struct plk_late_packet *at = &late->ring[i];
        if (at->live && now_us - at->lost_us > PLK_LATE_US) drop(late, at);
        if (!at->live || at->path != path || !names(ack, at->pn)) continue;
        *packet = *at;
        drop(late, at);
        return true;
    }
    return false;
}

void plk_late_forget(struct plk_late *late, uint32_t path) {
    for (unsigned i = 0; i < PLK_LATE_PACKETS; i++) {
        if (late->ring[i].live && late->ring[i].path == path) drop(late, &late->ring[i]);
    }
}

// SPDX-License-Identifier: MIT
#include "node/carrier.h"

void plk_carriers_init(struct plk_carriers *carriers, struct plk_mem *mem) {
    *carriers = (struct plk_carriers){.mem = mem, .next_stream = 1};
}

void plk_carriers_free(struct plk_carriers *carriers) {
    while (carriers->first != NULL) plk_carriers_remove(carriers, carriers->first);
}

struct plk_carrier *plk_carriers_surplus(const struct plk_carriers *carriers) {
    struct plk_carrier *oldest = NULL;
    if (carriers->strangers < PLK_CARRIERS_STRANGERS_MAX && carriers->count < PLK_CARRIERS_MAX) return NULL;
    for (struct plk_carrier *c = carriers->first; c != NULL; c = c->next) {
        if (c->link == NULL) oldest = c; // the newest is first
    }
    return oldest;
}

struct plk_carrier *plk_carriers_add(struct plk_carriers *carriers, uint32_t stream, const struct plk_addr *remote,
                                     struct plk_link *link, uint64_t now_us) {
    if (carriers->count >= PLK_CARRIERS_MAX) return NULL;
    if (link == NULL && carriers->strangers >= PLK_CARRIERS_STRANGERS_MAX) return NULL;
    struct plk_carrier *carrier = plk_mem_take(carriers->mem, sizeof *carrier);
    *carrier = (struct plk_carrier){.next = carriers->first, .stream = stream, .link = link, .since_us = now_us};
    carrier->remote = *remote;
    carriers->first = carrier;
    carriers->count++;
    if (link == NULL) carriers->strangers++;
    return carrier;
}

struct plk_carrier *plk_carriers_find(const struct plk_carriers *carriers, uint32_t stream) {
    struct plk_carrier *carrier = carriers->first;
    while (carrier != NULL && carrier->stream != stream) carrier = carrier->next;
    return carrier;
}

void plk_carriers_adopt(struct plk_carriers *carriers, struct plk_carrier *carrier, struct plk_link *link) {
    if (carrier->link == NULL) carriers->strangers--;
    carrier->link = link;
}

void plk_carriers_remove(struct plk_carriers *carriers, struct plk_carrier *carrier) {
    struct plk_carrier **at = &carriers->first;
    while (*at != carrier) at = &(*at)->next;
    *at = carrier->next;
    carriers->count--;
    if (carrier->link == NULL) carriers->strangers--;
    plk_buf_free(carriers->mem, &carrier->in);
    plk_mem_give(carriers->mem, carrier);
}

struct plk_carrier *plk_carriers_of(const struct plk_carriers *carriers, const struct plk_link *link,
                                    const struct plk_carrier *after) {
    struct plk_carrier *carrier = after == NULL ? carriers->first : after->next;
    while (carrier != NULL && carrier->link != link) carrier = carrier->next;
    return carrier;
}

uint64_t plk_carriers_deadline(const struct plk_carriers *carriers) {
    uint64_t at_us = PLK_NEVER;
    for (const struct plk_carrier *carrier = carriers->first; carrier != NULL; carrier = carrier->next) {
        if (carrier->link != NULL && carrier->open) continue;
        at_us = plk_earlier(at_us, carrier->since_us + PLK_CARRIER_STRANGER_US);
    }
    return at_us;
}

// SPDX-License-Identifier: MIT
#include "node/leaving.h"

#include "node/inside.h"

void plk_leaving_begin(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_box *next;
    for (struct plk_box *box = relay->boxes; box != NULL; box = next) {
        next = box->next;
        if (!box->own || box->use == PLK_BOX_LEFT) continue;
        if (box->use == PLK_BOX_INVITE || box->refused) {
            plk_box_drop(node, box);
        } else {
            plk_box_set_aside(node, box);
            box->renew_us = node->now.mono_us + PLK_LEAVING_MOST_US;
        }
    }
}

void plk_leaving_came(struct plk_node *node, struct plk_box *box) {
    uint64_t until_us = plk_earlier(node->now.mono_us + PLK_LEAVING_CONNECT_US, box->renew_us);
    if (box->relay->wanted_us < until_us) box->relay->wanted_us = until_us;
}

// What has come is acknowledged when it is durable, and may wait for rows to be read before that.
static bool all_is_kept(const struct plk_node *node) {
    return node->boxes.ack_count == 0 && node->boxes.cell_bytes == 0;
}

static uint64_t due_of(const struct plk_node *node, const struct plk_box *box) {
    bool ours_again = box->relay->source != PLK_RELAY_FOREIGN;
    uint64_t until_us = ours_again ? box->renew_us : plk_earlier(box->renew_us, box->relay->wanted_us);
    if (!box->ready) return until_us;
    uint64_t quiet_us = box->stirred_us + PLK_LEAVING_QUIET_US;
    if (quiet_us <= node->now.mono_us && !all_is_kept(node)) quiet_us = node->now.mono_us + PLK_LEAVING_QUIET_US;
    return plk_earlier(until_us, quiet_us);
}

void plk_leaving_look(struct plk_node *node, struct plk_relay_link *relay) {
    struct plk_box *next;
    for (struct plk_box *box = relay->boxes; box != NULL; box = next) {
        next = box->next;
        if (box->use == PLK_BOX_LEFT && due_of(node, box) <= node->now.mono_us) plk_box_drop(node, box);
    }
}

uint64_t plk_leaving_due(const struct plk_node *node, const struct plk_relay_link *relay) {
    uint64_t due_us = PLK_NEVER;
    for (const struct plk_box *box = relay->boxes; box != NULL; box = box->next) {
        if (box->use == PLK_BOX_LEFT) due_us = plk_earlier(due_us, due_of(node, box));
    }
    return due_us;
}

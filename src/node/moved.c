// SPDX-License-Identifier: MIT
#include "node/moved.h"

#include "node/inside.h"

void plk_moved_begin(struct plk_node *node, struct plk_peer *peer) {
    uint8_t value[PLK_QUEUE_LIST_LEN_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    struct plk_queue_list list;
    plk_boxes_told(node, peer->row.contact, &list);
    plk_boxes_drop_of(node, PLK_BOX_MOVED, false, peer->row.contact);
    plk_queue_list_encode(&w, &list);
    plk_assert(!w.failed);
    peer->warm->moved_queues.len = 0;
    plk_buf_put(node->mem, &peer->warm->moved_queues, plk_writer_bytes(&w));
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_QUEUES_MOVED, plk_writer_bytes(&w));
    plk_mem_wipe(&list, sizeof list);
    plk_mem_wipe(value, sizeof value);
}

void plk_moved_seen(struct plk_node *node, struct plk_peer *peer, const uint8_t device[PLK_DEVICE_LEN]) {
    struct plk_warm *warm = peer->warm;
    bool recent = warm->moved_us != 0 && node->now.mono_us - warm->moved_us < PLK_MOVED_AGAIN_US;
    if (recent || !warm->has_recovery || !plk_recovery_is_refused(&warm->recovery, device)) return;
    warm->moved_due = true;
    memcpy(warm->moved_device, device, sizeof warm->moved_device);
    plk_peer_touch(node, peer);
}

static void put_into(struct plk_node *node, const struct plk_peer *peer, enum plk_box_use use,
                     struct plk_bytes content) {
    struct plk_box *box = NULL;
    while ((box = plk_boxes_next(node, use, false, peer->row.contact, box)) != NULL) {
        // Not kept for later if it cannot be now: the device is told again when it is heard of again.
        if (plk_box_put(node, box, ++node->put_number, content) != PLK_ERR_OK) node->counters.limited++;
    }
}

void plk_moved_tell(struct plk_node *node, struct plk_peer *peer) {
    struct plk_warm *warm = peer->warm;
    uint8_t content[1 + PLK_RECORD_MOVED_LEN] = {PLK_CELL_REFUSED};
    struct plk_queue_list list, told;
    if (!warm->moved_due) return;
    warm->moved_due = false;
    warm->moved_us = node->now.mono_us;
    plk_record_moved_encode(content + 1, warm->moved_device);
    plk_boxes_told(node, peer->row.contact, &told);
    if (plk_queue_list_decode(plk_buf_bytes(&warm->moved_queues), &list) != PLK_ERR_OK) list.count = 0;
    for (unsigned i = 0; i < list.count;) { // those that are the same are written once
        unsigned k = 0;
        while (k < told.count && memcmp(told.at[k].sid, list.at[i].sid, sizeof list.at[i].sid) != 0) k++;
        if (k < told.count) {
            list.at[i] = list.at[--list.count];
        } else {
            i++;
        }
    }
    plk_boxes_add(node, PLK_BOX_MOVED, peer->row.contact, &list);
    put_into(node, peer, PLK_BOX_CONTACT, plk_bytes(content, sizeof content));
    put_into(node, peer, PLK_BOX_MOVED, plk_bytes(content, sizeof content));
    plk_mem_wipe(&list, sizeof list);
    plk_mem_wipe(&told, sizeof told);
}

bool plk_moved_cell(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    uint8_t device[PLK_DEVICE_LEN];
    if (plk_record_moved_decode(content, device) != PLK_ERR_OK) return false;
    bool ours = memcmp(device, node->profile.device, PLK_DEVICE_LEN) == 0;
    if (ours && peer->row.state == PLK_CONTACT_ACTIVE) plk_peer_replaced(node, peer);
    return true;
}

// SPDX-License-Identifier: MIT
// What goes into queues and comes out of them, and what their relays say of them.
#include "node/boxes.h"
#include "node/inside.h"
#include "node/leaving.h"
#include "node/post.h"
#include "node/parley.h"

// ---- cells ----------------------------------------------------------------------------------------------------------

static enum plk_err put_under(struct plk_node *node, struct plk_box *box, uint64_t put, struct plk_bytes content,
                              const uint8_t nonce[PLK_XNONCE_LEN]) {
    size_t len = plk_cell_len(content.len);
    if (len == 0) return PLK_ERR_TOO_LONG;
    if (plk_queue_client_put_room(box->relay->queues) < len) return PLK_ERR_LIMIT;
    uint8_t *cell = plk_mem_take(node->mem, len);
    plk_cell_seal(cell, box->envelope, box->sid, nonce, content);
    enum plk_err err = plk_queue_client_put(box->relay->queues, box->id, put, plk_bytes(cell, len));
    plk_mem_give(node->mem, cell);
    if (err != PLK_ERR_OK) return err == PLK_ERR_NOT_FOUND ? PLK_ERR_CLOSED : err;
    plk_relays_want(node, box->relay);
    plk_relays_touch(node, box->relay);
    return PLK_ERR_OK;
}

enum plk_err plk_box_put(struct plk_node *node, struct plk_box *box, uint64_t put, struct plk_bytes content) {
    uint8_t nonce[PLK_XNONCE_LEN];
    plk_rng_bytes(&node->rng, nonce, sizeof nonce);
    return put_under(node, box, put, content, nonce);
}

enum plk_err plk_box_put_alike(struct plk_node *node, struct plk_box *box, uint64_t put, struct plk_bytes content) {
    uint8_t nonce[PLK_XNONCE_LEN];
    plk_cell_nonce(nonce, box->envelope, box->relay->key, box->sid, content);
    return put_under(node, box, put, content, nonce);
}

void plk_box_put_cancel(struct plk_node *node, struct plk_box *box, uint64_t put) {
    plk_queue_client_put_cancel(box->relay->queues, put);
    plk_relays_touch(node, box->relay);
}

static void acknowledge(struct plk_node *node, uint32_t id, uint64_t number) {
    struct plk_box *box = plk_boxes_find(node, id);
    if (box == NULL) return;
    plk_queue_client_ack(box->relay->queues, id, number);
    plk_relays_touch(node, box->relay);
}

void plk_box_ack(struct plk_node *node, struct plk_box *box, uint64_t number, uint64_t mark) {
    struct plk_boxes *boxes = &node->boxes;
    if (plk_ledger_durable(&node->ledger, mark)) {
        acknowledge(node, box->id, number);
        return;
    }
    if (boxes->ack_count == boxes->ack_cap) {
        boxes->ack_cap = boxes->ack_cap == 0 ? 16 : boxes->ack_cap * 2;
        boxes->acks = plk_mem_grow(boxes->mem, boxes->acks, boxes->ack_cap * sizeof *boxes->acks);
    }
    boxes->acks[boxes->ack_count++] = (struct plk_box_ack){.box = box->id, .number = number, .mark = mark};
}

void plk_boxes_stored(struct plk_node *node) {
    struct plk_boxes *boxes = &node->boxes;
    size_t kept = 0;
    for (size_t i = 0; i < boxes->ack_count; i++) {
        if (plk_ledger_durable(&node->ledger, boxes->acks[i].mark)) {
            acknowledge(node, boxes->acks[i].box, boxes->acks[i].number);
        } else {
            boxes->acks[kept++] = boxes->acks[i];
        }
    }
    boxes->ack_count = kept;
}

enum plk_err plk_box_write(struct plk_node *node, struct plk_box *box, const uint8_t cell_key[PLK_KEY_LEN],
                           uint64_t sequence, struct plk_bytes content) {
    uint8_t nonce[PLK_XNONCE_LEN], cell[PLK_QUEUE_CELL_SMALL];
    plk_rng_bytes(&node->rng, nonce, sizeof nonce);
    plk_cell_bundle_seal(cell, cell_key, box->sid, sequence, nonce, content);
    enum plk_err err = plk_queue_client_write(box->relay->queues, box->id, sequence, plk_bytes(cell, sizeof cell));
    plk_relays_touch(node, box->relay);
    return err;
}

void plk_box_read(struct plk_node *node, struct plk_box *box) {
    plk_relays_want(node, box->relay);
    plk_queue_client_read(box->relay->queues, box->id);
    plk_relays_touch(node, box->relay);
}

void plk_box_guest(struct plk_node *node, struct plk_box *box) {
    plk_relays_want(node, box->relay);
    plk_queue_client_guest(box->relay->queues, box->id);
    plk_relays_touch(node, box->relay);
}

bool plk_boxes_have_room(const struct plk_node *node) { return node->boxes.cell_bytes < PLK_BOX_CELLS_BYTES; }

// ---- packets --------------------------------------------------------------------------------------------------------

void plk_box_reopen(struct plk_node *node, struct plk_box *box) {
    plk_queue_client_forget(box->relay->queues, box->id, false);
    box->parley.put_out = false; // given up with it
    box->refused = plk_queue_client_sender(box->relay->queues, box->id, box->sid, box->secret) != PLK_ERR_OK;
    plk_relays_want(node, box->relay);
    plk_relays_touch(node, box->relay);
}

void plk_box_attach(struct plk_node *node, struct plk_box *box) {
    uint32_t handle;
    plk_relays_want(node, box->relay);
    if (!plk_box_takes(box) || box->ready) return;
    if (plk_queue_client_handle(box->relay->queues, box->id, &handle) == PLK_ERR_OK) plk_relays_touch(node, box->relay);
}

bool plk_box_takes(const struct plk_box *box) { return plk_relay_link_is_up(box->relay) && !box->refused; }

bool plk_box_pass(struct plk_node *node, struct plk_box *box, struct plk_bytes packet, struct plk_output *output) {
    struct plk_relay_channel_frame frame = {.type = PLK_FRAME_PASS, .bytes = packet};
    plk_relays_want(node, box->relay);
    if (!plk_box_takes(box)) return false;
    if (plk_queue_client_handle(box->relay->queues, box->id, &frame.handle) != PLK_ERR_OK) return false;
    plk_relays_touch(node, box->relay); // an ATTACH that goes before may be due
    return plk_relays_pass(node, box->relay, &frame, output);
}

void plk_boxes_frame(struct plk_node *node, struct plk_relay_link *relay, const struct plk_relay_channel_frame *frame) {
    uint32_t id;
    struct plk_box *box = NULL;
    if (frame->type == PLK_FRAME_FWD) {
        plk_relays_forwarded(node, relay, frame);
        return;
    }
    if (plk_queue_client_of_handle(relay->queues, frame->handle, &id)) box = plk_boxes_find(node, id);
    if (box == NULL) {
        node->counters.stranger++;
    } else if (frame->type == PLK_FRAME_PASS && box->own) {
        plk_post_packet(node, box, frame->bytes);
    } else if (frame->type == PLK_FRAME_NOBODY && !box->own) {
        box->nobody_us = node->now.mono_us;
        plk_post_nobody(node, box);
    } else {
        node->counters.protocol++;
    }
}

// ---- what a relay tells ---------------------------------------------------------------------------------------------

static void tell_state(struct plk_node *node, struct plk_box *box) {
    if (box->use == PLK_BOX_LEFT) return;
    if (box->use == PLK_BOX_INVITE) {
        if (box->own) {
            plk_parley_own_state(node, box);
        } else {
            plk_parley_foreign_state(node, box);
        }
    } else {
        plk_post_state(node, box);
    }
}

static void on_state(struct plk_node *node, struct plk_box *box) {
    enum plk_queue_client_state state = plk_queue_client_state(box->relay->queues, box->id);
    box->ready = state == PLK_QUEUE_CLIENT_READY;
    box->refused = state == PLK_QUEUE_CLIENT_REFUSED;
    if (box->own) box->stirred_us = node->now.mono_us;
    if (box->ready) box->refusals = 0;
    if (box->refused) {
        box->refusals++;
        box->refused_us = node->now.mono_us;
    }
    if (box->own && box->ready) plk_box_made(node, box);
    tell_state(node, box);
}

static void on_item(struct plk_node *node, struct plk_box *box, const struct plk_queue_client_event *event) {
    struct plk_bytes content;
    uint8_t *text = plk_mem_take(node->mem, event->bytes.len);
    box->stirred_us = node->now.mono_us;
    if (box->use == PLK_BOX_LEFT) plk_leaving_came(node, box);
    enum plk_err err = plk_cell_open(text, box->envelope, box->sid, event->bytes, &content);
    if (err != PLK_ERR_OK) {
        node->counters.forged++;
        plk_box_ack(node, box, event->number, 0);
    } else if (box->use == PLK_BOX_INVITE) {
        plk_parley_cell(node, box, event->number, content);
    } else {
        plk_post_cell(node, box, event->number, content);
    }
    plk_mem_wipe(text, event->bytes.len);
    plk_mem_give(node->mem, text);
}

static void on_put(struct plk_node *node, struct plk_box *box, const struct plk_queue_client_event *event) {
    if (box->use == PLK_BOX_INVITE || (event->number & PLK_PARLEY_PUT) != 0) {
        plk_parley_put_done(node, box, event->number, event->code);
    } else {
        plk_post_put_done(node, box, event->number, event->code);
    }
}

void plk_boxes_event(struct plk_node *node, const struct plk_queue_client_event *event) {
    struct plk_box *box = plk_boxes_find(node, event->id);
    if (box == NULL) return; // dropped meanwhile
    bool invite = box->use == PLK_BOX_INVITE;
    switch (event->kind) {
    case PLK_QUEUE_CLIENT_STATE:
        on_state(node, box);
        break;
    case PLK_QUEUE_CLIENT_PUT_DONE:
        on_put(node, box, event);
        break;
    case PLK_QUEUE_CLIENT_ITEM:
        if (box->own) on_item(node, box, event);
        break;
    case PLK_QUEUE_CLIENT_CELL:
        if (invite && !box->own) plk_parley_bundle(node, box, event->number, event->bytes, PLK_QUEUE_CODE_OK);
        break;
    case PLK_QUEUE_CLIENT_NO_CELL:
        if (invite && !box->own) plk_parley_bundle(node, box, 0, plk_bytes(NULL, 0), event->code);
        break;
    case PLK_QUEUE_CLIENT_WRITTEN:
        if (invite && box->own) plk_parley_written(node, box, event->number, event->code);
        break;
    case PLK_QUEUE_CLIENT_TOKEN:
        if (invite && !box->own) plk_parley_guest(node, box, event->bytes.at, event->code);
        break;
    case PLK_QUEUE_CLIENT_NO_TOKEN:
        if (invite && !box->own) plk_parley_guest(node, box, NULL, event->code);
        break;
    case PLK_QUEUE_CLIENT_NOTHING:
    case PLK_QUEUE_CLIENT_DROPPED:
    case PLK_QUEUE_CLIENT_FORWARD: // node/relays
    case PLK_QUEUE_CLIENT_RELAYS:
    case PLK_QUEUE_CLIENT_BYE:
        break;
    }
}

void plk_boxes_up(struct plk_node *node, struct plk_relay_link *relay) {
    for (struct plk_box *box = relay->boxes; box != NULL; box = box->next) {
        if (!box->own) box->refused = false; // asked anew
    }
    plk_post_relay_up(node, relay);
    plk_links_relay_up(node);
}

void plk_boxes_down(struct plk_node *node, struct plk_relay_link *relay) {
    (void)node;
    for (struct plk_box *box = relay->boxes; box != NULL; box = box->next) box->ready = false;
}

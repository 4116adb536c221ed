// SPDX-License-Identifier: MIT
#include "node/parley.h"

#include "node/inside.h"

void plk_parley_own_state(struct plk_node *node, struct plk_box *box) { (void)node, (void)box; }

void plk_parley_cell(struct plk_node *node, struct plk_box *box, uint64_t number, struct plk_bytes content) {
    (void)content;
    plk_box_ack(node, box, number, 0);
}

void plk_parley_written(struct plk_node *node, struct plk_box *box, uint64_t sequence, enum plk_queue_code code) {
    (void)node, (void)box, (void)sequence, (void)code;
}

void plk_parley_foreign_state(struct plk_node *node, struct plk_box *box) { (void)node, (void)box; }

void plk_parley_bundle(struct plk_node *node, struct plk_box *box, uint64_t sequence, struct plk_bytes cell,
                       enum plk_queue_code code) {
    (void)node, (void)box, (void)sequence, (void)cell, (void)code;
}

void plk_parley_put_done(struct plk_node *node, struct plk_box *box, uint64_t put, enum plk_queue_code code) {
    (void)node, (void)box, (void)put, (void)code;
}

void plk_parley_guest(struct plk_node *node, struct plk_box *box, const uint8_t *token, enum plk_queue_code code) {
    (void)node, (void)box, (void)token, (void)code;
}

bool plk_parley_acceptance(struct plk_node *node, struct plk_peer *peer, struct plk_bytes content) {
    (void)node, (void)peer, (void)content;
    return true;
}

// SPDX-License-Identifier: MIT
// One's own profile: its rows, and what of it contacts are told.
#include "node/inside.h"

void plk_node_profile_body(const struct plk_node *node, struct plk_writer *w) {
    struct plk_profile_body body = {.name = plk_profile_name(&node->profile),
                                    .about = plk_profile_about(&node->profile),
                                    .avatar = plk_buf_bytes(&node->avatar)};
    plk_profile_body_encode(w, &body);
}

void plk_node_mark_profile(struct plk_node *node) {
    static const uint8_t key[16] = {0}; // it is compared with itself only
    uint8_t body[PLK_PROFILE_BODY_MAX];
    struct plk_writer w = plk_writer(body, sizeof body);
    plk_node_profile_body(node, &w);
    plk_assert(!w.failed);
    node->profile_mark = plk_siphash(key, plk_writer_bytes(&w)) | 1;
}

void plk_node_write_profile(struct plk_node *node) {
    static const uint8_t key[] = {'p'};
    uint8_t value[PLK_PROFILE_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_profile_encode(&w, &node->profile);
    plk_assert(!w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_profile, plk_bytes(key, sizeof key),
                     plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
    plk_node_mark_profile(node);
}

void plk_node_set_avatar(struct plk_node *node, struct plk_bytes avatar) {
    static const uint8_t key[] = {PLK_PROFILE_KEY_AVATAR};
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    plk_buf_free(node->mem, &node->avatar);
    if (avatar.len > 0) {
        plk_buf_put(node->mem, &node->avatar, avatar);
        plk_batch_upsert(batch, PLK_TABLE_profile, plk_bytes(key, sizeof key), avatar);
    } else {
        plk_batch_delete(batch, PLK_TABLE_profile, plk_bytes(key, sizeof key));
    }
    plk_node_mark_profile(node);
}

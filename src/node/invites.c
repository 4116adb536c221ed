// SPDX-License-Identifier: MIT
#include "node/invites.h"

#include "node/inside.h"

void plk_invites_init(struct plk_invites *invites, struct plk_mem *mem) { *invites = (struct plk_invites){.mem = mem}; }

void plk_invites_free(struct plk_invites *invites) { plk_mem_give(invites->mem, invites->list); }

struct plk_invite *plk_invites_find(const struct plk_invites *invites, uint32_t number) {
    for (size_t i = 0; i < invites->count; i++) {
        if (invites->list[i].number == number) return &invites->list[i];
    }
    return NULL;
}

struct plk_invite *plk_invites_add(struct plk_node *node, const struct plk_invite *invite) {
    struct plk_invites *invites = &node->invites;
    if (invites->count == invites->cap) {
        invites->cap = invites->cap == 0 ? 8 : invites->cap * 2;
        invites->list = plk_mem_grow(invites->mem, invites->list, invites->cap * sizeof *invites->list);
    }
    invites->list[invites->count] = *invite;
    uint8_t psk[32], key[PLK_HINT_KEY_LEN];
    plk_invite_session_psk(psk, invite->psk);
    plk_hint_key(key, psk, PLK_HINT_JOINER);
    plk_hints_add(&node->hints, PLK_HINT_USUAL, key, PLK_HINT_OF_INVITE | invite->number);
    plk_mem_wipe(psk, sizeof psk);
    return &invites->list[invites->count++];
}

void plk_invites_write(struct plk_node *node, const struct plk_invite *invite) {
    uint8_t key[PLK_INVITE_KEY_LEN], value[PLK_INVITE_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    plk_invite_key(key, invite->number);
    plk_invite_encode(&w, invite);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_invite, plk_bytes(key, sizeof key),
                     plk_writer_bytes(&w));
    plk_mem_wipe(value, sizeof value);
}

void plk_invites_remove(struct plk_node *node, uint32_t number) {
    struct plk_invites *invites = &node->invites;
    struct plk_invite *invite = plk_invites_find(invites, number);
    if (invite == NULL) return;
    uint8_t key[PLK_INVITE_KEY_LEN];
    plk_invite_key(key, number);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_invite, plk_bytes(key, sizeof key));
    plk_hints_remove(&node->hints, PLK_HINT_OF_INVITE | number);
    size_t at = (size_t)(invite - invites->list);
    memmove(invite, invite + 1, (invites->count - at - 1) * sizeof *invite);
    invites->count--;
    plk_mem_wipe(&invites->list[invites->count], sizeof *invites->list);
}

void plk_invites_close_of(struct plk_node *node, uint32_t contact) {
    for (size_t i = 0; i < node->invites.count; i++) {
        struct plk_invite *invite = &node->invites.list[i];
        if (invite->state != PLK_INVITE_SPENT || invite->contact != contact) continue;
        plk_invite_close(invite);
        plk_invites_write(node, invite);
    }
}

void plk_invites_expire(struct plk_node *node) {
    for (size_t i = node->invites.count; i-- > 0;) {
        const struct plk_invite *invite = &node->invites.list[i];
        if (plk_invite_is_over(invite, node->now.wall_ms)) plk_invites_remove(node, invite->number);
    }
}

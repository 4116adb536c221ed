// SPDX-License-Identifier: MIT
#include "node/invites.h"

#include "node/inside.h"

void plk_invites_init(struct plk_invites *invites, struct plk_mem *mem) { *invites = (struct plk_invites){.mem = mem}; }

void plk_invites_free(struct plk_invites *invites) {
    plk_mem_give(invites->mem, invites->list);
    plk_mem_give(invites->mem, invites->prekeys);
    plk_mem_give(invites->mem, invites->mets);
}

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
    if (invite->relay_only) return &invites->list[invites->count++]; // who calls directly gets no answer
    uint8_t psk[32], key[PLK_HINT_KEY_LEN];
    plk_invite_session_psk(psk, invite->psk);
    plk_hint_key(key, psk, PLK_HINT_JOINER);
    plk_hints_add(&node->hints, PLK_HINT_USUAL, key, PLK_HINT_OF_INVITE | invite->number);
    plk_mem_wipe(psk, sizeof psk);
    return &invites->list[invites->count++];
}

void plk_invites_seclude(struct plk_node *node, uint32_t number) {
    struct plk_invite *invite = plk_invites_find(&node->invites, number);
    plk_assert(invite->kind != PLK_LINK_KIND_INLINE);
    if (invite->relay_only) return;
    invite->relay_only = true;
    plk_hints_remove(&node->hints, PLK_HINT_OF_INVITE | number);
    plk_invites_write(node, invite);
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

// ---- what address links have besides

static void write_prekey(struct plk_node *node, const struct plk_prekey *prekey, bool is_there) {
    uint8_t key[PLK_PREKEY_KEY_MAX], value[PLK_PREKEY_ROW_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    plk_prekey_encode(&k, &w, prekey);
    plk_assert(!k.failed && !w.failed);
    if (is_there) {
        plk_batch_upsert(batch, PLK_TABLE_invite, plk_writer_bytes(&k), plk_writer_bytes(&w));
    } else {
        plk_batch_delete(batch, PLK_TABLE_invite, plk_writer_bytes(&k));
    }
    plk_mem_wipe(value, sizeof value);
}

static void write_met(struct plk_node *node, const struct plk_met *met, bool is_there) {
    uint8_t key[PLK_PREKEY_KEY_MAX], value[PLK_PREKEY_ROW_MAX];
    struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    plk_met_encode(&k, &w, met);
    plk_assert(!k.failed && !w.failed);
    if (is_there) {
        plk_batch_upsert(batch, PLK_TABLE_invite, plk_writer_bytes(&k), plk_writer_bytes(&w));
    } else {
        plk_batch_delete(batch, PLK_TABLE_invite, plk_writer_bytes(&k));
    }
}

const struct plk_prekey *plk_invites_newest(const struct plk_invites *invites, uint32_t number) {
    for (size_t i = invites->prekey_count; i-- > 0;) {
        if (invites->prekeys[i].invite == number) return &invites->prekeys[i];
    }
    return NULL;
}

const struct plk_prekey *plk_invites_prekey(const struct plk_invites *invites, uint32_t number,
                                            const uint8_t bundle_hash[32]) {
    for (size_t i = invites->prekey_count; i-- > 0;) {
        const struct plk_prekey *prekey = &invites->prekeys[i];
        if (prekey->invite == number && memcmp(prekey->bundle_hash, bundle_hash, 32) == 0) return prekey;
    }
    return NULL;
}

void plk_invites_add_prekey(struct plk_node *node, const struct plk_prekey *prekey, bool write) {
    struct plk_invites *invites = &node->invites;
    if (invites->prekey_count == invites->prekey_cap) {
        invites->prekey_cap = invites->prekey_cap == 0 ? 8 : invites->prekey_cap * 2;
        invites->prekeys = plk_mem_grow(invites->mem, invites->prekeys, invites->prekey_cap * sizeof *invites->prekeys);
    }
    invites->prekeys[invites->prekey_count++] = *prekey;
    if (write) write_prekey(node, prekey, true);
}

static void remove_prekey(struct plk_node *node, size_t at) {
    struct plk_invites *invites = &node->invites;
    struct plk_prekey *prekey = &invites->prekeys[at];
    write_prekey(node, prekey, false);
    memmove(prekey, prekey + 1, (invites->prekey_count - at - 1) * sizeof *prekey);
    invites->prekey_count--;
    plk_mem_wipe(&invites->prekeys[invites->prekey_count], sizeof *prekey);
}

const struct plk_met *plk_invites_met(const struct plk_invites *invites, uint32_t number, const uint8_t blob_hash[32]) {
    for (size_t i = 0; i < invites->met_count; i++) {
        const struct plk_met *met = &invites->mets[i];
        if (met->invite == number && memcmp(met->blob_hash, blob_hash, 32) == 0) return met;
    }
    return NULL;
}

void plk_invites_add_met(struct plk_node *node, const struct plk_met *met, bool write) {
    struct plk_invites *invites = &node->invites;
    if (invites->met_count == invites->met_cap) {
        invites->met_cap = invites->met_cap == 0 ? 8 : invites->met_cap * 2;
        invites->mets = plk_mem_grow(invites->mem, invites->mets, invites->met_cap * sizeof *invites->mets);
    }
    invites->mets[invites->met_count++] = *met;
    if (write) write_met(node, met, true);
}

static void remove_met(struct plk_node *node, size_t at) {
    struct plk_invites *invites = &node->invites;
    write_met(node, &invites->mets[at], false);
    invites->mets[at] = invites->mets[--invites->met_count];
}

void plk_invites_forget_met(struct plk_node *node, uint32_t contact) {
    for (size_t i = 0; i < node->invites.met_count; i++) {
        struct plk_met *met = &node->invites.mets[i];
        if (met->contact != contact) continue;
        met->contact = 0;
        write_met(node, met, true);
    }
}

static void name_device(const struct plk_node *node, struct plk_prekey *prekey) {
    static const uint8_t none[PLK_DEVICE_LEN];
    const struct plk_invite *invite = plk_invites_find(&node->invites, prekey->invite);
    if (memcmp(prekey->device, none, sizeof none) != 0 || invite == NULL) return;
    memcpy(prekey->device, invite->device, sizeof prekey->device);
}

enum plk_err plk_invites_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_invite invite;
    struct plk_prekey prekey;
    struct plk_met met;
    enum plk_err err = PLK_ERR_CORRUPT;
    if (row->key.len == PLK_INVITE_KEY_LEN) {
        err = plk_invite_decode(row->key, row->value, &invite);
        if (err == PLK_ERR_OK) plk_invites_add(node, &invite);
        plk_mem_wipe(&invite, sizeof invite);
    } else if (plk_prekey_decode(row->key, row->value, &prekey) == PLK_ERR_OK) {
        name_device(node, &prekey);
        plk_invites_add_prekey(node, &prekey, false);
        plk_mem_wipe(&prekey, sizeof prekey);
        err = PLK_ERR_OK;
    } else if (plk_met_decode(row->key, row->value, &met) == PLK_ERR_OK) {
        plk_invites_add_met(node, &met, false);
        err = PLK_ERR_OK;
    }
    return err;
}

// ---- backups

void plk_invites_back_up(struct plk_node *node, struct plk_buf *backup) {
    const struct plk_invites *invites = &node->invites;
    uint8_t key[PLK_PREKEY_KEY_MAX], value[PLK_PREKEY_ROW_MAX];
    for (size_t i = 0; i < invites->prekey_count + invites->met_count; i++) {
        struct plk_writer k = plk_writer(key, sizeof key), w = plk_writer(value, sizeof value);
        if (i < invites->prekey_count) {
            plk_prekey_encode(&k, &w, &invites->prekeys[i]);
        } else {
            plk_met_encode(&k, &w, &invites->mets[i - invites->prekey_count]);
        }
        plk_assert(!k.failed && !w.failed);
        plk_backup_put_row(node->mem, backup, PLK_BACKUP_PREKEY, plk_writer_bytes(&k), plk_writer_bytes(&w));
    }
    plk_mem_wipe(value, sizeof value);
}

// The blob of one who is no contact here may be met again: nothing of it was restored.
void plk_invites_restore(struct plk_node *node, const struct plk_row *row, const struct plk_map *contacts) {
    struct plk_prekey prekey;
    struct plk_met met;
    if (plk_prekey_decode(row->key, row->value, &prekey) == PLK_ERR_OK) {
        name_device(node, &prekey);
        if (plk_invites_find(&node->invites, prekey.invite) != NULL) plk_invites_add_prekey(node, &prekey, true);
        plk_mem_wipe(&prekey, sizeof prekey);
    } else if (plk_met_decode(row->key, row->value, &met) == PLK_ERR_OK &&
               plk_invites_find(&node->invites, met.invite) != NULL) {
        bool rejected = met.contact == 0;
        met.contact = (uint32_t)plk_map_find(contacts, met.contact);
        if (rejected || met.contact != 0) plk_invites_add_met(node, &met, true);
    }
}

// ---- and go

void plk_invites_remove(struct plk_node *node, uint32_t number) {
    struct plk_invites *invites = &node->invites;
    struct plk_invite *invite = plk_invites_find(invites, number);
    if (invite == NULL) return;
    plk_boxes_drop_of(node, PLK_BOX_INVITE, true, number);
    for (size_t i = invites->prekey_count; i-- > 0;) {
        if (invites->prekeys[i].invite == number) remove_prekey(node, i);
    }
    for (size_t i = invites->met_count; i-- > 0;) {
        if (invites->mets[i].invite == number) remove_met(node, i);
    }
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
    struct plk_invites *invites = &node->invites;
    uint64_t now_ms = node->now.wall_ms;
    for (size_t i = invites->count; i-- > 0;) {
        if (plk_invite_is_over(&invites->list[i], now_ms)) plk_invites_remove(node, invites->list[i].number);
    }
    for (size_t i = invites->prekey_count; i-- > 0;) {
        if (plk_prekey_is_over(&invites->prekeys[i], now_ms)) remove_prekey(node, i);
    }
    for (size_t i = invites->met_count; i-- > 0;) {
        if (now_ms >= invites->mets[i].until_ms) remove_met(node, i);
    }
}

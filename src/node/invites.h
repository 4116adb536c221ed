// SPDX-License-Identifier: MIT
// One's own invites, open and spent: rows that are all read at start.
#ifndef PLK_NODE_INVITES_H
#define PLK_NODE_INVITES_H

#include "base/buf.h"
#include "base/map.h"
#include "contact/invite.h"
#include "contact/prekey.h"
#include "wire/table.h"

#define PLK_INVITER_LINKS_MAX 16  // meetings under way at a time
#define PLK_INVITES_METS_MAX 4096 // blobs that are remembered; beyond it an address link takes no new one

struct plk_node;

struct plk_invites {
    struct plk_mem *mem;
    struct plk_invite *list; // by number
    size_t count, cap;
    struct plk_prekey *prekeys; // of address links, older ones first
    size_t prekey_count, prekey_cap;
    struct plk_met *mets; // blobs that came by them
    size_t met_count, met_cap;
};

void plk_invites_init(struct plk_invites *invites, struct plk_mem *mem);
void plk_invites_free(struct plk_invites *invites);
struct plk_invite *plk_invites_find(const struct plk_invites *invites, uint32_t number);
// From a stored row, or a new one; its hint key is added. The result is borrowed until the next add or remove.
struct plk_invite *plk_invites_add(struct plk_node *node, const struct plk_invite *invite);
// From now on who comes by it is reached through one's own relays only, and nobody is answered directly under it. Not of an inline one.
void plk_invites_seclude(struct plk_node *node, uint32_t number);
void plk_invites_write(struct plk_node *node, const struct plk_invite *invite);
void plk_invites_remove(struct plk_node *node, uint32_t number); // row and memory
void plk_invites_close_of(struct plk_node *node,
                          uint32_t contact);    // the spent ones: their acceptance is needed no more
void plk_invites_expire(struct plk_node *node); // those that are over; prekeys and blobs likewise

// A row of the start. CORRUPT.
enum plk_err plk_invites_row(struct plk_node *node, const struct plk_row *row);

// Prekeys of address links, and blobs that were met, for a backup; and out of one, behind their invites: written. contacts: from the
// numbers in it to those of this device. What is no row is passed over.
void plk_invites_back_up(struct plk_node *node, struct plk_buf *backup);
void plk_invites_restore(struct plk_node *node, const struct plk_row *row, const struct plk_map *contacts);

// ---- address links. Pointers are borrowed until the next add or remove.
const struct plk_prekey *plk_invites_newest(const struct plk_invites *invites, uint32_t number); // or NULL
const struct plk_prekey *plk_invites_prekey(const struct plk_invites *invites, uint32_t number,
                                            const uint8_t bundle_hash[32]); // or NULL
void plk_invites_add_prekey(struct plk_node *node, const struct plk_prekey *prekey, bool write);
const struct plk_met *plk_invites_met(const struct plk_invites *invites, uint32_t number,
                                      const uint8_t blob_hash[32]); // or NULL
void plk_invites_add_met(struct plk_node *node, const struct plk_met *met, bool write);
void plk_invites_forget_met(struct plk_node *node, uint32_t contact); // its blobs are remembered, and are nobody's

#endif

// SPDX-License-Identifier: MIT
// What both sides of a first contact do.
#ifndef PLK_NODE_ACQUAINT_H
#define PLK_NODE_ACQUAINT_H

#include "node/boxes.h"
#include "node/peers.h"
#include "wire/invite.h"

#define PLK_ACQUAINT_MORE_US PLK_SECOND // for a second queue, when the first is there

// A contact that was not there: numbered (number 0: the next one; else one that was set aside), named (an empty name gets one),
// warm. The caller writes its row.
struct plk_peer *plk_acquaint_new(struct plk_node *node, const uint8_t peer_id[PLK_PEER_ID_LEN],
                                  enum plk_contact_state state, struct plk_bytes name, uint32_t number);
uint32_t plk_acquaint_number(struct plk_node *node); // sets one aside

// Own queues for a contact, on the first two own relays that answer, so that its blob or acceptance tells of them. True: go on, all
// that will be soon are there (or there are no relays, or none makes any). limit_us: go on without any after so long; PLK_NEVER.
bool plk_acquaint_queues(struct plk_node *node, uint32_t contact, struct plk_queues_wait *wait, uint64_t limit_us);
uint64_t plk_acquaint_queues_due(const struct plk_queues_wait *wait, uint64_t limit_us); // when it is to be asked again

// The value of payload's `queues`: into out, empty when there are none.
struct plk_bytes plk_acquaint_offer(struct plk_node *node, uint32_t contact, uint8_t out[PLK_QUEUE_LIST_LEN_MAX]);

// What the other side has said of its own: that list is known from now on. Empty: it has said nothing.
void plk_acquaint_learn(struct plk_node *node, struct plk_peer *peer, struct plk_bytes queues);

// A blob of the peer's that it has given up since it was made: another of its blobs, or one of ours, was accepted after it
// (first-contact.md, section 5). The peer could not read an acceptance of it. The contact is warm.
bool plk_acquaint_given_up(const struct plk_peer *peer, const struct plk_payload *theirs);

// A first contact is complete, with someone new or with one who was here before (DESIGN 3.1): the new recovery secret in
// memory, what belongs to the one before it ended. Says how mail goes on.
enum plk_mail_begin plk_acquaint_renew(struct plk_node *node, struct plk_peer *peer,
                                       const struct plk_identity *identity, const uint8_t secret[32],
                                       const struct plk_payload *theirs);

// Then, with a ratchet in place: recovery, link generation 1, name and addresses are written, the contact is active, and a
// link of earlier keys ends. agreed: this side has seen the other's half last (contact/generation.h).
void plk_acquaint_know(struct plk_node *node, struct plk_peer *peer, const struct plk_first *first,
                       const uint8_t link_secret[32], const struct plk_payload *theirs, bool agreed);

// ---- add.c: what both kinds of links need
struct plk_command;
// Mail of someone new begins; a first text is in its history, and its envelope in *envelope, for the blob.
void plk_add_begin_mail(struct plk_node *node, struct plk_peer *peer, struct plk_bytes note, struct plk_buf *envelope);
// To someone known; empty: nothing. id: of the message, NULL: a new one.
void plk_add_note(struct plk_node *node, struct plk_peer *peer, struct plk_bytes note, const uint8_t *id);
// Why a link of this contact cannot be used now. bundle NULL: it is not there yet. BLOCKED, CORRUPT, BUSY, MOVED.
enum plk_err plk_add_check_again(const struct plk_peer *peer, const struct plk_bundle *bundle);
// The blob, in memory: for someone new, whose mail has begun and has no ratchet; and for one whose mail goes on as it was.
enum plk_err plk_add_first_blob(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                                const struct plk_bundle *bundle, struct plk_bytes envelope);
enum plk_err plk_add_blob_apart(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link,
                                const struct plk_bundle *bundle);
// Then: its rows are written, and the contact is called.
void plk_add_commit(struct plk_node *node, struct plk_peer *peer, const struct plk_invite_link *link);
void plk_add_result(struct plk_node *node, const struct plk_command *command, struct plk_peer *peer, bool known);

// ---- welcome.c: the acceptance of what was opened, with rows, in memory; the caller spends the invite in the same batch.
// requested: mail has begun with the ratchet, and the texts are there.
struct plk_first_opened;
void plk_welcome_accept(struct plk_node *node, struct plk_peer *peer, struct plk_first_opened *opened,
                        const uint8_t hash[PLK_FIRST_HASH_LEN], bool requested);

#endif

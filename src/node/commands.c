// SPDX-License-Identifier: MIT
// What a person or a program asks for. A result leaves when all that the command changed is durable.
#include "node/inside.h"
#include "node/reach.h"

void plk_node_result(struct plk_node *node, uint64_t ticket, enum plk_err err) {
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = ticket, .err = err}};
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

// ---- the profile ------------------------------------------------------------------------------------------------------

static void write_replaces(struct plk_node *node) {
    static const uint8_t key[] = {'s'};
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_profile, plk_bytes(key, sizeof key),
                     plk_bytes(node->replaces, sizeof node->replaces));
}

static enum plk_err init(struct plk_node *node, const struct plk_command *command) {
    if (node->state != PLK_NODE_EMPTY) return PLK_ERR_EXISTS;
    if (command->seed.len != 0 && command->seed.len != PLK_SEED_LEN) return PLK_ERR_INVALID;
    if (command->backup.len > 0 && command->seed.len == 0) return PLK_ERR_INVALID;
    static const char nameless[] = "me";
    struct plk_bytes name = command->name.len > 0 ? command->name : plk_bytes(nameless, sizeof nameless - 1);
    const uint8_t *seed = command->seed.len > 0 ? command->seed.at : NULL;
    enum plk_err err = plk_profile_make(&node->profile, seed, name, node->now.wall_ms, &node->rng);
    if (err != PLK_ERR_OK) return err;
    plk_persona_derive(&node->persona, node->profile.seed);
    if (command->backup.len > 0) err = plk_backup_restore(node, command->backup, node->profile.seed);
    if (err != PLK_ERR_OK) {
        plk_mem_wipe(&node->profile, sizeof node->profile);
        plk_mem_wipe(&node->persona, sizeof node->persona);
        return err;
    }
    plk_node_write_profile(node);
    if (command->backup.len > 0) write_replaces(node);
    node->state = PLK_NODE_READY;
    plk_node_greet_all(node); // the contacts of a backup re-key as soon as they answer
    return PLK_ERR_OK;
}

// Who is cold is told as soon as it has been read; after a restart that is when everyone is greeted.
static enum plk_err set_profile(struct plk_node *node, const struct plk_command *command) {
    enum plk_err err = plk_profile_check_avatar(command->data);
    if (err == PLK_ERR_OK) err = plk_profile_rename(&node->profile, command->name, command->about);
    if (err != PLK_ERR_OK) return err;
    if (command->data.at != NULL) plk_node_set_avatar(node, command->data);
    plk_node_write_profile(node);
    for (size_t i = 0; i < node->peers.count; i++) {
        struct plk_peer *peer = node->peers.list[i];
        if (peer->row.state != PLK_CONTACT_ACTIVE || peer->row.blocked) continue;
        if (peer->heat == PLK_WARM) {
            plk_peer_touch(node, peer);
        } else {
            peer->greet = true;
            plk_peer_dial_soon(node, peer, PLK_PEER_GREET_GAP_US * i);
        }
    }
    return PLK_ERR_OK;
}

// ---- invites ----------------------------------------------------------------------------------------------------------

static enum plk_err invite(struct plk_node *node, const struct plk_command *command) {
    bool any = command->invite_kind == PLK_INVITE_AUTO;
    plk_invites_expire(node);
    if (command->invite_kind == PLK_INVITE_ADDRESS) return plk_publish_invite(node, command, PLK_LINK_KIND_ADDRESS);
    if (command->invite_kind == PLK_INVITE_ONE_TIME || (any && plk_relays_has_own(&node->relays)))
        return plk_publish_invite(node, command, PLK_LINK_KIND_ONE_TIME);
    if (command->flag) return any ? PLK_ERR_NO_RELAY : PLK_ERR_INVALID; // an inline link tells where we are
    if (node->invites.count >= PLK_INVITE_OPEN_MAX) return PLK_ERR_LIMIT;
    struct plk_places places;
    plk_network_places(&node->network, &places);
    if (places.count == 0) return PLK_ERR_NO_ADDRESS;
    struct plk_invite made;
    char text[PLK_INVITE_LINK_TEXT_MAX];
    size_t len;
    plk_invite_make(&made, node->profile.next_invite, PLK_LINK_KIND_INLINE, node->profile.device, node->now.wall_ms,
                    PLK_INVITE_LIFE_MS, &node->rng);
    enum plk_err err = plk_invite_text(&made, &node->persona, &places, text, &len);
    if (err != PLK_ERR_OK) return err;
    node->profile.next_invite++;
    plk_node_write_profile(node);
    plk_invites_write(node, plk_invites_add(node, &made));
    plk_mem_wipe(&made, sizeof made);
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket}};
    output.result.text = plk_bytes(text, len);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
    plk_mem_wipe(text, sizeof text);
    return PLK_ERR_OK;
}

// ---- messages -----------------------------------------------------------------------------------------------------------

bool plk_node_command_wait(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command) {
    if (peer->command_count >= PLK_PEER_COMMANDS_MAX) return false;
    struct plk_waiting_command *waiting = plk_mem_take(node->mem, sizeof *waiting);
    plk_command_copy(node->mem, &waiting->command, &waiting->bytes, command);
    if (peer->last_command != NULL) {
        peer->last_command->next = waiting;
    } else {
        peer->commands = waiting;
    }
    peer->last_command = waiting;
    peer->command_count++;
    plk_peer_warm(node, peer);
    return true;
}

static enum plk_err check_send(const struct plk_node *node, const struct plk_command *command) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    if (peer->row.blocked) return PLK_ERR_BLOCKED;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    if (peer->row.state != PLK_CONTACT_ACTIVE && peer->row.state != PLK_CONTACT_ADDED) return PLK_ERR_CLOSED;
    if (command->text.len == 0) return PLK_ERR_EMPTY;
    if (command->text.len > PLK_BODY_MAX || command->caller_id.len > PLK_CALLER_ID_MAX) return PLK_ERR_TOO_LONG;
    return plk_bytes_is_utf8(command->text) ? PLK_ERR_OK : PLK_ERR_NOT_UTF8;
}

void plk_node_send_now(struct plk_node *node, const struct plk_command *command) {
    enum plk_err err = check_send(node, command);
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (err == PLK_ERR_OK && peer->heat != PLK_WARM) {
        if (!plk_node_command_wait(node, peer, command)) plk_node_result(node, command->ticket, PLK_ERR_BUSY);
        return;
    }
    struct plk_mail_body body = {.kind = PLK_BODY_TEXT, .payload = command->text};
    // What lies apart from its origin has no name that the peer knows.
    body.has_target = command->has_target && command->target.seq > 0 && command->target.seq <= PLK_MESSAGE_SEQ_MAX;
    body.target = command->target;
    uint64_t row = 0;
    plk_ledger_turn(&node->ledger);
    if (err == PLK_ERR_OK) {
        struct plk_mail_turn turn = plk_node_turn(node);
        plk_rng_bytes(&node->rng, body.id, sizeof body.id);
        body.lifetime_s = peer->row.timer_s;
        err = plk_mail_send(peer->warm->mail, &turn, &body, &row);
    }
    if (err != PLK_ERR_OK) {
        plk_node_result(node, command->ticket, err);
        return;
    }
    peer->warm->used_us = node->now.mono_us;
    if (command->caller_id.len > 0) plk_callers_made(node, command->caller_id, command->contact, row, body.id);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
    plk_post_ask(node, peer);
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket, .row = row}};
    output.result.contact = command->contact;
    output.result.state = PLK_STATE_QUEUED;
    memcpy(output.result.id, body.id, sizeof body.id);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

static enum plk_err send(struct plk_node *node, const struct plk_command *command) {
    enum plk_err err = check_send(node, command);
    if (err != PLK_ERR_OK) return err;
    if (command->caller_id.len > 0) {
        plk_callers_ask(node, command);
    } else {
        plk_node_send_now(node, command);
    }
    return PLK_ERR_OK;
}

// ---- contacts -------------------------------------------------------------------------------------------------------

void plk_peer_end_links(struct plk_node *node, struct plk_peer *peer) {
    struct plk_link *links[] = {peer->link, peer->meeting, peer->joiner};
    if (peer->link != NULL && peer->heat == PLK_WARM) plk_mail_link_down(peer->warm->mail);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (links[i] != NULL) plk_link_free(node, links[i]);
    }
    peer->link = peer->meeting = peer->joiner = NULL;
    if (peer->heat == PLK_WARM) {
        plk_message_feed_clear(&peer->warm->control);
        plk_message_feed_clear(&peer->warm->mail_feed);
        peer->warm->out[0].len = peer->warm->out[1].len = 0;
    }
}

static void delete_rows(struct plk_node *node, uint32_t contact) {
    static const enum plk_table tables[] = {PLK_TABLE_link,    PLK_TABLE_blob,   PLK_TABLE_ratchet,
                                            PLK_TABLE_skipped, PLK_TABLE_outbox, PLK_TABLE_mark};
    struct plk_batch *batch = plk_ledger_batch(&node->ledger);
    struct plk_key from = plk_key_contact(contact);
    struct plk_key to = plk_key_after(&from);
    plk_mail_remove(contact, batch);
    plk_batch_delete_range(batch, PLK_TABLE_picture, plk_key_bytes(&from), plk_key_bytes(&to));
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        plk_batch_delete_range(batch, tables[i], plk_key_bytes(&from), plk_key_bytes(&to));
    }
    plk_batch_delete(batch, PLK_TABLE_contact, plk_key_bytes(&from));
}

static enum plk_err change_contact(struct plk_node *node, const struct plk_command *command) {
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    switch (command->kind) {
    case PLK_CMD_BLOCK:
        peer->row.blocked = true;
        plk_boxes_quiet(node, peer->row.contact, true);
        plk_peer_end_links(node, peer);
        break;
    case PLK_CMD_UNBLOCK:
        peer->row.blocked = false;
        plk_boxes_quiet(node, peer->row.contact, false);
        peer->greet = true;
        plk_peer_dial_soon(node, peer, 0);
        break;
    case PLK_CMD_RENAME: {
        enum plk_err err = plk_name_check(command->name);
        if (err != PLK_ERR_OK) return err;
        struct plk_peer *other = plk_peers_by_name(&node->peers, command->name);
        if (other != NULL && other != peer) return PLK_ERR_EXISTS;
        peer->row.renamed = true;
        plk_peer_name(node, peer, command->name);
        break;
    }
    case PLK_CMD_VERIFY:
        peer->row.verified = command->flag;
        break;
    case PLK_CMD_MARK:
        if (command->marks & PLK_MARK_PINNED) peer->row.pinned = command->flag;
        if (command->marks & PLK_MARK_MUTED) peer->row.muted = command->flag;
        break;
    default:
        return PLK_ERR_UNSUPPORTED;
    }
    plk_peer_write(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, command->contact, 0, 0, 0, NULL);
    return PLK_ERR_OK;
}

void plk_node_forget_contact(struct plk_node *node, struct plk_peer *peer) {
    uint32_t contact = peer->row.contact;
    plk_peer_end_links(node, peer);
    delete_rows(node, contact);
    plk_post_remove(node, peer);
    plk_boxes_drop_of(node, PLK_BOX_INVITE, false, contact);
    plk_peers_drop(node, peer);
    plk_node_event(node, PLK_EVENT_CONTACT, contact, 0, 0, 0, NULL);
}

static enum plk_err remove_contact(struct plk_node *node, const struct plk_command *command) {
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    plk_node_forget_contact(node, peer);
    return PLK_ERR_OK;
}

// Those that need the contact's rows. True: it was put off.
static enum plk_err with_warm(struct plk_node *node, const struct plk_command *command, bool *later) {
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    bool answers = command->kind == PLK_CMD_ACCEPT || command->kind == PLK_CMD_REJECT;
    if (answers && peer->row.state != PLK_CONTACT_REQUEST) return PLK_ERR_INVALID;
    if (peer->heat != PLK_WARM) {
        *later = plk_node_command_wait(node, peer, command);
        return PLK_ERR_BUSY;
    }
    if (command->kind == PLK_CMD_REJECT) {
        plk_parley_reject(node, peer);
        return PLK_ERR_OK;
    }
    if (command->kind == PLK_CMD_ACCEPT) {
        plk_parley_accept(node, peer);
        plk_peer_write(node, peer);
        plk_node_event(node, PLK_EVENT_CONTACT, command->contact, 0, 0, 0, NULL);
        return PLK_ERR_OK;
    }
    if (command->kind == PLK_CMD_CONNECT) {
        peer->greet = true;
        peer->tries = 0;
        plk_peer_dial_soon(node, peer, 0);
        return PLK_ERR_OK;
    }
    struct plk_mail_turn turn = plk_node_turn(node);
    enum plk_err err = plk_mail_cancel(peer->warm->mail, &turn, command->row);
    if (err == PLK_ERR_BUSY) *later = plk_node_command_wait(node, peer, command); // until its row has been read
    if (err == PLK_ERR_OK) plk_pictures_cancelled(node, peer, command->row);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
    return err;
}

// ---- all of them ------------------------------------------------------------------------------------------------------

// True: the command gives its result itself.
static bool answers_itself(struct plk_node *node, const struct plk_command *command, enum plk_err *err) {
    bool later = false;
    switch (command->kind) {
    case PLK_CMD_INIT:
        *err = init(node, command);
        return false;
    case PLK_CMD_INVITE:
        *err = invite(node, command);
        return *err == PLK_ERR_OK;
    case PLK_CMD_ADD:
        *err = plk_node_add(node, command);
        return *err == PLK_ERR_OK;
    case PLK_CMD_SEND:
        *err = send(node, command);
        return *err == PLK_ERR_OK;
    case PLK_CMD_PICTURE:
        if (command->caller_id.len > 0) {
            plk_callers_ask(node, command);
        } else {
            plk_pictures_send_now(node, command);
        }
        return true;
    case PLK_CMD_REMOVE:
        *err = remove_contact(node, command);
        return false;
    case PLK_CMD_PROFILE:
        *err = set_profile(node, command);
        return false;
    case PLK_CMD_BACKUP:
        plk_backup_job_start(node, command);
        return true;
    case PLK_CMD_CONNECT:
    case PLK_CMD_CANCEL:
    case PLK_CMD_ACCEPT:
    case PLK_CMD_REJECT:
        *err = with_warm(node, command, &later);
        return later;
    case PLK_CMD_PATH:
        *err = plk_reach_command(node, command, &later);
        return later;
    case PLK_CMD_BLOCK:
    case PLK_CMD_UNBLOCK:
    case PLK_CMD_RENAME:
    case PLK_CMD_VERIFY:
    case PLK_CMD_MARK:
        *err = change_contact(node, command);
        return false;
    case PLK_CMD_READ:
    case PLK_CMD_REACT:
    case PLK_CMD_EDIT:
    case PLK_CMD_DELETE:
    case PLK_CMD_TIMER:
    case PLK_CMD_RECEIPTS:
        *err = plk_marks_command(node, command, &later);
        return later;
    case PLK_CMD_RELAY_ADD:
        *err = plk_relays_command_add(node, command);
        return *err == PLK_ERR_OK;
    case PLK_CMD_RELAY_REMOVE:
        *err = plk_relays_command_remove(node, command);
        return *err == PLK_ERR_OK;
    }
    *err = PLK_ERR_UNSUPPORTED;
    return false;
}

// Why nothing at all can be done now.
static enum plk_err unable(const struct plk_node *node, const struct plk_command *command) {
    if (node->ledger.stalled) return PLK_ERR_STALLED;
    if (node->state == PLK_NODE_LOADING || plk_ledger_behind(&node->ledger)) return PLK_ERR_BUSY;
    if (node->state == PLK_NODE_CORRUPT) return PLK_ERR_CORRUPT;
    return node->state == PLK_NODE_EMPTY && command->kind != PLK_CMD_INIT ? PLK_ERR_NO_PROFILE : PLK_ERR_OK;
}

void plk_node_command_again(struct plk_node *node, const struct plk_command *command) {
    bool sends = command->kind == PLK_CMD_SEND || command->kind == PLK_CMD_PICTURE;
    if (sends && unable(node, command) == PLK_ERR_OK) {
        plk_callers_send(node, command);
    } else {
        plk_node_command(node, command);
    }
}

void plk_node_command(struct plk_node *node, const struct plk_command *command) {
    enum plk_err err = unable(node, command);
    plk_friends_look(node);  // who is blocked or removed keeps nothing for us
    if (err != PLK_ERR_OK) { // nothing was changed, so it waits for no disk: that may be what is full
        struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket, .err = err}};
        plk_outputs_now(&node->outputs, &output);
    } else if (!answers_itself(node, command, &err)) {
        plk_node_result(node, command->ticket, err);
    }
}

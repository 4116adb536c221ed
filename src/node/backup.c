// SPDX-License-Identifier: MIT
#include "node/backup.h"

#include "base/map.h"
#include "node/inside.h"

void plk_backup_job_free(struct plk_node *node) {
    struct plk_backup_job *job = &node->backup;
    plk_buf_free(node->mem, &job->buf);
    plk_buf_free(node->mem, &job->about);
    plk_buf_free(node->mem, &job->queues);
    plk_mem_wipe(job, sizeof *job);
}

void plk_backup_job_start(struct plk_node *node, const struct plk_command *command) {
    struct plk_backup_job *job = &node->backup;
    if (job->running) {
        plk_node_result(node, command->ticket, PLK_ERR_BUSY);
        return;
    }
    job->running = true;
    job->ticket = command->ticket;
    plk_backup_begin(node->mem, &job->buf, &node->profile, node->now.wall_ms);
    static const uint8_t first[1] = {0};
    static const uint8_t avatar[] = {PLK_PROFILE_KEY_AVATAR};
    if (node->avatar.len > 0)
        plk_backup_put_row(node->mem, &job->buf, PLK_BACKUP_AVATAR, plk_bytes(avatar, sizeof avatar),
                           plk_buf_bytes(&node->avatar));
    plk_loads_ask(&node->loads, PLK_LOAD_BACKUP, 0, 0, PLK_TABLE_link, plk_bytes(first, sizeof first),
                  plk_bytes(NULL, 0), 0, false, plk_ledger_mark(&node->ledger));
}

static void flush_contact(struct plk_node *node) {
    struct plk_backup_job *job = &node->backup;
    const struct plk_peer *peer = plk_peers_find(&node->peers, job->contact);
    if (job->contact == 0 || peer == NULL || !job->has_recovery) return;
    struct plk_backup_contact contact = {.contact = job->contact, .recovery = job->recovery};
    contact.name = plk_bytes(peer->row.name, peer->row.name_len);
    contact.profile_name = plk_bytes(peer->row.profile_name, peer->row.profile_name_len);
    contact.about = plk_buf_bytes(&job->about);
    contact.queues = plk_buf_bytes(&job->queues);
    contact.verified = peer->row.verified;
    contact.blocked = peer->row.blocked;
    contact.renamed = peer->row.renamed;
    contact.relay_only = peer->row.relay_only;
    contact.created_ms = peer->row.created_ms;
    for (size_t i = 0; i < job->candidates.count && contact.places.count < PLK_PLACES_MAX; i++) {
        struct plk_place *place = &contact.places.at[contact.places.count];
        place->transport = job->candidates.list[i].transport;
        place->addr = job->candidates.list[i].addr;
        place->addr.scope = 0;
        contact.places.count++;
    }
    plk_backup_put_contact(node->mem, &job->buf, &contact);
    plk_mem_wipe(&contact, sizeof contact);
}

static void take_row(struct plk_node *node, const struct plk_row *row) {
    struct plk_backup_job *job = &node->backup;
    struct plk_reader k = plk_reader(row->key);
    uint32_t contact = plk_reader_u32(&k);
    uint8_t kind = plk_reader_u8(&k);
    if (contact != job->contact) {
        flush_contact(node);
        job->contact = contact;
        job->has_recovery = false;
        job->candidates.count = 0;
        job->about.len = job->queues.len = 0;
    }
    switch (kind) {
    case PLK_SLOT_RECOVERY:
        job->has_recovery = plk_recovery_decode(row->value, &job->recovery) == PLK_ERR_OK;
        break;
    case PLK_PEER_SLOT_CANDIDATES:
        if (plk_candidates_decode(row->value, &job->candidates) != PLK_ERR_OK) job->candidates.count = 0;
        break;
    case PLK_PEER_SLOT_ABOUT:
        plk_buf_put(node->mem, &job->about, row->value);
        break;
    case PLK_PEER_SLOT_QUEUES:
        plk_buf_put(node->mem, &job->queues, row->value);
        break;
    default:
        break;
    }
}

static void finish(struct plk_node *node) {
    struct plk_backup_job *job = &node->backup;
    flush_contact(node);
    for (size_t i = 0; i < node->invites.count; i++) {
        if (node->invites.list[i].state == PLK_INVITE_OPEN)
            plk_backup_put_invite(node->mem, &job->buf, &node->invites.list[i]);
    }
    plk_invites_back_up(node, &job->buf);
    plk_relays_back_up(node, &job->buf);
    plk_boxes_back_up(node, &job->buf);
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = job->ticket}};
    output.result.err = plk_backup_seal(node->mem, &job->buf, node->profile.seed, &node->rng);
    if (output.result.err == PLK_ERR_OK) output.result.text = plk_buf_bytes(&job->buf);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
    plk_backup_job_free(node);
}

void plk_backup_job_loaded(struct plk_node *node, const struct plk_input *input) {
    if (!node->backup.running) return;
    for (size_t i = 0; i < input->loaded.count; i++) take_row(node, &input->loaded.rows[i]);
    if (!input->loaded.more) finish(node);
}

// numbers: from what a contact was called by on the old device to what it is here.
static void restore_contact(struct plk_node *node, const struct plk_backup_contact *saved, struct plk_map *numbers) {
    struct plk_contact_row row = {.contact = node->profile.next_contact++, .state = PLK_CONTACT_ACTIVE};
    plk_persona_peer_id(row.peer_id, &saved->recovery.identity);
    row.verified = saved->verified;
    row.blocked = saved->blocked;
    row.renamed = saved->renamed;
    row.relay_only = saved->relay_only;
    row.created_ms = saved->created_ms;
    memcpy(row.profile_name, saved->profile_name.at, saved->profile_name.len);
    row.profile_name_len = (uint8_t)saved->profile_name.len;
    struct plk_peer *peer = plk_peers_add(node, &row);
    plk_peer_name(node, peer, saved->name);
    plk_peer_make_warm(node, peer);
    peer->warm->recovery = saved->recovery;
    peer->warm->has_recovery = true;
    peer->warm->rekey_wanted = true;
    uint8_t epoch[PLK_EPOCH_LEN]; // what is written before the re-key has an origin, and waits
    struct plk_mail_turn turn = plk_node_turn(node);
    plk_rng_bytes(&node->rng, epoch, sizeof epoch);
    plk_mail_begin(peer->warm->mail, &turn, PLK_MAIL_BEGIN_FIRST, NULL, epoch);
    peer->loopback = true; // what a backup says of one's own contacts is believed
    plk_peer_write_recovery(node, peer);
    plk_peer_put(node, peer, PLK_TABLE_link, PLK_PEER_SLOT_ABOUT, saved->about);
    for (unsigned i = 0; i < saved->places.count; i++) {
        plk_candidates_add(&peer->warm->candidates, saved->places.at[i].transport, &saved->places.at[i].addr,
                           PLK_CANDIDATE_GOOD, node->now.wall_ms, &(struct plk_addr_rules){.loopback = true});
    }
    plk_peer_write_candidates(node, peer);
    if (saved->queues.len > 0) plk_post_learn(node, peer, saved->queues, true);
    plk_peer_hints(node, peer);
    plk_peer_write(node, peer);
    plk_peer_cool(node, peer);
    plk_map_put(numbers, saved->contact, row.contact);
}

// What an address link's next bundles say: the one whose place was taken is refused by whoever knows of it.
static void restore_invite(struct plk_node *node, struct plk_invite *invite) {
    if (invite->kind == PLK_LINK_KIND_ADDRESS) memcpy(invite->device, node->profile.device, sizeof invite->device);
    plk_invites_write(node, plk_invites_add(node, invite));
}

enum plk_err plk_backup_restore(struct plk_node *node, struct plk_bytes sealed, const uint8_t seed[32]) {
    struct plk_backup backup;
    enum plk_err err = plk_backup_open(node->mem, sealed, seed, &backup);
    if (err != PLK_ERR_OK) return err;
    uint8_t device[PLK_DEVICE_LEN];
    memcpy(device, node->profile.device, sizeof device);
    memcpy(node->replaces, backup.profile.device, sizeof node->replaces);
    node->profile = backup.profile;
    memcpy(node->profile.device, device, sizeof device);
    node->profile.next_contact = 1;
    struct plk_backup_item *item = plk_mem_take(node->mem, sizeof *item);
    struct plk_map numbers;
    plk_map_init(&numbers, node->mem);
    for (plk_backup_next(&backup, item); item->part != PLK_BACKUP_END; plk_backup_next(&backup, item)) {
        if (item->part == PLK_BACKUP_CONTACT) restore_contact(node, &item->contact, &numbers);
        if (item->part == PLK_BACKUP_INVITE) restore_invite(node, &item->invite);
        if (item->part == PLK_BACKUP_PREKEY) plk_invites_restore(node, &item->row, &numbers);
        if (item->part == PLK_BACKUP_RELAY) plk_relays_restore(node, &item->row);
        if (item->part == PLK_BACKUP_QUEUE) plk_boxes_restore(node, &item->row, &numbers);
        bool avatar = item->part == PLK_BACKUP_AVATAR && plk_profile_check_avatar(item->row.value) == PLK_ERR_OK;
        if (avatar) plk_node_set_avatar(node, item->row.value);
        plk_ledger_turn(&node->ledger);
    }
    plk_boxes_started(node);
    plk_publish_restored(node);
    plk_map_free(&numbers);
    plk_mem_give(node->mem, item);
    plk_backup_free(node->mem, &backup);
    return PLK_ERR_OK;
}

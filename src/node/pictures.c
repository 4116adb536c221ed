// SPDX-License-Identifier: MIT
#include "node/pictures.h"

#include "node/inside.h"

#define WAY_VERSION 1
#define WAY_KEY_LEN (5 + 1 + PLK_DEVICE_LEN + PLK_EPOCH_LEN + 8)
#define WAY_ROW_MAX (1 + 8 + PLK_ID_LEN + 4 + 4 + 1 + 4 + PLK_PICTURE_PARTS_MAX * PLK_PICTURE_HASH_LEN)
#define READ_AT_ONCE 4 // parts

// ---- what is on its way ---------------------------------------------------------------------------------------------

static struct plk_pictures *of(struct plk_peer *peer) { return &peer->warm->pictures; }

static bool is_at(const struct plk_picture_way *way, enum plk_direction direction, const struct plk_origin *origin) {
    return way->direction == direction && way->origin.seq == origin->seq &&
           memcmp(way->origin.device, origin->device, PLK_DEVICE_LEN) == 0 &&
           memcmp(way->origin.epoch, origin->epoch, PLK_EPOCH_LEN) == 0;
}

static struct plk_picture_way *find(struct plk_peer *peer, enum plk_direction direction,
                                    const struct plk_origin *origin) {
    struct plk_picture_way *way = of(peer)->first;
    while (way != NULL && !is_at(way, direction, origin)) way = way->next;
    return way;
}

static unsigned *count_of(struct plk_pictures *pictures, enum plk_direction direction) {
    return direction == PLK_OUT ? &pictures->sending : &pictures->arriving;
}

static struct plk_picture_way *add(struct plk_node *node, struct plk_peer *peer, const struct plk_picture_way *way) {
    struct plk_picture_way *made = plk_mem_take(node->mem, sizeof *made);
    struct plk_picture_way **at = &of(peer)->first;
    while (*at != NULL && (*at)->row <= way->row) at = &(*at)->next;
    *made = *way;
    made->next = *at;
    *at = made;
    ++*count_of(of(peer), way->direction);
    return made;
}

static void way_key(uint8_t out[WAY_KEY_LEN], uint32_t contact, enum plk_direction direction,
                    const struct plk_origin *origin) {
    struct plk_writer w = plk_writer(out, WAY_KEY_LEN);
    plk_writer_u32(&w, contact);
    plk_writer_u8(&w, PLK_PEER_SLOT_PICTURE);
    plk_writer_u8(&w, (uint8_t)direction);
    plk_writer_copy(&w, origin->device, PLK_DEVICE_LEN);
    plk_writer_copy(&w, origin->epoch, PLK_EPOCH_LEN);
    plk_writer_u64(&w, origin->seq);
    plk_assert(!w.failed && w.len == WAY_KEY_LEN);
}

static void write_way(struct plk_node *node, const struct plk_peer *peer, const struct plk_picture_way *way) {
    uint8_t key[WAY_KEY_LEN], value[WAY_ROW_MAX];
    struct plk_writer w = plk_writer(value, sizeof value);
    way_key(key, peer->row.contact, way->direction, &way->origin);
    plk_writer_u8(&w, WAY_VERSION);
    plk_writer_u64(&w, way->row);
    plk_writer_copy(&w, way->id, PLK_ID_LEN);
    plk_writer_u32(&w, way->size);
    plk_writer_u32(&w, way->lifetime_s);
    plk_writer_u8(&w, way->next_part);
    plk_writer_u32(&w, way->got);
    if (way->direction == PLK_IN)
        plk_writer_copy(&w, way->hashes, plk_picture_parts(way->size) * sizeof way->hashes[0]);
    plk_assert(!w.failed);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_link, plk_bytes(key, sizeof key), plk_writer_bytes(&w));
}

// Its row and its place in memory; its parts stay.
static void end_way(struct plk_node *node, struct plk_peer *peer, struct plk_picture_way *way) {
    uint8_t key[WAY_KEY_LEN];
    struct plk_picture_way **at = &of(peer)->first;
    way_key(key, peer->row.contact, way->direction, &way->origin);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_link, plk_bytes(key, sizeof key));
    while (*at != way) at = &(*at)->next;
    *at = way->next;
    --*count_of(of(peer), way->direction);
    plk_mem_give(node->mem, way);
}

static void delete_parts(struct plk_node *node, uint32_t contact, enum plk_direction direction,
                         const struct plk_origin *origin) {
    uint8_t from[PLK_PICTURE_KEY_LEN], to[PLK_PICTURE_END_LEN];
    plk_picture_key(from, contact, direction, origin, 0);
    plk_picture_end(to, contact, direction, origin);
    plk_batch_delete_range(plk_ledger_batch(&node->ledger), PLK_TABLE_picture, plk_bytes(from, sizeof from),
                           plk_bytes(to, sizeof to));
}

void plk_pictures_forget(struct plk_node *node, struct plk_peer *peer, enum plk_direction direction,
                         const struct plk_origin *origin) {
    uint8_t key[WAY_KEY_LEN];
    struct plk_picture_way *way = peer->warm != NULL ? find(peer, direction, origin) : NULL;
    delete_parts(node, peer->row.contact, direction, origin);
    way_key(key, peer->row.contact, direction, origin);
    plk_batch_delete(plk_ledger_batch(&node->ledger), PLK_TABLE_link, plk_bytes(key, sizeof key));
    if (way != NULL) end_way(node, peer, way);
}

void plk_pictures_cancelled(struct plk_node *node, struct plk_peer *peer, uint64_t row) {
    struct plk_picture_way *way = of(peer)->first;
    while (way != NULL && (way->direction != PLK_OUT || way->row != row)) way = way->next;
    if (way != NULL) plk_pictures_forget(node, peer, PLK_OUT, &way->origin);
}

// Room for one more: the oldest of that direction goes no further. One that came keeps its message, and not its parts.
static void make_room(struct plk_node *node, struct plk_peer *peer, enum plk_direction direction) {
    struct plk_picture_way *way = of(peer)->first;
    if (*count_of(of(peer), direction) < PLK_PICTURES_WAYS_MAX) return;
    while (way->direction != direction) way = way->next;
    node->counters.limited++;
    if (direction == PLK_IN) delete_parts(node, peer->row.contact, direction, &way->origin);
    end_way(node, peer, way);
}

void plk_pictures_free(struct plk_node *node, struct plk_pictures *pictures) {
    while (pictures->first != NULL) {
        struct plk_picture_way *way = pictures->first;
        pictures->first = way->next;
        plk_mem_give(node->mem, way);
    }
}

enum plk_err plk_pictures_load(struct plk_node *node, struct plk_peer *peer, struct plk_bytes key,
                               struct plk_bytes value) {
    struct plk_reader k = plk_reader(key), r = plk_reader(value);
    struct plk_picture_way way = {.next = NULL};
    uint8_t direction = plk_reader_u8(&k);
    plk_reader_copy(&k, way.origin.device, PLK_DEVICE_LEN);
    plk_reader_copy(&k, way.origin.epoch, PLK_EPOCH_LEN);
    way.origin.seq = plk_reader_u64(&k);
    uint8_t version = plk_reader_u8(&r);
    way.row = plk_reader_u64(&r);
    plk_reader_copy(&r, way.id, PLK_ID_LEN);
    way.size = plk_reader_u32(&r);
    way.lifetime_s = plk_reader_u32(&r);
    way.next_part = plk_reader_u8(&r);
    way.got = plk_reader_u32(&r);
    if (!plk_reader_done(&k) || r.failed || direction > PLK_OUT || version != WAY_VERSION) return PLK_ERR_CORRUPT;
    if (way.size == 0 || way.size > PLK_PICTURE_MAX) return PLK_ERR_CORRUPT;
    way.direction = (enum plk_direction)direction;
    unsigned parts = plk_picture_parts(way.size);
    if (way.direction == PLK_IN) plk_reader_copy(&r, way.hashes, parts * sizeof way.hashes[0]);
    if (!plk_reader_done(&r) || way.next_part >= parts || way.got >> parts != 0) return PLK_ERR_CORRUPT;
    add(node, peer, &way);
    return PLK_ERR_OK;
}

bool plk_pictures_wait(const struct plk_peer *peer) { return peer->warm->pictures.sending > 0; }

static void write_part(struct plk_node *node, const struct plk_peer *peer, const struct plk_picture_way *way,
                       uint8_t part, struct plk_bytes bytes) {
    uint8_t key[PLK_PICTURE_KEY_LEN];
    plk_picture_key(key, peer->row.contact, way->direction, &way->origin, part);
    plk_batch_upsert(plk_ledger_batch(&node->ledger), PLK_TABLE_picture, plk_bytes(key, sizeof key), bytes);
}

static void write_whole(struct plk_node *node, const struct plk_peer *peer, const struct plk_picture_way *way) {
    static const uint8_t yes[] = {1};
    write_part(node, peer, way, PLK_PICTURE_WHOLE, plk_bytes(yes, sizeof yes));
}

static void hash_part(uint8_t out[PLK_PICTURE_HASH_LEN], struct plk_bytes bytes) {
    static const char label[] = "PeerLink/1/picture/part";
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes pieces[] = {plk_bytes(label, sizeof label - 1), bytes};
    plk_hash(hash, pieces, 2);
    memcpy(out, hash, PLK_PICTURE_HASH_LEN);
}

// ---- an own one -----------------------------------------------------------------------------------------------------

static enum plk_err describe(const struct plk_command *command, struct plk_picture *picture) {
    *picture = (struct plk_picture){.type = (enum plk_picture_type)command->picture_type,
                                    .width = command->width,
                                    .height = command->height,
                                    .preview = command->preview,
                                    .caption = command->text};
    if (command->data.len > PLK_PICTURE_MAX || command->caller_id.len > PLK_CALLER_ID_MAX) return PLK_ERR_TOO_LONG;
    picture->size = (uint32_t)command->data.len;
    return plk_picture_check(picture);
}

static enum plk_err check(const struct plk_node *node, const struct plk_command *command, struct plk_picture *picture) {
    const struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    if (peer == NULL) return PLK_ERR_NOT_FOUND;
    if (peer->row.blocked) return PLK_ERR_BLOCKED;
    if (peer->damaged) return PLK_ERR_CORRUPT;
    if (peer->row.state != PLK_CONTACT_ACTIVE) return PLK_ERR_CLOSED;
    return describe(command, picture);
}

// Waits for the contact's rows, or for the disk. So large a command may not wait in great number.
static void wait_or_refuse(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command) {
    bool few = peer->command_count < PLK_PICTURES_WAITING_MAX;
    if (!few || !plk_node_command_wait(node, peer, command)) plk_node_result(node, command->ticket, PLK_ERR_BUSY);
}

static uint64_t write_all(struct plk_node *node, struct plk_peer *peer, const struct plk_command *command,
                          struct plk_picture *picture, uint8_t id[PLK_ID_LEN]) {
    uint8_t payload[PLK_PICTURE_LEN_MAX];
    struct plk_writer w = plk_writer(payload, sizeof payload);
    struct plk_picture_way way = {.direction = PLK_OUT, .size = picture->size};
    way.lifetime_s = peer->row.timer_s;
    plk_rng_bytes(&node->rng, way.id, PLK_ID_LEN);
    memcpy(id, way.id, PLK_ID_LEN);
    way.origin = plk_mail_next_origin(peer->warm->mail);
    write_way(node, peer, &way);
    for (unsigned part = 0; part < plk_picture_parts(picture->size); part++) {
        struct plk_bytes bytes = plk_picture_part(command->data, part);
        hash_part(picture->hashes[part], bytes);
        plk_ledger_turn(&node->ledger);
        write_part(node, peer, &way, (uint8_t)part, bytes);
    }
    plk_picture_encode(&w, picture);
    struct plk_mail_body body = {
        .kind = PLK_BODY_PICTURE, .lifetime_s = way.lifetime_s, .payload = plk_writer_bytes(&w)};
    // What lies apart from its origin has no name that the peer knows.
    body.has_target = command->has_target && command->target.seq > 0 && command->target.seq <= PLK_MESSAGE_SEQ_MAX;
    body.target = command->target;
    memcpy(body.id, way.id, PLK_ID_LEN);
    plk_ledger_turn(&node->ledger);
    struct plk_mail_turn turn = plk_node_turn(node);
    enum plk_err err = plk_mail_send(peer->warm->mail, &turn, &body, &way.row);
    plk_assert(err == PLK_ERR_OK && !w.failed);
    write_whole(node, peer, &way);
    write_way(node, peer, add(node, peer, &way));
    return way.row;
}

void plk_pictures_send_now(struct plk_node *node, const struct plk_command *command) {
    struct plk_picture picture;
    struct plk_peer *peer = plk_peers_find(&node->peers, command->contact);
    enum plk_err err = check(node, command, &picture);
    if (err == PLK_ERR_OK && peer->heat != PLK_WARM) {
        wait_or_refuse(node, peer, command);
        return;
    }
    // What is written before there are keys may be handed to another conversation: parts cannot.
    if (err == PLK_ERR_OK && !plk_mail_has_ratchet(peer->warm->mail)) err = PLK_ERR_CLOSED;
    if (err == PLK_ERR_OK && of(peer)->sending >= PLK_PICTURES_SENDING_MAX) err = PLK_ERR_LIMIT;
    if (err != PLK_ERR_OK) {
        plk_node_result(node, command->ticket, err);
        return;
    }
    if (!plk_ledger_has_room(&node->ledger, PLK_PICTURE_MAX)) {
        wait_or_refuse(node, peer, command);
        peer->commands_due = peer->commands != NULL; // the next STORED looks again
        return;
    }
    struct plk_output output = {.kind = PLK_OUT_RESULT, .result = {.ticket = command->ticket}};
    output.result.row = write_all(node, peer, command, &picture, output.result.id);
    output.result.contact = command->contact;
    output.result.state = PLK_STATE_QUEUED;
    peer->warm->used_us = node->now.mono_us;
    if (command->caller_id.len > 0)
        plk_callers_made(node, command->caller_id, command->contact, output.result.row, output.result.id);
    plk_peer_mail_events(node, peer);
    plk_peer_touch(node, peer);
    plk_post_ask(node, peer);
    plk_outputs_later(&node->outputs, plk_ledger_mark(&node->ledger), &output);
}

void plk_pictures_repeat(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    struct plk_picture picture;
    struct plk_picture_way *way = find(peer, PLK_OUT, &event->origin);
    if (plk_picture_decode(event->payload, &picture) != PLK_ERR_OK) return;
    if (way == NULL) {
        struct plk_picture_way made = {.direction = PLK_OUT, .origin = event->origin, .row = event->row};
        made.size = picture.size;
        made.lifetime_s = event->lifetime_s;
        memcpy(made.id, event->id, PLK_ID_LEN);
        make_room(node, peer, PLK_OUT);
        way = add(node, peer, &made);
    }
    way->next_part = 0;
    write_way(node, peer, way);
}

// ---- its parts into the outbox --------------------------------------------------------------------------------------

static struct plk_picture_way *first_own(struct plk_peer *peer) {
    struct plk_picture_way *way = of(peer)->first;
    while (way != NULL && way->direction != PLK_OUT) way = way->next;
    return way;
}

static void ask_parts(struct plk_node *node, struct plk_peer *peer, const struct plk_picture_way *way) {
    uint8_t from[PLK_PICTURE_KEY_LEN], to[PLK_PICTURE_KEY_LEN];
    plk_picture_key(from, peer->row.contact, PLK_OUT, &way->origin, way->next_part);
    plk_picture_key(to, peer->row.contact, PLK_OUT, &way->origin, PLK_PICTURE_WHOLE);
    of(peer)->reading = true;
    plk_loads_ask(&node->loads, PLK_LOAD_PICTURE, peer->row.contact, way->next_part, PLK_TABLE_picture,
                  plk_bytes(from, sizeof from), plk_bytes(to, sizeof to), READ_AT_ONCE, false,
                  plk_ledger_mark(&node->ledger));
}

void plk_pictures_feed(struct plk_node *node, struct plk_peer *peer) {
    struct plk_picture_way *way;
    // Of a process that died while it wrote them: nobody was told that there is such a picture.
    while ((way = first_own(peer)) != NULL && way->row == 0) {
        delete_parts(node, peer->row.contact, PLK_OUT, &way->origin);
        end_way(node, peer, way);
    }
    if (way != NULL && !of(peer)->reading && plk_mail_takes_part(peer->warm->mail)) ask_parts(node, peer, way);
}

static void send_part(struct plk_node *node, struct plk_peer *peer, const struct plk_picture_way *way, bool last,
                      struct plk_bytes bytes) {
    uint8_t payload[PLK_PICTURE_PART_LEN_MAX];
    struct plk_writer w = plk_writer(payload, sizeof payload);
    struct plk_mail_body body = {.kind = PLK_BODY_PICTURE_PART, .has_target = true, .target = way->origin};
    uint64_t row;
    plk_picture_part_encode(&w, way->next_part, bytes);
    body.payload = plk_writer_bytes(&w);
    body.speaks_row = last ? way->row : 0;
    body.lifetime_s = last ? way->lifetime_s : 0;
    // What becomes of the last one is told of the picture, by its id.
    if (last)
        memcpy(body.id, way->id, PLK_ID_LEN);
    else
        plk_rng_bytes(&node->rng, body.id, PLK_ID_LEN);
    struct plk_mail_turn turn = plk_node_turn(node);
    enum plk_err err = plk_mail_send(peer->warm->mail, &turn, &body, &row);
    plk_assert(err == PLK_ERR_OK);
}

// The number of the part that a row holds, if it is one that can go now; else PLK_PICTURE_PARTS_MAX.
static unsigned number_of(const struct plk_picture_way *way, const struct plk_row *row) {
    if (row->key.len != PLK_PICTURE_KEY_LEN) return PLK_PICTURE_PARTS_MAX;
    unsigned number = row->key.at[PLK_PICTURE_KEY_LEN - 1];
    return plk_picture_part_fits(way->size, number, row->value.len) ? number : PLK_PICTURE_PARTS_MAX;
}

static void take_rows(struct plk_node *node, struct plk_peer *peer, struct plk_picture_way *way,
                      const struct plk_input *input) {
    unsigned parts = plk_picture_parts(way->size);
    for (size_t i = 0; i < input->loaded.count; i++) {
        if (number_of(way, &input->loaded.rows[i]) != way->next_part) break; // another one, or what was cut off
        if (!plk_mail_takes_part(peer->warm->mail)) return;
        plk_ledger_turn(&node->ledger);
        bool last = way->next_part + 1u == parts;
        send_part(node, peer, way, last, input->loaded.rows[i].value);
        way->next_part++;
        if (last) {
            end_way(node, peer, way);
            return;
        }
        write_way(node, peer, way);
    }
}

void plk_pictures_loaded(struct plk_node *node, const struct plk_load *load, const struct plk_input *input) {
    struct plk_peer *peer = plk_peers_find(&node->peers, load->contact);
    if (peer == NULL || peer->heat != PLK_WARM) return;
    struct plk_picture_way *way = first_own(peer);
    if (!input->loaded.more) of(peer)->reading = false;
    plk_peer_touch(node, peer);
    if (way == NULL || way->row == 0 || plk_ledger_behind(&node->ledger)) return;
    bool mine = input->loaded.count > 0 && number_of(way, &input->loaded.rows[0]) == way->next_part;
    uint8_t key[PLK_PICTURE_KEY_LEN];
    plk_picture_key(key, peer->row.contact, PLK_OUT, &way->origin, way->next_part);
    bool asked = plk_bytes_equal(plk_bytes(load->from, sizeof key), plk_bytes(key, sizeof key));
    if (mine && asked) {
        take_rows(node, peer, way, input);
    } else if (asked && !input->loaded.more) {
        plk_pictures_forget(node, peer, PLK_OUT, &way->origin); // its bytes are gone
    }
    plk_peer_mail_events(node, peer);
}

// ---- one that comes -------------------------------------------------------------------------------------------------

void plk_pictures_came(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    struct plk_picture picture;
    if (plk_picture_decode(event->payload, &picture) != PLK_ERR_OK) {
        node->counters.protocol++;
        return;
    }
    make_room(node, peer, PLK_IN);
    struct plk_picture_way way = {.direction = PLK_IN, .origin = event->origin, .row = event->row};
    way.size = picture.size;
    memcpy(way.id, event->id, PLK_ID_LEN);
    memcpy(way.hashes, picture.hashes, sizeof way.hashes);
    write_way(node, peer, add(node, peer, &way));
}

void plk_pictures_part(struct plk_node *node, struct plk_peer *peer, const struct plk_mail_event *event) {
    unsigned number;
    struct plk_bytes bytes;
    uint8_t hash[PLK_PICTURE_HASH_LEN];
    bool valid = event->has_target && plk_picture_part_decode(event->payload, &number, &bytes) == PLK_ERR_OK;
    struct plk_picture_way *way = valid ? find(peer, PLK_IN, &event->target) : NULL;
    if (!valid) {
        node->counters.protocol++;
        return;
    }
    if (way == NULL || (way->got >> number & 1) != 0) { // it is whole, or deleted; or there never was one
        node->counters.duplicate++;
        return;
    }
    hash_part(hash, bytes);
    if (!plk_picture_part_fits(way->size, number, bytes.len) || memcmp(hash, way->hashes[number], sizeof hash) != 0) {
        node->counters.protocol++;
        return;
    }
    write_part(node, peer, way, (uint8_t)number, bytes);
    way->got |= UINT32_C(1) << number;
    if (way->got != (UINT32_C(1) << plk_picture_parts(way->size)) - 1) {
        write_way(node, peer, way);
        return;
    }
    write_whole(node, peer, way);
    plk_marks_changed(node, peer->row.contact, PLK_CHANGE_PICTURE, PLK_IN, &way->origin);
    end_way(node, peer, way);
}

// SPDX-License-Identifier: MIT
// What the clients of support/relay_rig_wire.h say to their relay: commands about queues, and frames past the stream.
#ifndef PLK_TESTS_SUPPORT_RELAY_RIG_H
#define PLK_TESTS_SUPPORT_RELAY_RIG_H

#include "support/relay_rig_wire.h"

// ---- commands -------------------------------------------------------------------------------------------------------------

// Sends a command, its tag given; what comes back is looked for with rig_answer.
static inline uint32_t rig_say(struct rig *rig, int index, struct plk_queue_record record) {
    static uint8_t room[PLK_QUEUE_RECORD_MAX + PLK_QUEUE_HEAD_LEN];
    struct rig_client *c = &rig->clients[index];
    record.tag = c->next_tag++;
    struct plk_writer w = plk_writer(room, sizeof room);
    plk_queue_encode(&w, &record);
    TOY_CHECK(!w.failed && c->channel != NULL);
    TOY_CHECK(plk_relay_channel_write(c->channel, rig->now.mono_us, plk_writer_bytes(&w)) == w.len);
    return record.tag;
}

static inline const struct plk_queue_record *rig_answer(const struct rig *rig, int index, uint32_t tag) {
    const struct rig_client *c = &rig->clients[index];
    for (size_t i = 0; i < c->told_count; i++) {
        enum plk_queue_type type = c->told[i].type;
        bool tagged =
            type == PLK_QUEUE_DONE || type == PLK_QUEUE_CELL || type == PLK_QUEUE_TOKEN || type == PLK_QUEUE_RELAYS;
        if (tagged && c->told[i].tag == tag) return &c->told[i];
    }
    return NULL;
}

// Says it, settles, and gives the code of its DONE; -1: none has come, -2: something else.
static inline int rig_ask(struct rig *rig, int index, struct plk_queue_record record) {
    uint32_t tag = rig_say(rig, index, record);
    rig_run(rig, 100 * PLK_MS);
    const struct plk_queue_record *answer = rig_answer(rig, index, tag);
    if (answer == NULL) return -1;
    return answer->type == PLK_QUEUE_DONE ? (int)answer->code : -2;
}

struct rig_queue {
    uint8_t owner[32], sender[32]; // secrets
    uint8_t owner_public[32], sender_public[32];
    uint8_t rid[16], sid[16];
};

static inline struct rig_queue rig_queue_new(struct rig *rig) {
    struct rig_queue q;
    plk_rng_bytes(&rig->rng, q.owner, 32);
    plk_rng_bytes(&rig->rng, q.sender, 32);
    plk_dh_public(q.owner_public, q.owner);
    plk_dh_public(q.sender_public, q.sender);
    plk_queue_key_rid(q.rid, q.owner_public);
    plk_queue_key_sid(q.sid, q.rid);
    return q;
}

static inline struct plk_queue_record rig_newq(const struct rig_queue *q, uint8_t flags, const uint8_t *token) {
    struct plk_queue_record record = {.type = PLK_QUEUE_NEWQ};
    record.newq.flags = flags;
    memcpy(record.newq.owner, q->owner_public, 32);
    memcpy(record.newq.sender, q->sender_public, 32);
    if (token != NULL) {
        record.newq.admission = PLK_QUEUE_ADMIT_TOKEN;
        memcpy(record.newq.token, token, 16);
    }
    return record;
}

static inline struct plk_queue_record rig_attach(const struct rig *rig, int index, const struct rig_queue *q,
                                                 enum plk_queue_role role, uint32_t handle) {
    struct plk_queue_record record = {.type = PLK_QUEUE_ATTACH, .handle = handle};
    record.attach.role = role;
    memcpy(record.attach.id, role == PLK_QUEUE_OWNER ? q->rid : q->sid, 16);
    TOY_CHECK(plk_queue_key_proof(record.attach.proof, role == PLK_QUEUE_OWNER ? q->owner : q->sender,
                                  rig->static_public, role, record.attach.id, rig->clients[index].heard.hash,
                                  handle) == PLK_ERR_OK);
    return record;
}

static inline struct plk_queue_record rig_sub(uint32_t handle, uint8_t room[4]) {
    struct plk_writer w = plk_writer(room, 4);
    plk_writer_u32(&w, handle);
    return (struct plk_queue_record){.type = PLK_QUEUE_SUB, .list = plk_writer_bytes(&w)};
}

static inline struct plk_queue_record rig_put(uint32_t handle, uint8_t mark, size_t len) {
    static uint8_t cell[PLK_QUEUE_CELL_LARGE];
    memset(cell, mark, len);
    struct plk_queue_record record = {.type = PLK_QUEUE_PUT, .handle = handle};
    record.cell.bytes = plk_bytes(cell, len);
    return record;
}

static inline struct plk_queue_record rig_ack(uint32_t handle, uint64_t number, uint8_t room[8]) {
    struct plk_writer w = plk_writer(room, 8);
    plk_writer_u64(&w, number);
    return (struct plk_queue_record){.type = PLK_QUEUE_ACK, .handle = handle, .list = plk_writer_bytes(&w)};
}

static inline struct plk_queue_record rig_plain(enum plk_queue_type type, uint32_t handle) {
    return (struct plk_queue_record){.type = type, .handle = handle};
}

// A frame past the stream; false: the channel is not open.
static inline bool rig_frame(struct rig *rig, int index, enum plk_frame_type type, uint32_t handle,
                             struct plk_bytes bytes) {
    uint8_t out[PLK_RELAY_CHANNEL_PACKET_MAX];
    size_t len;
    struct plk_relay_channel_frame frame = {.type = type, .handle = handle, .bytes = bytes};
    if (plk_relay_channel_pass(rig->clients[index].channel, &frame, out, &len) != PLK_ERR_OK) return false;
    rig_client_send(rig, index, out, len);
    rig_settle(rig);
    return true;
}

// How many ITEMs it was told; the last one's number is in *number, if it wants it.
static inline size_t rig_items(const struct rig *rig, int index, uint64_t *number) {
    size_t count = 0;
    for (size_t i = 0; i < rig->clients[index].told_count; i++) {
        if (rig->clients[index].told[i].type != PLK_QUEUE_ITEM) continue;
        if (number != NULL) *number = rig->clients[index].told[i].cell.number;
        count++;
    }
    return count;
}

static inline bool rig_pass(struct rig *rig, int index, uint32_t handle, const void *bytes, size_t len) {
    return rig_frame(rig, index, PLK_FRAME_PASS, handle, plk_bytes(bytes, len));
}

#endif

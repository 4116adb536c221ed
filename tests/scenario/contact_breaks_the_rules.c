// SPDX-License-Identifier: MIT
// Mallory is a contact, so what she sends opens. It holds numbers that were never sent, streams without end, frames
// and records that are none, messages that make no sense, addresses that lead elsewhere. Each is counted and at worst
// ends her own link; the conversation with bob does not notice, and hers goes on as soon as she keeps to the rules.
#include "contact/record.h"
#include "node/inside.h"
#include "sim/story.h"

#define ROUNDS 2
#define FLOOD 300

static struct plk_link *link_to(const struct actor *from, const struct actor *to) {
    return plk_peers_find(&from->node->peers, world_contact(from, to))->link;
}

static bool is_connected(struct world *w, void *pair) {
    struct actor **both = pair;
    (void)w;
    const struct plk_link *link = link_to(both[0], both[1]);
    return link != NULL && plk_link_is_up(link) && plk_paths_active(&link->paths) != NULL;
}

static struct plk_link *connect(struct actor *mallory, struct actor *alice) {
    struct actor *pair[2] = {mallory, alice};
    struct plk_command c = {.kind = PLK_CMD_CONNECT, .contact = world_contact(mallory, alice)};
    if (!is_connected(alice->world, pair)) actor_command(mallory, &c);
    story_until(alice->world, is_connected, pair, PLK_MINUTE, "mallory has a link to alice");
    return link_to(mallory, alice);
}

// These bytes as the frames of a packet of her session.
static void send_frames(struct actor *mallory, struct actor *alice, struct plk_bytes frames) {
    struct plk_link *link = connect(mallory, alice);
    struct plk_channel *channel = plk_link_current(link);
    const struct plk_path *path = plk_paths_active(&link->paths);
    uint8_t packet[PLK_PACKET_UDP_LEN];
    struct plk_addr local = {0};
    unsigned place = 0;
    uint64_t pn;
    story_expect(alice->world, plk_channel_use_path(channel, &link->paths, path, &place));
    const struct plk_cid *cid = plk_cids_peer(&channel->cids, channel->path_cid[place]);
    story_expect(alice->world, plk_session_seal(&channel->session, cid->id, frames, packet, &pn) == PLK_ERR_OK);
    net_datagram(mallory->world->net, mallory->index, &local, &path->addr,
                 plk_bytes(packet, frames.len + PLK_PACKET_OVERHEAD));
}

// ---- what she says ----------------------------------------------------------------------------------------

enum lie {
    ACK_OF_THE_FUTURE,
    BEYOND_THE_WINDOW,
    BEYOND_ALL_WINDOWS,
    UNKNOWN_FRAME,
    CUT_FRAME,
    NO_FRAME,
    ID_TWICE,
    ID_NEVER_ISSUED,
    FRAME_OF_A_RELAY,
    NOBODY_OF_A_RELAY,
    FORWARD_OF_A_RELAY,
    FRAMES
};

static void put_lie(struct plk_writer *w, enum lie lie) {
    static const uint8_t another_id[8] = {1};
    struct plk_frame_ack ack = {.count = 1, .ranges = {{.first = UINT64_C(1) << 30, .last = UINT64_C(1) << 30}}};
    switch (lie) {
    case ACK_OF_THE_FUTURE:
        plk_frame_put_ack(w, &ack);
        break;
    case BEYOND_THE_WINDOW:
        plk_frame_put_stream(w, 1, UINT64_C(1) << 40, false, plk_bytes_text("x"));
        break;
    case BEYOND_ALL_WINDOWS:
        for (uint32_t i = 0; i < PLK_STREAMS_COUNT; i++)
            plk_frame_put_stream(w, i, PLK_STREAMS_WINDOW - 1, false, plk_bytes_text("x"));
        break;
    case UNKNOWN_FRAME:
        plk_writer_u8(w, 63);
        break;
    case CUT_FRAME:
        plk_frame_put_stream(w, 1, 0, false, plk_bytes_text("hello"));
        w->len -= 2;
        break;
    case ID_TWICE:
        plk_frame_put_new_cid(w, 1, another_id);
        break;
    case ID_NEVER_ISSUED:
        plk_frame_put_retire_cid(w, 1000);
        break;
    case FRAME_OF_A_RELAY:
        plk_frame_put_pass(w, 1, plk_bytes_text("for another"));
        break;
    case NOBODY_OF_A_RELAY:
        plk_frame_put_nobody(w, 1);
        break;
    case FORWARD_OF_A_RELAY:
        plk_frame_put_fwd(w, 1, plk_bytes_text("for another relay"));
        break;
    case NO_FRAME:
    case FRAMES:
        break;
    }
}

static void tell_lie(struct actor *mallory, struct actor *alice, enum lie lie) {
    uint8_t frames[512];
    struct plk_writer w = plk_writer(frames, sizeof frames);
    uint64_t before = plk_node_counters(alice->node)->protocol;
    connect(mallory, alice);
    put_lie(&w, lie);
    send_frames(mallory, alice, plk_writer_bytes(&w));
    story_run(alice->world, PLK_SECOND);
    story_expect(alice->world, plk_node_counters(alice->node)->protocol > before);
}

// Bytes on her streams that are no records, or records that say nothing.
static void write_garbage(struct actor *mallory, struct actor *alice, uint32_t stream, struct plk_bytes bytes) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    const struct plk_counters *c = plk_node_counters(alice->node);
    uint64_t before = c->protocol + c->unreadable;
    struct plk_link *link = connect(mallory, alice);
    story_expect(alice->world, plk_streams_write(link->streams, stream, bytes) == bytes.len);
    link->dirty = true;
    actor_input(mallory, &tick);
    story_run(alice->world, 2 * PLK_SECOND);
    story_expect(alice->world, c->protocol + c->unreadable > before);
}

// A message that the ratchet opens and that makes no sense inside.
static void send_nonsense(struct actor *mallory, struct actor *alice, uint16_t kind, struct plk_bytes payload) {
    struct plk_input tick = {.kind = PLK_IN_TICK};
    uint64_t before = plk_node_counters(alice->node)->protocol;
    connect(mallory, alice);
    plk_peer_send_control(mallory->node, plk_peers_find(&mallory->node->peers, world_contact(mallory, alice)), kind,
                          payload);
    actor_input(mallory, &tick);
    story_run(alice->world, 2 * PLK_SECOND);
    story_expect(alice->world, plk_node_counters(alice->node)->protocol > before);
}

// Addresses that nothing may be sent to: alice's own loopback, groups, all the world.
static void lead_elsewhere(struct world *w, struct actor *mallory, struct actor *alice) {
    static const uint8_t places[][4] = {{127, 0, 0, 1}, {224, 0, 0, 1}, {255, 255, 255, 255}, {0, 0, 0, 0}};
    struct plk_frame_address list[4];
    uint8_t frames[256];
    struct plk_writer out = plk_writer(frames, sizeof frames);
    for (unsigned i = 0; i < 4; i++) {
        list[i] = (struct plk_frame_address){.transport = PLK_UDP, .addr = {.family = 4, .port = 4000}};
        memcpy(list[i].addr.ip, places[i], sizeof places[i]);
    }
    plk_frame_put_addresses(&out, UINT64_C(1) << 40, list, 4);
    connect(mallory, alice);
    send_frames(mallory, alice, plk_writer_bytes(&out));
    story_run(w, 5 * PLK_SECOND);
    struct plk_way_view way;
    for (size_t i = 0; plk_node_way(alice->node, world_contact(alice, mallory), i, &way); i++) {
        for (unsigned k = 0; k < 4; k++) story_expect(w, !plk_addr_equal(&way.addr, &list[k].addr));
    }
}

// Pieces of a stream, connection ids, challenges and datagrams, more than anybody needs: what is above a limit is not kept.
static void flood(struct world *w, struct actor *mallory, struct actor *alice) {
    for (unsigned i = 0; i < FLOOD; i++) {
        uint8_t frames[512], token[8] = {(uint8_t)i, (uint8_t)(i >> 8), 7};
        struct plk_writer out = plk_writer(frames, sizeof frames);
        plk_frame_put_stream(&out, 5, 3 * (uint64_t)i + 1, false, plk_bytes_text("x"));
        plk_frame_put_datagram(&out, plk_bytes_text("for nobody"));
        plk_frame_put_challenge(&out, token);
        plk_frame_put_new_cid(&out, 2000 + i, token);
        send_frames(mallory, alice, plk_writer_bytes(&out));
        story_run(w, PLK_MS);
    }
    story_run(w, PLK_SECOND);
    story_expect(w, plk_node_counters(alice->node)->limited > 0);
}

// ---- the story --------------------------------------------------------------------------------------------

// The others do not notice, and she may come back.
static void goes_on(struct world *w, struct actor *alice, struct actor *bob, struct actor *mallory, unsigned number) {
    char text[48];
    snprintf(text, sizeof text, "undisturbed %u", number);
    story_say(bob, alice, text);
    story_heard(alice, text, 2 * PLK_SECOND);
    story_say(alice, bob, text);
    story_heard(bob, text, 2 * PLK_SECOND);
    snprintf(text, sizeof text, "as if nothing were %u", number);
    story_say(mallory, alice, text);
    story_heard(alice, text, 10 * PLK_MINUTE);
    story_expect(w, alice->memory_peak < (UINT64_C(16) << 20));
}

static void tell(struct world *w) {
    static const uint8_t long_record[] = {0xbf, 0xff, 0xff, 0xff}, padded_record[] = {0x40, 1, 1};
    static const uint8_t empty_record[] = {0}, no_acks[] = {3, PLK_CONTROL_ACKS, 200, 1},
                         no_cipher[] = {8, 1, 2, 3, 4, 5, 6, 7, 8};
    struct actor *alice = story_person(w, "alice"), *bob = story_person(w, "bob"),
                 *mallory = story_person(w, "mallory");
    unsigned number = 0;
    story_meet(alice, bob);
    story_meet(alice, mallory);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (enum lie lie = 0; lie < FRAMES; lie++) {
            tell_lie(mallory, alice, lie);
            goes_on(w, alice, bob, mallory, number++);
        }
        const struct {
            uint32_t stream;
            struct plk_bytes bytes;
        } garbage[] = {
            {0, plk_bytes(long_record, sizeof long_record)},   {0, plk_bytes(padded_record, sizeof padded_record)},
            {0, plk_bytes(empty_record, sizeof empty_record)}, {0, plk_bytes(no_acks, sizeof no_acks)},
            {1, plk_bytes(empty_record, sizeof empty_record)}, {1, plk_bytes(no_cipher, sizeof no_cipher)}};
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
            write_garbage(mallory, alice, garbage[i].stream, garbage[i].bytes);
            goes_on(w, alice, bob, mallory, number++);
        }
        for (uint16_t kind = PLK_BODY_PROFILE; kind <= PLK_BODY_RESET; kind++) {
            send_nonsense(mallory, alice, kind, plk_bytes_text("\1nonsense"));
            goes_on(w, alice, bob, mallory, number++);
        }
        lead_elsewhere(w, mallory, alice);
        flood(w, mallory, alice);
        goes_on(w, alice, bob, mallory, number++);
    }
    story_ends_well(w);
}

int main(int argc, char **argv) { return story_main(argc, argv, tell); }

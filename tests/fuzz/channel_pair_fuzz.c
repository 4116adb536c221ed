// SPDX-License-Identifier: MIT
// A client's channel and its relay's over toy links; the input is the schedule: writes, PASS, time, loss, moved addresses,
// rest, memory that runs out, holds, and packets of a peer that is authentic and says anything. Whatever happens, bytes arrive
// in order and unharmed, memory is bounded, and once the links heal everything arrives.
#include "support/channel_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST 30000 // bytes written in one direction

struct run {
    struct channel_pair *pair;
    uint64_t written[2];
    bool lied;
};

static void step(struct run *run, uint64_t for_us) {
    struct channel_pair *p = run->pair;
    uint64_t until_us = p->now_us + for_us;
    bool more = true;
    for (unsigned i = 0; more; i++) {
        plk_assert(i < 500000);
        more = channel_step(p, until_us);
        for (unsigned who = 0; who < 2; who++) {
            if (!run->lied) channel_read(p, who);
            channel_write(p, who, &run->written[who]);
        }
    }
    plk_assert(p->mem.used < 4 * 1024 * 1024);
}

static void pass(struct run *run, unsigned who, uint8_t argument) {
    static const uint8_t bytes[PLK_FRAME_PASS_MAX];
    static const enum plk_frame_type types[] = {PLK_FRAME_PASS, PLK_FRAME_FWD, PLK_FRAME_NOBODY};
    enum plk_frame_type type = types[argument % (who == RELAY ? 3 : 2)];
    channel_pass(run->pair, who, type, argument, plk_bytes(bytes, type == PLK_FRAME_NOBODY ? 0 : argument * 5u));
}

// From here on nothing is promised but that nothing breaks.
static void lie(struct run *run, unsigned who, const uint8_t *data, size_t size) {
    struct channel_pair *p = run->pair;
    struct plk_session *session = who == CLIENT ? &p->hello.heard.session : &p->hello.answered.session;
    uint8_t out[512], cid[PLK_PACKET_CID_LEN] = {0};
    uint64_t pn;
    size_t len = size < 400 ? size : 400;
    session->confirmed = true;
    if (session->send_next < 100000) session->send_next = 100000; // past those of the channel itself
    if (plk_session_seal(session, cid, plk_bytes(data, len), out, &pn) != PLK_ERR_OK) return;
    run->lied = true;
    channel_carry(p, who, out, len + PLK_PACKET_OVERHEAD,
                  who == CLIENT ? &p->relay : plk_relay_channel_addr(p->end[RELAY].ch));
}

static void act(struct run *run, uint8_t act, uint8_t argument, const uint8_t *rest, size_t rest_len) {
    struct channel_pair *p = run->pair;
    unsigned who = act >> 7;
    struct channel_end *end = &p->end[who];
    switch (act % 14) {
    case 0:
    case 1:
        if (end->want + argument * 16u < MOST) end->want += argument * 16u + 1;
        channel_write(p, who, &run->written[who]);
        break;
    case 2:
    case 3:
        step(run, argument * PLK_MS);
        break;
    case 4:
        step(run, argument * 30 * PLK_MS);
        break;
    case 5:
        end->loss = argument * 2;
        break;
    case 6:
        end->jitter_us = (argument >> 1) * PLK_MS;
        end->twice = argument;
        break;
    case 7:
        end->cut = argument > 127;
        break;
    case 8:
        p->client.port = argument & 3;
        p->client.ip[3] = argument >> 6;
        break;
    case 9:
        plk_relay_channel_rest(end->ch);
        break;
    case 10:
        end->memory = (enum plk_relay_channel_memory)(argument % 3);
        break;
    case 11:
        plk_relay_channel_hold(end->ch, p->now_us, argument > 127);
        break;
    case 12:
        pass(run, who, argument);
        break;
    default:
        if (argument < 16) plk_relay_channel_ping(end->ch, p->now_us);
        if (argument >= 128) lie(run, who, rest, rest_len);
    }
}

static bool is_open(const struct run *run) {
    for (unsigned who = 0; who < 2; who++) {
        enum plk_relay_channel_end end = channel_status(run->pair, who).end;
        if (end == PLK_RELAY_CHANNEL_SILENT) return false; // the links were cut for too long
        plk_assert(run->lied || end == PLK_RELAY_CHANNEL_NOT || run->pair->transport != PLK_UDP);
        if (end != PLK_RELAY_CHANNEL_NOT) return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct run run = {.pair = channel_pair_new(data[0] >> 1, (data[0] & 1) == 0 ? PLK_UDP : PLK_TCP)};
    bool udp = (data[0] & 1) == 0;
    for (size_t i = 1; i + 1 < size && i < 400; i += 2) {
        uint8_t what = data[i] % 14;
        if (udp || (what != 5 && what != 6 && what != 7)) act(&run, data[i], data[i + 1], data + i + 2, size - i - 2);
    }
    for (unsigned who = 0; who < 2; who++) {
        struct channel_end *end = &run.pair->end[who];
        end->loss = end->twice = 0;
        end->jitter_us = 0;
        end->cut = false;
        end->memory = PLK_RELAY_CHANNEL_PLENTY;
        plk_relay_channel_hold(end->ch, run.pair->now_us, false);
    }
    step(&run, 3 * PLK_MINUTE);
    if (is_open(&run) && !run.lied) {
        plk_assert(run.pair->end[RELAY].got == run.pair->end[CLIENT].want);
        plk_assert(run.pair->end[CLIENT].got == run.pair->end[RELAY].want);
        plk_assert(!udp || plk_addr_equal(plk_relay_channel_addr(run.pair->end[RELAY].ch), &run.pair->client));
    }
    channel_pair_free(run.pair);
    return 0;
}

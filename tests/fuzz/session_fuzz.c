// SPDX-License-Identifier: MIT
// Two sides of a link and a network that delivers, repeats, reorders, corrupts and replays what the input says. What must hold
// whatever happens: no text is opened twice, none is opened that was not sent, none that was sent and arrives unharmed within
// the window is refused, an attempt survives garbage, the gate answers each stamp once, and nothing leaves unconfirmed.
#include "support/session_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AIR 64     // packets under way, each way
#define SENT 4096  // texts of one session
#define ATTEMPTS 6 // of one run: each costs Diffie-Hellman, and what matters is between them

struct flying {
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
    size_t len;
    bool harmed;
    unsigned session; // the attempt that its session comes from
    uint64_t counter;
};

struct world {
    struct plk_session_pair pair;
    struct flying air[2][AIR]; // to side 0, to side 1
    size_t count[2];
    bool opened[2][SENT];
    struct plk_stamp stamp;
    struct plk_gate gate;
    uint64_t answered; // highest stamp that was answered with a DH
    bool attempting;
    uint64_t now_us;
    unsigned attempt;     // number of the newest, from 1
    unsigned sessions[2]; // the attempt that each side's session comes from; 0: it has none
};

static struct world w;

static void launch(int to, struct plk_bytes bytes, unsigned session, uint64_t counter) {
    if (w.count[to] == AIR) return;
    struct flying *f = &w.air[to][w.count[to]++];
    *f = (struct flying){.len = bytes.len, .session = session, .counter = counter};
    memcpy(f->bytes, bytes.at, bytes.len);
}

// A new attempt of side 0: one message 1, sent once now and again whenever the input repeats it.
static void attempt(void) {
    bool persist;
    uint64_t stamp;
    struct plk_handshake_keys keys = plk_session_pair_keys(&w.pair, PLK_HANDSHAKE_KK, 0);
    plk_assert(plk_stamp_take(&w.stamp, &stamp, &persist) == PLK_ERR_OK && stamp > w.pair.attempt.stamp);
    plk_assert(plk_handshake_start(&w.pair.attempt, &keys, stamp, &w.pair.greetings[0], &w.pair.rng) == PLK_ERR_OK);
    w.attempting = true;
    w.attempt++;
    launch(1, plk_handshake_message(&w.pair.attempt), w.attempt, 0);
}

static void take_message1(const struct flying *f, const struct plk_packet *packet) {
    if (!plk_hint_check(w.pair.hint_key, packet)) {
        plk_assert(f->harmed);
        return;
    }
    uint64_t stamp = plk_hint_stamp(w.pair.hint_key, packet);
    enum plk_gate_verdict verdict = plk_gate_check(&w.gate, stamp, packet->ephemeral, w.now_us);
    if (verdict == PLK_GATE_REPEAT) launch(0, plk_gate_answer(&w.gate), 0, 0);
    if (verdict != PLK_GATE_FRESH) return;
    plk_assert(stamp > w.answered);
    struct plk_handshake_keys keys = plk_session_pair_keys(&w.pair, PLK_HANDSHAKE_KK, 1);
    enum plk_err err =
        plk_handshake_answer(&keys, packet, &w.pair.greetings[1], w.now_us, &w.pair.rng, &w.pair.answered);
    plk_assert(f->harmed ? err == PLK_ERR_FORGED : err == PLK_ERR_OK);
    if (err != PLK_ERR_OK) return;
    plk_assert(w.pair.answered.stamp == stamp);
    struct plk_bytes answer = plk_bytes(w.pair.answered.message, sizeof w.pair.answered.message);
    plk_gate_raise(&w.gate, stamp, packet->ephemeral, answer, w.now_us);
    w.answered = stamp;
    w.pair.sessions[1] = w.pair.answered.session;
    w.sessions[1] = f->session;
    memset(w.opened[1], 0, sizeof w.opened[1]);
    launch(0, answer, 0, 0);
}

static void take_message2(const struct flying *f, const struct plk_packet *packet) {
    if (!w.attempting) return;
    struct plk_session session;
    enum plk_err err = plk_handshake_finish(&w.pair.attempt, packet, w.now_us, &session, &w.pair.heard[0]);
    if (err != PLK_ERR_OK) {
        plk_assert(err == PLK_ERR_FORGED || err == PLK_ERR_NOT_FOUND);
        return;
    }
    plk_assert(!f->harmed && session.confirmed);
    w.pair.sessions[0] = session;
    w.sessions[0] = w.attempt;
    w.attempting = false;
    memset(w.opened[0], 0, sizeof w.opened[0]);
}

static void take_data(int side, const struct flying *f, const struct plk_packet *packet) {
    if (w.sessions[side] == 0) return;
    struct plk_session *s = &w.pair.sessions[side];
    struct plk_session before = *s;
    uint8_t out[PLK_PACKET_HANDSHAKE_LEN];
    size_t len;
    uint64_t counter;
    enum plk_err err = plk_session_open(s, packet, out, &len, &counter);
    bool ours = !f->harmed && f->session == w.sessions[side];
    bool known = ours && (w.opened[side][f->counter] || f->counter + PLK_SESSION_WINDOW < before.recv_next);
    if (err == PLK_ERR_OK) {
        plk_assert(ours && !known && counter == f->counter && s->confirmed);
        for (size_t i = 0; i < len; i++) plk_assert(out[i] == (uint8_t)(counter + i));
        w.opened[side][counter] = true;
        return;
    }
    plk_assert(!ours || (known && err == PLK_ERR_REPLAYED));
    before.forged = s->forged;
    plk_assert(memcmp(s, &before, sizeof before) == 0);
}

static void arrive(int to, const struct flying *f) {
    struct plk_packet packet;
    uint8_t bytes[PLK_PACKET_HANDSHAKE_LEN];
    memcpy(bytes, f->bytes, f->len);
    if (plk_packet_decode(&packet, plk_bytes(bytes, f->len)) != PLK_ERR_OK) {
        plk_assert(f->harmed);
        return;
    }
    if (packet.kind == PLK_PACKET_MESSAGE1 && to == 1) take_message1(f, &packet);
    if (packet.kind == PLK_PACKET_MESSAGE2 && to == 0) take_message2(f, &packet);
    if (packet.kind == PLK_PACKET_DATA) take_data(to, f, &packet);
}

static void send(int from, size_t len) {
    struct plk_session *s = &w.pair.sessions[from];
    uint8_t out[PLK_PACKET_HANDSHAKE_LEN];
    uint64_t counter;
    if (w.sessions[from] == 0 || s->send_next >= SENT) return;
    for (size_t i = 0; i < len; i++) out[PLK_PACKET_HEADER_LEN + i] = (uint8_t)(s->send_next + i);
    enum plk_err err =
        plk_session_seal(s, w.pair.heard[from].cids[0], plk_bytes(out + PLK_PACKET_HEADER_LEN, len), out, &counter);
    plk_assert(s->confirmed ? err == PLK_ERR_OK : err == PLK_ERR_INVALID);
    if (err != PLK_ERR_OK) return;
    launch(1 - from, plk_bytes(out, len + PLK_PACKET_OVERHEAD), w.sessions[from], counter);
}

// Takes one packet out of the air, or leaves a copy there for a replay.
static void deliver(int to, uint8_t which, bool keep) {
    if (w.count[to] == 0) return;
    size_t at = which % w.count[to];
    struct flying f = w.air[to][at];
    if (!keep) w.air[to][at] = w.air[to][--w.count[to]];
    arrive(to, &f);
}

static void harm(int to, uint8_t which, uint8_t how) {
    if (w.count[to] == 0) return;
    struct flying *f = &w.air[to][which % w.count[to]];
    if (f->harmed) return; // a second flip could undo the first
    f->harmed = true;
    if (how % 8 == 0) {
        f->len = how % f->len;
    } else {
        f->bytes[(size_t)how * 7 % f->len] ^= (uint8_t)(1u << how % 8);
    }
}

static void step(uint8_t what, uint8_t a, uint8_t b) {
    int side = what & 1;
    w.now_us += (uint64_t)(what >> 4) * PLK_SECOND / 4;
    switch (what >> 1 & 7) {
    case 0:
        send(side, a % 200);
        break;
    case 1:
        deliver(side, a, false);
        break;
    case 2:
        deliver(side, a, true);
        break;
    case 3:
        harm(side, a, b);
        break;
    case 4:
        if (side == 0 && w.attempt < ATTEMPTS) attempt();
        break;
    case 5: // a jump, as after a long loss
        w.pair.sessions[side].send_next += (size_t)a * 16;
        break;
    case 6: // the responder restarts: the stamp is kept, the answer lost
        plk_gate_init(&w.gate, w.gate.highest);
        break;
    default: // the initiator restarts
        if (side == 0) plk_stamp_init(&w.stamp, w.stamp.reserved_until);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    memset(&w, 0, sizeof w);
    plk_session_pair_init(&w.pair, 7);
    plk_stamp_init(&w.stamp, 0);
    plk_gate_init(&w.gate, 0);
    if (size > 3000) size = 3000;
    attempt();
    for (size_t i = 0; i + 3 <= size; i += 3) step(data[i], data[i + 1], data[i + 2]);
    return 0;
}

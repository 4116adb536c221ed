// SPDX-License-Identifier: MIT
#include "session/gate.h"

void plk_gate_init(struct plk_gate *gate, uint64_t highest) { *gate = (struct plk_gate){.highest = highest}; }

static bool repeats(const struct plk_gate *gate, struct plk_bytes ephemeral, uint64_t now_us) {
    return gate->has_answer && now_us - gate->answered_us < PLK_GATE_ANSWER_US &&
           plk_bytes_equal(ephemeral, plk_bytes(gate->ephemeral, sizeof gate->ephemeral));
}

enum plk_gate_verdict plk_gate_check(const struct plk_gate *gate, uint64_t stamp, struct plk_bytes ephemeral,
                                     uint64_t now_us) {
    if (stamp > gate->highest) return PLK_GATE_FRESH;
    if (stamp == gate->highest && repeats(gate, ephemeral, now_us)) return PLK_GATE_REPEAT;
    return PLK_GATE_OLDER;
}

struct plk_bytes plk_gate_answer(const struct plk_gate *gate) {
    plk_assert(gate->has_answer);
    return plk_bytes(gate->answer, sizeof gate->answer);
}

void plk_gate_raise(struct plk_gate *gate, uint64_t stamp, struct plk_bytes ephemeral, struct plk_bytes answer,
                    uint64_t now_us) {
    plk_assert(stamp > gate->highest && ephemeral.len == sizeof gate->ephemeral && answer.len == sizeof gate->answer);
    gate->highest = stamp;
    gate->has_answer = true;
    gate->answered_us = now_us;
    memcpy(gate->ephemeral, ephemeral.at, ephemeral.len);
    memcpy(gate->answer, answer.at, answer.len);
}

bool plk_gate_may_initiate(struct plk_gate *gate, uint64_t now_us) {
    if (gate->has_initiated && now_us - gate->initiated_us < PLK_GATE_INITIATE_US) return false;
    gate->has_initiated = true;
    gate->initiated_us = now_us;
    return true;
}

void plk_gate_wipe(struct plk_gate *gate) { plk_mem_wipe(gate, sizeof *gate); }

void plk_stamp_init(struct plk_stamp *stamp, uint64_t reserved_until) {
    uint64_t first = reserved_until > 0 ? reserved_until : 1;
    *stamp = (struct plk_stamp){.next = first, .reserved_until = first};
}

enum plk_err plk_stamp_take(struct plk_stamp *stamp, uint64_t *taken, bool *persist) {
    *persist = false;
    if (stamp->next == UINT64_MAX) return PLK_ERR_LIMIT;
    if (stamp->next >= stamp->reserved_until) {
        uint64_t room = UINT64_MAX - stamp->next;
        stamp->reserved_until = stamp->next + (room < PLK_STAMP_BLOCK ? room : PLK_STAMP_BLOCK);
        *persist = true;
    }
    *taken = stamp->next++;
    return PLK_ERR_OK;
}

bool plk_stamp_heard(struct plk_stamp *stamp, uint64_t echo) {
    if (echo < stamp->next || echo - stamp->next >= PLK_STAMP_JUMP_MAX) return false;
    if (echo == UINT64_MAX) return false;
    stamp->next = echo + 1;
    return true;
}

// SPDX-License-Identifier: MIT
#include "path/mtu.h"

#define OVERHEAD4 28u
#define OVERHEAD6 48u

// MTUs that are met: Ethernet, PPPoE, fibre in Japan, tunnels of several kinds, the least of IPv6.
static const uint32_t steps[] = {1500, 1492, 1454, 1420, 1400, 1360, 1280};
#define STEPS (sizeof steps / sizeof steps[0])

void plk_mtu_init(struct plk_mtu *m, bool ipv6) {
    *m = (struct plk_mtu){.size = PLK_PACKET_UDP_LEN, .overhead = ipv6 ? OVERHEAD6 : OVERHEAD4};
}

void plk_mtu_went(struct plk_mtu *m, uint32_t size) {
    if (size >= m->size && m->full < PLK_MTU_FULL) m->full++;
}

static void begin(struct plk_mtu *m) {
    m->step = m->tries = m->full = 0;
    m->out = m->done = false;
}

uint32_t plk_mtu_wanted(struct plk_mtu *m, uint64_t now_us) {
    if (m->done && now_us >= m->again_us) begin(m);
    return m->done || m->out || m->full < PLK_MTU_FULL ? 0 : steps[m->step] - m->overhead;
}

void plk_mtu_tried(struct plk_mtu *m) { m->out = true; }

static void finish(struct plk_mtu *m, uint64_t now_us) {
    m->done = true;
    m->again_us = m->step == 0 ? PLK_NEVER : now_us + PLK_MTU_RAISE_US;
}

// False: it belongs to a search that is over.
static bool is_out(const struct plk_mtu *m, uint32_t size) { return m->out && size == steps[m->step] - m->overhead; }

bool plk_mtu_passed(struct plk_mtu *m, uint32_t size, uint64_t now_us) {
    if (!is_out(m, size)) return false;
    m->out = false;
    finish(m, now_us);
    if (size <= m->size) return false;
    m->size = size;
    return true;
}

void plk_mtu_failed(struct plk_mtu *m, uint32_t size, uint64_t now_us) {
    if (!is_out(m, size)) return;
    m->out = false;
    if (++m->tries < PLK_MTU_TRIES) return;
    m->tries = 0;
    // What passes already is not tried, only what is larger.
    m->step++;
    if (m->step == STEPS || steps[m->step] - m->overhead <= m->size) finish(m, now_us);
}

bool plk_mtu_lost(struct plk_mtu *m, unsigned count) {
    if (m->size == PLK_PACKET_UDP_LEN || count < PLK_MTU_HOLE) return false;
    m->size = PLK_PACKET_UDP_LEN;
    begin(m);
    return true;
}

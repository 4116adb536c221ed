// SPDX-License-Identifier: MIT
#include "path/survey.h"

#include "path/predict.h"

static void add(struct plk_survey *s, unsigned socket, const struct plk_addr *to, struct plk_rng *rng,
                uint64_t now_us) {
    uint8_t random[12];
    struct plk_survey_probe *probe = &s->probes[s->count];
    plk_rng_bytes(rng, random, sizeof random);
    *probe = (struct plk_survey_probe){.socket = socket, .to = *to, .due_us = now_us + s->count * PLK_SURVEY_PACE_US};
    plk_stun_id(probe->id, random);
    s->count++;
}

// The first socket asks at as many different points as there are, then the second where the first began.
void plk_survey_begin(struct plk_survey *s, const struct plk_reflexive_server *servers, unsigned count,
                      struct plk_rng *rng, uint64_t now_us) {
    s->count = 0;
    s->running = count > 0;
    if (count == 0) s->found = (struct plk_nat_class){.mapping = PLK_NAT_UNKNOWN};
    if (count == 0) return;
    add(s, 0, &servers[0].addr, rng, now_us);
    if (servers[0].other.family != 0) add(s, 0, &servers[0].other, rng, now_us);
    if (count > 1) add(s, 0, &servers[1].addr, rng, now_us);
    add(s, 1, &servers[0].addr, rng, now_us);
}

bool plk_survey_poll(struct plk_survey *s, uint64_t now_us, unsigned *socket, struct plk_addr *to,
                     uint8_t request[PLK_REFLEXIVE_REQUEST_MAX], size_t *len) {
    for (unsigned i = 0; s->running && i < s->count; i++) {
        struct plk_survey_probe *probe = &s->probes[i];
        if (probe->due_us > now_us || probe->sends == PLK_SURVEY_SENDS) continue;
        struct plk_stun ask = {.kind = PLK_STUN_REQUEST};
        struct plk_writer w = plk_writer(request, PLK_REFLEXIVE_REQUEST_MAX);
        memcpy(ask.id, probe->id, sizeof ask.id);
        plk_stun_encode(&w, &ask);
        plk_assert(!w.failed);
        probe->due_us = now_us + (PLK_REFLEXIVE_RTO_US << probe->sends++);
        *socket = probe->socket;
        *to = probe->to;
        *len = w.len;
        return true;
    }
    return false;
}

// A relay with two addresses tells the other one in its answers (RFC 5780 section 7.4): without it, who maps by address is not told
// from who maps by nothing.
static void ask_other(struct plk_survey *s, const struct plk_addr *other, struct plk_rng *rng, uint64_t now_us) {
    if (other->family != 4 || other->port == 0 || plk_addr_class(other) != PLK_ADDR_GLOBAL) return;
    for (unsigned i = 0; i < s->count; i++) {
        if (s->probes[i].socket == 0 && plk_addr_same_ip(&s->probes[i].to, other)) return;
    }
    if (s->count == PLK_SURVEY_PROBES) return;
    add(s, 0, other, rng, now_us);
    s->probes[s->count - 1].due_us = now_us;
}

bool plk_survey_heard(struct plk_survey *s, const struct plk_stun *message, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; s->running && i < s->count; i++) {
        struct plk_survey_probe *probe = &s->probes[i];
        if (probe->answered || probe->sends == 0 ||
            !plk_bytes_equal(plk_bytes(probe->id, sizeof probe->id), plk_bytes(message->id, sizeof message->id)))
            continue;
        probe->due_us = PLK_NEVER;
        probe->answered = message->kind == PLK_STUN_SUCCESS && message->xor_mapped.family == 4;
        if (probe->answered) probe->seen = message->xor_mapped;
        if (probe->answered && i == 0) ask_other(s, &message->other, rng, now_us);
        return true;
    }
    return false;
}

// Where each of them had a mapping of its own, the ports tell how they are given out.
static struct plk_nat_class conclude(const struct plk_survey *s) {
    struct plk_nat_sight sights[PLK_SURVEY_PROBES];
    uint16_t ports[PLK_SURVEY_PROBES];
    unsigned sight_count = 0, port_count = 0;
    for (unsigned i = 0; i < s->count; i++) {
        const struct plk_survey_probe *probe = &s->probes[i];
        if (!probe->answered) continue;
        ports[port_count++] = probe->seen.port;
        if (probe->socket == 0) sights[sight_count++] = (struct plk_nat_sight){.asked = probe->to, .seen = probe->seen};
    }
    struct plk_nat_class found = {.mapping = plk_nat_mapping(sights, sight_count)};
    if (!plk_nat_is_hard(found.mapping)) return found;
    found.ports = PLK_NAT_PORTS_RANDOM;
    if (found.mapping == PLK_NAT_ADDRESS_AND_PORT_DEPENDENT) found.step = plk_predict_step(ports, port_count);
    if (found.step != 0) found.ports = PLK_NAT_PORTS_SEQUENTIAL;
    return found;
}

bool plk_survey_tick(struct plk_survey *s, uint64_t now_us) {
    bool over = s->running;
    for (unsigned i = 0; s->running && i < s->count; i++) {
        struct plk_survey_probe *probe = &s->probes[i];
        if (probe->sends == PLK_SURVEY_SENDS && probe->due_us <= now_us) probe->due_us = PLK_NEVER;
        over = over && probe->due_us == PLK_NEVER;
    }
    if (!over) return false;
    struct plk_nat_class found = conclude(s);
    if (found.mapping != PLK_NAT_UNKNOWN)
        s->found = found; // too little was answered: what was known is good until then
    s->running = false;
    return true;
}

uint64_t plk_survey_deadline(const struct plk_survey *s) {
    uint64_t due_us = PLK_NEVER;
    for (unsigned i = 0; s->running && i < s->count; i++) due_us = plk_earlier(due_us, s->probes[i].due_us);
    return due_us;
}

// SPDX-License-Identifier: MIT
#include "path/reflexive.h"

static void add_probe(struct plk_reflexive *r, const struct plk_addr *to, uint8_t change, struct plk_rng *rng,
                      uint64_t now_us) {
    struct plk_reflexive_probe *probe = &r->probes[r->probe_count++];
    uint8_t random[12];
    plk_rng_bytes(rng, random, sizeof random);
    *probe = (struct plk_reflexive_probe){.to = *to, .change = change, .due_us = now_us};
    plk_stun_id(probe->id, random);
}

void plk_reflexive_begin(struct plk_reflexive *r, const struct plk_reflexive_server *servers, unsigned count,
                         struct plk_rng *rng, uint64_t now_us) {
    r->server_count = count < PLK_REFLEXIVE_SERVERS ? count : PLK_REFLEXIVE_SERVERS;
    r->probe_count = r->late = 0;
    r->running = true;
    r->paced_us = now_us;
    for (unsigned i = 0; i < r->server_count; i++) {
        r->servers[i] = servers[i];
        add_probe(r, &servers[i].addr, 0, rng, now_us);
    }
    if (r->server_count == 0 || servers[0].other.family == 0) return;
    add_probe(r, &servers[0].addr, PLK_STUN_CHANGE_PORT, rng, now_us);
    if (plk_addr_same_ip(&servers[0].addr, &servers[0].other)) return;
    add_probe(r, &servers[0].addr, PLK_STUN_CHANGE_PORT | PLK_STUN_CHANGE_ADDRESS, rng, now_us);
}

bool plk_reflexive_poll(struct plk_reflexive *r, uint64_t now_us, struct plk_addr *to,
                        uint8_t request[PLK_REFLEXIVE_REQUEST_MAX], size_t *len) {
    if (!r->running || now_us < r->paced_us) return false;
    for (unsigned i = 0; i < r->probe_count; i++) {
        struct plk_reflexive_probe *probe = &r->probes[i];
        if (probe->due_us > now_us || probe->sends == PLK_REFLEXIVE_SENDS) continue;
        struct plk_stun ask = {.kind = PLK_STUN_REQUEST, .has_change = probe->change != 0, .change = probe->change};
        struct plk_writer w = plk_writer(request, PLK_REFLEXIVE_REQUEST_MAX);
        memcpy(ask.id, probe->id, sizeof ask.id);
        plk_stun_encode(&w, &ask);
        plk_assert(!w.failed);
        probe->due_us = now_us + (PLK_REFLEXIVE_RTO_US << probe->sends++);
        r->paced_us = now_us + PLK_REFLEXIVE_PACE_US;
        *to = probe->to;
        *len = w.len;
        return true;
    }
    return false;
}

bool plk_reflexive_heard(struct plk_reflexive *r, const struct plk_stun *message) {
    for (unsigned i = 0; r->running && i < r->probe_count; i++) {
        struct plk_reflexive_probe *probe = &r->probes[i];
        if (probe->answered || probe->sends == 0 ||
            !plk_bytes_equal(plk_bytes(probe->id, sizeof probe->id), plk_bytes(message->id, sizeof message->id)))
            continue;
        bool good = message->kind == PLK_STUN_SUCCESS && message->xor_mapped.family == probe->to.family;
        probe->due_us = PLK_NEVER; // an error is an answer, too
        probe->answered = good;
        if (good) probe->seen = message->xor_mapped;
        return true;
    }
    return false;
}

// ---- what follows -----------------------------------------------------------------------------------------------------

static bool is_plain(const struct plk_reflexive_probe *probe) { return probe->answered && probe->change == 0; }

static enum plk_nat_behavior mapping_of(const struct plk_reflexive *r) {
    struct plk_nat_sight sights[PLK_REFLEXIVE_PROBES];
    unsigned count = 0;
    for (unsigned i = 0; i < r->probe_count; i++) {
        const struct plk_reflexive_probe *probe = &r->probes[i];
        if (is_plain(probe)) sights[count++] = (struct plk_nat_sight){.asked = probe->to, .seen = probe->seen};
    }
    return plk_nat_mapping(sights, count);
}

// What is not answered is filtered, if the plain request was answered: of several possible, the strictest.
static enum plk_nat_behavior filtering_of(const struct plk_reflexive *r) {
    bool asked = false, by_port = false, by_address = false;
    for (unsigned i = 0; i < r->probe_count; i++) {
        const struct plk_reflexive_probe *probe = &r->probes[i];
        asked = asked || probe->change != 0;
        if (!probe->answered) continue;
        by_port = by_port || probe->change == PLK_STUN_CHANGE_PORT;
        by_address = by_address || (probe->change & PLK_STUN_CHANGE_ADDRESS) != 0;
    }
    if (by_address) return PLK_NAT_ENDPOINT_INDEPENDENT;
    if (by_port) return PLK_NAT_ADDRESS_DEPENDENT;
    return asked && r->probes[0].answered ? PLK_NAT_ADDRESS_AND_PORT_DEPENDENT : PLK_NAT_UNKNOWN;
}

static void collect_seen(const struct plk_reflexive *r, struct plk_reflexive_found *found) {
    found->seen_count = 0;
    for (unsigned i = 0; i < r->probe_count && found->seen_count < PLK_REFLEXIVE_SEEN; i++) {
        unsigned k = 0;
        if (!is_plain(&r->probes[i])) continue;
        while (k < found->seen_count && !plk_addr_equal(&found->seen[k], &r->probes[i].seen)) k++;
        if (k == found->seen_count) found->seen[found->seen_count++] = r->probes[i].seen;
    }
}

static bool same_found(const struct plk_reflexive_found *a, const struct plk_reflexive_found *b) {
    bool same = a->seen_count == b->seen_count && a->mapping == b->mapping && a->filtering == b->filtering;
    for (unsigned i = 0; same && i < a->seen_count; i++) same = plk_addr_equal(&a->seen[i], &b->seen[i]);
    return same;
}

// ---- the round --------------------------------------------------------------------------------------------------------

static bool part_is_over(struct plk_reflexive *r, uint64_t now_us) {
    bool over = true;
    for (unsigned i = 0; i < r->probe_count; i++) {
        struct plk_reflexive_probe *probe = &r->probes[i];
        if (probe->sends == PLK_REFLEXIVE_SENDS && probe->due_us <= now_us) probe->due_us = PLK_NEVER;
        over = over && probe->due_us == PLK_NEVER;
    }
    return over;
}

static bool second_part(struct plk_reflexive *r, uint64_t now_us, struct plk_rng *rng) {
    r->late = r->probe_count;
    for (unsigned i = 0; i < r->server_count && r->probe_count < r->late + 2; i++) {
        if (r->servers[i].other.family == 0 || !r->probes[i].answered) continue;
        add_probe(r, &r->servers[i].other, 0, rng, now_us);
    }
    return r->probe_count > r->late;
}

bool plk_reflexive_tick(struct plk_reflexive *r, uint64_t now_us, struct plk_rng *rng) {
    if (!r->running) return false;
    struct plk_reflexive_found found = r->found, before = r->found;
    collect_seen(r, &found);
    if (part_is_over(r, now_us) && (r->late != 0 || !second_part(r, now_us, rng))) {
        r->running = false;
        found.mapping = mapping_of(r);
        found.filtering = filtering_of(r);
    } else if (found.seen_count == 0) {
        return false; // what was known before is good until more is known
    } else if (before.seen_count == 0 || !plk_addr_equal(&before.seen[0], &found.seen[0])) {
        found.mapping = found.filtering = PLK_NAT_UNKNOWN; // another NAT, perhaps
    }
    r->found = found;
    return !same_found(&before, &found);
}

uint64_t plk_reflexive_deadline(const struct plk_reflexive *r) {
    uint64_t due_us = PLK_NEVER;
    for (unsigned i = 0; r->running && i < r->probe_count; i++) {
        const struct plk_reflexive_probe *probe = &r->probes[i];
        bool paced = probe->sends < PLK_REFLEXIVE_SENDS && probe->due_us < r->paced_us;
        due_us = plk_earlier(due_us, paced ? r->paced_us : probe->due_us);
    }
    return due_us;
}

// SPDX-License-Identifier: MIT
#include "path/paths.h"

void plk_paths_init(struct plk_paths *p) {
    memset(p, 0, sizeof *p);
    p->next_id = 1;
}

static unsigned place_of(const struct plk_paths *p, const struct plk_path *path) { return (unsigned)(path - p->list); }

struct plk_path *plk_paths_by_id(struct plk_paths *p, uint32_t id) {
    for (unsigned i = 0; id != 0 && i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id == id) return &p->list[i];
    }
    return NULL;
}

const struct plk_path *plk_paths_active(const struct plk_paths *p) {
    for (unsigned i = 0; p->active != 0 && i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id == p->active) return &p->list[i];
    }
    return NULL;
}

struct plk_path *plk_paths_find(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                                uint32_t stream) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || path->transport != transport) continue;
        if (transport == PLK_UDP ? plk_addr_equal(&path->addr, addr) : path->stream == stream) return path;
    }
    return NULL;
}

// Two sides that chose at the same moment, each another path, must not follow each other at the same moment again: the token
// of the check is random, and so is the end of the time in which the choice stands.
static uint64_t hold_us(const struct plk_path *path) {
    return PLK_PATHS_HOLD_US + ((uint64_t)path->token[0] << 8 | path->token[1]) * PLK_PATHS_HOLD_US / 65536;
}

static void activate(struct plk_paths *p, struct plk_path *path, uint64_t now_us) {
    path->moved = false;
    p->suspect = false;
    if (p->active == path->id) return;
    p->active = path->id;
    p->hold_us = now_us + hold_us(path);
    p->tell_active = true;
    p->upgrade_us = path->transport == PLK_UDP ? PLK_NEVER : now_us + PLK_PATHS_UPGRADE_US;
}

static void kill(struct plk_paths *p, struct plk_path *path) {
    unsigned place = place_of(p, path);
    p->dead[place] = *path;
    p->tell_dead |= 1u << place;
    p->tell_challenge &= ~(1u << place);
    if (p->active == path->id) {
        p->active = 0;
        p->tell_active = false;
    }
    memset(path, 0, sizeof *path);
}

// The place of a new path: a free one that has no death to tell, else that of the least useful path.
static struct plk_path *make_room(struct plk_paths *p) {
    struct plk_path *worst = NULL;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if ((p->tell_dead >> i & 1) != 0) continue;
        if (path->id == 0) return path;
        if (path->id == p->active || path->moved) continue;
        if (worst == NULL || path->heard_us < worst->heard_us) worst = path;
    }
    if (worst != NULL) kill(p, worst);
    return NULL; // its place is free once its death was told
}

struct plk_path *plk_paths_open(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                                uint32_t stream, bool proven, uint64_t now_us) {
    struct plk_path *path = plk_paths_find(p, transport, addr, stream);
    if (path == NULL) {
        path = make_room(p);
        if (path == NULL) return NULL;
        *path = (struct plk_path){.id = p->next_id++, .transport = transport, .addr = *addr, .stream = stream};
        path->next_us = PLK_NEVER;
    }
    if (proven) {
        path->proven = true;
        path->heard_us = now_us;
        if (p->active == 0 || p->suspect) activate(p, path, now_us);
    }
    return path;
}

static void challenge(struct plk_paths *p, struct plk_path *path, uint64_t now_us) {
    uint64_t wait_us = PLK_PATHS_CHALLENGE_US << path->challenges;
    if (path->rtt_us * 3 > wait_us) wait_us = path->rtt_us * 3;
    if (wait_us > 2 * PLK_SECOND) wait_us = 2 * PLK_SECOND;
    path->challenges++;
    path->challenged_us = now_us;
    path->next_us = now_us + wait_us;
    p->tell_challenge |= 1u << place_of(p, path);
}

static void begin_check(struct plk_paths *p, struct plk_path *path, struct plk_rng *rng, uint64_t now_us) {
    if (path->checking) return;
    plk_rng_bytes(rng, path->token, sizeof path->token);
    path->checking = true;
    path->challenges = 0;
    challenge(p, path, now_us);
}

void plk_paths_check(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path != NULL) begin_check(p, path, rng, now_us);
}

void plk_paths_heard(struct plk_paths *p, uint32_t id, bool newest, bool payload, struct plk_rng *rng,
                     uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    path->heard_us = now_us;
    if (path->id == p->active || !newest || !payload) return;
    const struct plk_path *active = plk_paths_active(p);
    // UDP beats TCP: data that a peer still sends over TCP does not draw ours away from a UDP path that works.
    if (active != NULL && !p->suspect && active->transport == PLK_UDP && path->transport != PLK_UDP) return;
    if (path->proven) {
        if (now_us < p->hold_us && !p->suspect && active != NULL) return;
        activate(p, path, now_us);
        p->hold_us = now_us + PLK_PATHS_HOLD_US + plk_rng_below(rng, PLK_PATHS_HOLD_US);
    } else {
        path->moved = true;
        begin_check(p, path, rng, now_us);
    }
}

bool plk_paths_answered(struct plk_paths *p, const uint8_t token[8], uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || !path->checking || memcmp(path->token, token, sizeof path->token) != 0) continue;
        // A repeated challenge makes the sample ambiguous (Karn): only a first one is a measurement.
        if (path->challenges == 1) path->rtt_us = now_us - path->challenged_us;
        path->checking = false;
        path->challenges = 0;
        path->next_us = PLK_NEVER;
        path->proven = true;
        path->heard_us = now_us;
        p->tell_challenge &= ~(1u << i);
        const struct plk_path *active = plk_paths_active(p);
        bool better = active != NULL && active->transport != PLK_UDP && path->transport == PLK_UDP;
        if (active == NULL || path->moved || better || (p->suspect && path->id != active->id)) {
            activate(p, path, now_us);
        } else if (path->id == p->active) {
            p->suspect = false;
        }
        return true;
    }
    return false;
}

void plk_paths_came(struct plk_paths *p, uint32_t id, size_t len) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path != NULL && !path->proven) path->came_len += len;
}

size_t plk_paths_room(const struct plk_paths *p, uint32_t id) {
    const struct plk_path *path = NULL;
    for (unsigned i = 0; id != 0 && i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id == id) path = &p->list[i];
    }
    if (path == NULL) return 0;
    // A TCP connection has answered from there, and the active path was proven before the network changed.
    if (path->proven || path->transport != PLK_UDP || id == p->active) return SIZE_MAX;
    uint64_t most = path->came_len > 0 ? 3 * path->came_len : PLK_PATHS_UNPROVEN_LEN;
    return path->went_len < most ? (size_t)(most - path->went_len) : 0;
}

void plk_paths_went(struct plk_paths *p, uint32_t id, size_t len) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path != NULL && !path->proven) path->went_len += len;
}

static void suspect(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    if (!p->suspect) {
        p->suspect = true;
        p->suspect_us = now_us;
    }
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id != 0) begin_check(p, &p->list[i], rng, now_us);
    }
    p->tell_race = true;
}

void plk_paths_silent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    if (id == p->active) suspect(p, rng, now_us);
}

void plk_paths_close(struct plk_paths *p, uint32_t id, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    bool was_active = id == p->active;
    kill(p, path);
    if (!was_active) return;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id != 0 && p->list[i].proven) {
            activate(p, &p->list[i], now_us);
            return;
        }
    }
    if (!p->suspect) {
        p->suspect = true;
        p->suspect_us = now_us;
    }
    p->tell_race = true;
}

void plk_paths_network_changed(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        path->proven = path->proven && path->transport != PLK_UDP;
        path->checking = false;
        path->rtt_us = 0;
        path->came_len = path->went_len = 0;
    }
    p->suspect = false;
    suspect(p, rng, now_us);
}

static void give_up(struct plk_paths *p, struct plk_path *path) {
    // The active path stays until another one is proven: its death would leave nothing to send an answer on.
    if (path->id == p->active) {
        path->challenges--;
        return;
    }
    kill(p, path);
}

void plk_paths_tick(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || !path->checking || path->next_us > now_us) continue;
        if (path->challenges >= PLK_PATHS_CHALLENGES) give_up(p, path);
        if (path->id != 0) challenge(p, path, now_us);
    }
    if (p->suspect && now_us - p->suspect_us >= PLK_PATHS_LOST_US) {
        p->suspect = false;
        p->tell_lost = true;
    }
    const struct plk_path *active = plk_paths_active(p);
    if (active != NULL && active->transport != PLK_UDP && p->upgrade_us <= now_us) {
        p->upgrade_us = now_us + PLK_PATHS_UPGRADE_US;
        p->tell_race = true;
        for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
            if (p->list[i].id != 0 && p->list[i].transport == PLK_UDP) begin_check(p, &p->list[i], rng, now_us);
        }
    }
}

uint64_t plk_paths_deadline(const struct plk_paths *p) {
    uint64_t deadline_us = p->suspect ? p->suspect_us + PLK_PATHS_LOST_US : PLK_NEVER;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id != 0 && p->list[i].checking) deadline_us = plk_earlier(deadline_us, p->list[i].next_us);
    }
    const struct plk_path *active = plk_paths_active(p);
    if (active != NULL && active->transport != PLK_UDP) deadline_us = plk_earlier(deadline_us, p->upgrade_us);
    return deadline_us;
}

// The lowest set bit's place; -1 for none.
static int lowest(uint32_t bits) { return bits == 0 ? -1 : __builtin_ctz(bits); }

bool plk_paths_next(struct plk_paths *p, struct plk_paths_action *action) {
    int place = lowest(p->tell_dead);
    if (place >= 0) {
        p->tell_dead &= ~(1u << place);
        *action = (struct plk_paths_action){PLK_PATHS_DEAD, p->dead[place]};
        return true;
    }
    const struct plk_path *active = plk_paths_active(p);
    if (p->tell_active && active != NULL) {
        p->tell_active = false;
        *action = (struct plk_paths_action){PLK_PATHS_ACTIVE, *active};
        return true;
    }
    place = lowest(p->tell_challenge);
    if (place >= 0) {
        p->tell_challenge &= ~(1u << place);
        *action = (struct plk_paths_action){PLK_PATHS_CHALLENGE, p->list[place]};
        return true;
    }
    if (p->tell_race) {
        p->tell_race = false;
        *action = (struct plk_paths_action){.act = PLK_PATHS_RACE};
        return true;
    }
    if (p->tell_lost) {
        p->tell_lost = false;
        *action = (struct plk_paths_action){.act = PLK_PATHS_LOST};
        return true;
    }
    return false;
}

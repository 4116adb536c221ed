// SPDX-License-Identifier: MIT
#include "path/paths.h"

#include "path/choice.h"

void plk_paths_init(struct plk_paths *p) {
    memset(p, 0, sizeof *p);
    p->next_id = 1;
    p->settle_us = PLK_NEVER;
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
        if (path->stream != stream) continue;
        if (!plk_path_kind_of(transport).addressed || plk_addr_equal(&path->addr, addr)) return path;
    }
    return NULL;
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
    p->tell_more = p->tell_more || (path->asked && p->waiting);
    memset(path, 0, sizeof *path);
}

static bool is_directed(const struct plk_path *path) { return plk_path_kind_of(path->transport).directed; }

static bool is_spare(const struct plk_paths *p, const struct plk_path *path) {
    return path->id != 0 && path->id != p->active && path->proven && !path->moved;
}

// The least useful one that is not needed; NULL: each is.
static struct plk_path *least_useful(struct plk_paths *p, bool proven, bool directed) {
    struct plk_path *worst = NULL;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || path->id == p->active || path->moved || path->proven != proven) continue;
        if (is_directed(path) != directed) continue;
        if (worst == NULL || plk_choice_before(worst, path)) worst = path;
    }
    return worst;
}

// More proven paths than are kept warm: the worst goes. Relays are counted for themselves: each direct path is better than
// they are, and they are what remains when all of those die together.
static void trim(struct plk_paths *p) {
    unsigned direct = 0, relays = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &p->list[i];
        if (!is_spare(p, path)) continue;
        if (is_directed(path)) {
            relays++;
        } else {
            direct++;
        }
    }
    if (direct > PLK_PATHS_SPARES) kill(p, least_useful(p, true, false));
    if (relays > PLK_PATHS_RELAYS) kill(p, least_useful(p, true, true));
}

// A free place that has no death to tell.
static struct plk_path *free_place(struct plk_paths *p) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id == 0 && (p->tell_dead >> i & 1) == 0) return &p->list[i];
    }
    return NULL;
}

static struct plk_path *make(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                             uint32_t stream) {
    struct plk_path *path = free_place(p);
    if (path == NULL) return NULL;
    *path = (struct plk_path){.id = p->next_id++, .transport = transport, .addr = *addr, .stream = stream};
    path->next_us = PLK_NEVER;
    path->wide = !plk_path_kind_of(transport).addressed;
    plk_mtu_init(&path->mtu, addr->family == 6);
    return path;
}

struct plk_path *plk_paths_open(struct plk_paths *p, enum plk_transport transport, const struct plk_addr *addr,
                                uint32_t stream, bool proven, uint64_t now_us) {
    struct plk_path *path = plk_paths_find(p, transport, addr, stream);
    if (path == NULL) path = make(p, transport, addr, stream);
    if (path == NULL) {
        struct plk_path *worst = least_useful(p, false, false);
        if (worst == NULL) worst = least_useful(p, false, true);
        if (worst == NULL) worst = least_useful(p, true, false);
        if (worst == NULL) worst = least_useful(p, true, true);
        if (worst != NULL) kill(p, worst);
        return NULL; // its place is free once its death was told
    }
    plk_choice_opened(p, path);
    if (!proven) return path;
    path->proven = path->wide = true; // the handshake's packets are small; whether large ones pass shows with the data
    path->asked = false;
    path->heard_us = now_us;
    plk_choice_proven(p, path, now_us);
    trim(p);
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

void plk_paths_recheck(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL || (path->checking && now_us - path->challenged_us < PLK_PATHS_CHALLENGE_US)) return;
    path->checking = false;
    begin_check(p, path, rng, now_us);
}

bool plk_paths_ask(struct plk_paths *p, const struct plk_addr *addr, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_find(p, PLK_UDP, addr, 0);
    unsigned asked = 0;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) asked += p->list[i].id != 0 && p->list[i].asked;
    if (path == NULL) {
        if (asked >= PLK_PATHS_ASKED) return false;
        path = make(p, PLK_UDP, addr, 0);
        if (path == NULL) return false;
        path->asked = true;
    }
    begin_check(p, path, rng, now_us);
    return true;
}

bool plk_paths_ask_relay(struct plk_paths *p, uint32_t queue, struct plk_rng *rng, uint64_t now_us) {
    const struct plk_addr nowhere = {.family = 0};
    struct plk_path *path = plk_paths_find(p, PLK_PASS, &nowhere, queue);
    if (path == NULL) {
        path = make(p, PLK_PASS, &nowhere, queue);
        if (path == NULL) return false;
        plk_choice_opened(p, path);
    }
    begin_check(p, path, rng, now_us);
    return true;
}

void plk_paths_seek(struct plk_paths *p) { p->tell_race = p->tell_race || plk_choice_may_improve(p); }

void plk_paths_heard(struct plk_paths *p, uint32_t id, bool newest, bool data, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    path->heard_us = now_us;
    if (!data) return;
    path->data_us = now_us;
    p->busy = true;
    if (!newest) return;
    plk_choice_data(p, path, now_us);
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) p->list[i].moved = false; // wherever it was before, now it is here
    if (path->id == p->active) return;
    if (path->proven && path->wide) {
        plk_choice_follow(p, path, now_us);
    } else {
        path->moved = true;
        begin_check(p, path, rng, now_us);
    }
}

static struct plk_path *best_relay(struct plk_paths *p) {
    struct plk_path *best = NULL;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || !path->proven || !is_directed(path)) continue;
        if (best == NULL || plk_choice_before(path, best)) best = path;
    }
    return best;
}

void plk_paths_relayed(struct plk_paths *p, bool newest, bool data, struct plk_rng *rng, uint64_t now_us) {
    if (!data) return;
    p->relayed_us = now_us;
    p->busy = true;
    if (!newest) return;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) p->list[i].moved = false;
    const struct plk_path *active = plk_paths_active(p);
    if (active != NULL && is_directed(active)) {
        plk_choice_data(p, active, now_us);
        return;
    }
    struct plk_path *best = best_relay(p);
    if (best == NULL) return;
    plk_choice_follow(p, best, now_us);
    if (p->active == best->id) begin_check(p, best, rng, now_us); // it may not have been measured for long
}

bool plk_paths_is_narrow(const struct plk_paths *p, const struct plk_path *path) {
    return plk_path_kind_of(path->transport).addressed && (!path->wide || p->suspect);
}

static void answered(struct plk_paths *p, struct plk_path *path, bool wide, struct plk_rng *rng, uint64_t now_us) {
    bool narrow = plk_paths_is_narrow(p, path) && !wide;
    // A repeated challenge makes the sample ambiguous (Karn): only a first one is a measurement. Those before it were lost.
    plk_choice_lost(path, path->challenges - 1, 1);
    if (path->challenges == 1) plk_choice_sample(path, now_us - path->challenged_us, now_us);
    path->checking = false;
    path->challenges = 0;
    path->next_us = PLK_NEVER;
    path->checked = path->checked || !path->proven;
    path->proven = true;
    path->heard_us = now_us;
    p->tell_challenge &= ~(1u << place_of(p, path));
    p->tell_more = p->tell_more || (path->asked && p->waiting);
    path->asked = false;
    path->wide = !narrow;
    if (narrow) {
        begin_check(p, path, rng, now_us);
        return;
    }
    plk_choice_proven(p, path, now_us);
    trim(p);
}

static struct plk_path *by_token(struct plk_paths *p, const uint8_t token[8]) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id != 0 && path->checking && memcmp(path->token, token, sizeof path->token) == 0) return path;
    }
    return NULL;
}

void plk_paths_seen(struct plk_paths *p, const uint8_t token[8], const struct plk_addr *seen) {
    struct plk_path *path = by_token(p, token);
    if (path != NULL) path->seen = *seen;
}

bool plk_paths_answered(struct plk_paths *p, const uint8_t token[8], bool wide, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = by_token(p, token);
    if (path != NULL) answered(p, path, wide, rng, now_us);
    return path != NULL;
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
    // The active path was proven before the network changed.
    if (path->proven || !plk_path_kind_of(path->transport).addressed || id == p->active) return SIZE_MAX;
    uint64_t most = 3 * path->came_len + (path->inbound ? 0 : PLK_PATHS_UNPROVEN_LEN);
    return path->went_len < most ? (size_t)(most - path->went_len) : 0;
}

void plk_paths_went(struct plk_paths *p, uint32_t id, size_t len, bool message) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    if (!path->proven) path->went_len += len;
    if (message) plk_mtu_went(&path->mtu, (uint32_t)len);
}

static void suspect(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id != 0) begin_check(p, &p->list[i], rng, now_us);
    }
    if (p->suspect) return;
    p->suspect = p->tell_race = true;
    p->suspect_us = now_us;
}

void plk_paths_silent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    if (id == p->active) suspect(p, rng, now_us);
}

void plk_paths_absent(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    if (id == p->active) {
        suspect(p, rng, now_us);
    } else if (path->checking) {
        path->proven = false; // the peer may be about to come back to it: it is asked a few times more
    } else {
        kill(p, path);
    }
}

void plk_paths_close(struct plk_paths *p, uint32_t id, struct plk_rng *rng, uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    bool was_active = id == p->active;
    kill(p, path);
    if (!was_active) return;
    struct plk_path *best = NULL;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *spare = &p->list[i];
        if (spare->id != 0 && spare->proven && spare->wide && (best == NULL || plk_choice_before(spare, best)))
            best = spare;
    }
    if (best == NULL) {
        suspect(p, rng, now_us);
        return;
    }
    plk_choice_activate(p, best, true, now_us);
    begin_check(p, best, rng, now_us); // it may have died unnoticed
}

void plk_paths_network_changed(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        path->proven = path->proven && !plk_path_kind_of(path->transport).addressed;
        path->wide = !plk_path_kind_of(path->transport).addressed;
        plk_mtu_init(&path->mtu, path->addr.family == 6);
        path->checking = false;
        path->rtt_us = path->least_us[0] = path->least_us[1] = 0;
        path->samples = 0;
        path->came_len = path->went_len = 0;
    }
    p->suspect = p->surveyed = false;
    suspect(p, rng, now_us);
}

// After so many challenges without an answer.
static unsigned patience(const struct plk_paths *p, const struct plk_path *path) {
    return path->asked && p->waiting ? PLK_PATHS_HASTY : PLK_PATHS_CHALLENGES;
}

static void give_up(struct plk_paths *p, struct plk_path *path) {
    // The active path stays until another one is proven: its death would leave nothing to send an answer on.
    if (path->id == p->active) {
        path->challenges--;
        return;
    }
    kill(p, path);
    p->tell_more = p->tell_more || p->waiting;
}

// While data goes over a worse kind, better ones are looked for; else the spares are measured, as long as there is data.
static void look(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    p->look_us = plk_choice_look_us(p, now_us);
    p->busy = false;
    bool worse = plk_choice_may_improve(p);
    p->tell_race = p->tell_race || worse || (p->leads && !p->surveyed);
    p->surveyed = true;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || path->id == p->active) continue;
        bool addressed = plk_path_kind_of(path->transport).addressed;
        if (worse && path->asked && path->challenges >= PLK_PATHS_HASTY) {
            kill(p, path); // what may go to an unproven address has gone: it is asked anew, with the others
            continue;
        }
        if (addressed && (worse || path->proven)) begin_check(p, path, rng, now_us);
        if (is_directed(path) && path->proven && !p->settled) begin_check(p, path, rng, now_us);
    }
}

static bool looks(const struct plk_paths *p) { return p->active != 0 && (p->busy || plk_choice_may_improve(p)); }

void plk_paths_tick(struct plk_paths *p, struct plk_rng *rng, uint64_t now_us) {
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        struct plk_path *path = &p->list[i];
        if (path->id == 0 || !path->checking || path->next_us > now_us) continue;
        if (path->challenges >= patience(p, path)) give_up(p, path);
        if (path->id != 0) challenge(p, path, now_us);
    }
    if (p->suspect && now_us - p->suspect_us >= PLK_PATHS_LOST_US) {
        p->suspect = false;
        p->tell_lost = true;
    }
    if (looks(p) && p->look_us <= now_us) look(p, rng, now_us);
    if (p->settle_us > now_us) return;
    uint32_t closed = plk_choice_settle(p, now_us);
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if ((closed >> i & 1) != 0) kill(p, &p->list[i]);
    }
}

uint64_t plk_paths_deadline(const struct plk_paths *p) {
    uint64_t deadline_us = p->suspect ? p->suspect_us + PLK_PATHS_LOST_US : PLK_NEVER;
    for (unsigned i = 0; i < PLK_PATHS_MAX; i++) {
        if (p->list[i].id != 0 && p->list[i].checking) deadline_us = plk_earlier(deadline_us, p->list[i].next_us);
    }
    if (looks(p)) deadline_us = plk_earlier(deadline_us, p->look_us);
    return plk_earlier(deadline_us, p->settle_us);
}

// The lowest set bit's place; -1 for none.
static int lowest(uint32_t bits) { return bits == 0 ? -1 : __builtin_ctz(bits); }

bool plk_paths_next(struct plk_paths *p, struct plk_paths_action *action) {
    int place = lowest(p->tell_dead);
    if (place >= 0) {
        p->tell_dead &= ~(1u << place);
        *action = (struct plk_paths_action){.act = PLK_PATHS_DEAD, .path = p->dead[place]};
        return true;
    }
    const struct plk_path *active = plk_paths_active(p);
    if (p->tell_active && active != NULL) {
        p->tell_active = false;
        *action = (struct plk_paths_action){.act = PLK_PATHS_ACTIVE, .path = *active, .silent = p->left_silent};
        return true;
    }
    place = lowest(p->tell_challenge);
    if (place >= 0) {
        p->tell_challenge &= ~(1u << place);
        *action = (struct plk_paths_action){.act = PLK_PATHS_CHALLENGE, .path = p->list[place]};
        return true;
    }
    static const enum plk_paths_act acts[] = {PLK_PATHS_RACE, PLK_PATHS_MORE, PLK_PATHS_SETTLED, PLK_PATHS_LOST};
    bool *const told[] = {&p->tell_race, &p->tell_more, &p->tell_settled, &p->tell_lost};
    for (unsigned i = 0; i < sizeof told / sizeof told[0]; i++) {
        if (!*told[i]) continue;
        *told[i] = false;
        *action = (struct plk_paths_action){.act = acts[i]};
        return true;
    }
    return false;
}

// SPDX-License-Identifier: MIT
#include "path/choice.h"

static unsigned rank(const struct plk_path *path) { return plk_path_kind_of(path->transport).rank; }

// ---- measuring ------------------------------------------------------------------------------------------------------

// The least of a quarter of a minute and of the one before: a queue of our own making does not count against a path, and a
// way that has become longer is noticed.
void plk_choice_sample(struct plk_path *path, uint64_t rtt_us, uint64_t now_us) {
    if (rtt_us == 0) rtt_us = 1; // a clock may not have moved
    path->rtt_us = path->rtt_us == 0 ? rtt_us : (7 * path->rtt_us + rtt_us) / 8;
    path->samples++;
    if (path->least_us[0] == 0 || now_us - path->epoch_us >= PLK_PATHS_EPOCH_US) {
        path->least_us[1] = path->least_us[0];
        path->least_us[0] = rtt_us;
        path->epoch_us = now_us;
    } else {
        path->least_us[0] = plk_earlier(path->least_us[0], rtt_us);
    }
}

// A moving average over some 64 packets.
void plk_choice_lost(struct plk_path *path, uint64_t lost, uint64_t acked) {
    for (uint64_t i = 0; i < lost && i < 256; i++) path->loss_ppm += (1000000 - path->loss_ppm) / 64;
    for (uint64_t i = 0; i < acked && i < 256; i++) path->loss_ppm -= path->loss_ppm / 64;
}

void plk_paths_measured(struct plk_paths *p, uint32_t id, uint64_t rtt_us, uint64_t acked, uint64_t lost,
                        uint64_t now_us) {
    struct plk_path *path = plk_paths_by_id(p, id);
    if (path == NULL) return;
    if (acked < path->counted_acked || lost < path->counted_lost)
        path->counted_acked = path->counted_lost = 0; // new session
    if (acked == path->counted_acked && lost == path->counted_lost) return;
    plk_choice_lost(path, lost - path->counted_lost, acked - path->counted_acked);
    if (acked != path->counted_acked && rtt_us != 0) plk_choice_sample(path, rtt_us, now_us);
    path->counted_acked = acked;
    path->counted_lost = lost;
}

uint64_t plk_path_cost_us(const struct plk_path *path) {
    if (path->samples < PLK_PATHS_SAMPLES) return 0;
    uint64_t least_us = path->least_us[0];
    if (path->least_us[1] != 0) least_us = plk_earlier(least_us, path->least_us[1]);
    return least_us + least_us * path->loss_ppm / PLK_PATHS_LOSS_PPM;
}

bool plk_choice_before(const struct plk_path *a, const struct plk_path *b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    uint64_t cost_a = plk_path_cost_us(a), cost_b = plk_path_cost_us(b);
    if (cost_a != 0 && cost_b != 0 && cost_a != cost_b) return cost_a < cost_b;
    return a->heard_us > b->heard_us;
}

// ---- choosing -------------------------------------------------------------------------------------------------------

void plk_choice_activate(struct plk_paths *p, struct plk_path *path, bool silent, uint64_t now_us) {
    path->moved = false;
    p->suspect = false;
    if (p->active == path->id) return;
    struct plk_path *left = plk_paths_by_id(p, p->active);
    // What has gone silent must show again that large packets pass, before the peer's small ones may draw us back there.
    if (left != NULL && silent) {
        left->wide = !plk_path_kind_of(left->transport).addressed;
        plk_mtu_init(&left->mtu, left->addr.family == 6);
    }
    p->left_silent = silent || (p->tell_active && p->left_silent);
    p->active = path->id;
    path->was_active = true;
    p->active_us = now_us;
    p->insists_us = 0;
    if (p->look_us <= now_us || plk_choice_may_improve(p)) p->look_us = plk_choice_look_us(p, now_us);
    p->settle_us = PLK_NEVER;
    p->unsettled = true;
    p->settled = false;
    p->tell_active = true;
}

void plk_choice_opened(struct plk_paths *p, const struct plk_path *path) {
    const struct plk_path *active = plk_paths_active(p);
    if (active == NULL || rank(path) <= rank(active)) return;
    p->unsettled = true;
    p->settled = false;
}

void plk_choice_data(struct plk_paths *p, const struct plk_path *path, uint64_t now_us) {
    if (path->id != p->active) return;
    p->insists_us = 0;
    if (!p->unsettled) return;
    p->unsettled = false;
    p->settle_us = now_us + PLK_PATHS_SETTLED_US;
}

// A path of the same kind that is so much quicker that the move is worth it, now and not to be taken back soon.
static bool is_quicker(const struct plk_paths *p, const struct plk_path *path, const struct plk_path *active,
                       uint64_t now_us) {
    // Nobody follows on a directed kind: there each side decides for what it sends.
    bool decides = p->leads || plk_path_kind_of(path->transport).directed;
    if (!decides || rank(path) != rank(active) || now_us - p->active_us < PLK_PATHS_BETTER_US) return false;
    uint64_t cost_us = plk_path_cost_us(path), now_cost_us = plk_path_cost_us(active);
    return cost_us != 0 && now_cost_us != 0 && cost_us + cost_us / 4 + PLK_PATHS_BETTER_BY_US < now_cost_us;
}

void plk_choice_proven(struct plk_paths *p, struct plk_path *path, uint64_t now_us) {
    const struct plk_path *active = plk_paths_active(p);
    if (active == NULL || (p->suspect && path != active)) {
        plk_choice_activate(p, path, true, now_us);
    } else if (path == active) {
        p->suspect = false;
    } else if (rank(path) < rank(active) || is_quicker(p, path, active, now_us)) {
        plk_choice_activate(p, path, false, now_us);
    } else if (path->moved && !path->was_active && rank(path) == rank(active)) {
        plk_choice_activate(p, path, true,
                            now_us); // where it has moved to was not known before: no old packet draws us there
    } else if (path->moved) {
        plk_choice_follow(p, path, now_us);
    }
}

static uint64_t later(uint64_t a_us, uint64_t b_us) { return a_us > b_us ? a_us : b_us; }

// Two sides that have chosen differently must not follow each other at the same moment, to and fro for ever: the one that
// leads waits until the peer insists, the other until its own choice has stood for a while. A peer that goes on over a worse
// kind, long after it has heard us by a better one, gets nothing through there.
static bool waits(struct plk_paths *p, const struct plk_path *path, const struct plk_path *active, uint64_t now_us) {
    uint64_t worse_us = rank(path) > rank(active) ? PLK_PATHS_HOLD_WORSE_US : 0;
    if (p->leads) {
        uint64_t insists_us = later(PLK_PATHS_INSIST_US, active->rtt_us);
        // Who speaks rarely has not insisted: it may not have heard us in between.
        if (p->insists_us == 0 || now_us - p->insisted_us > 2 * insists_us) p->insists_us = now_us;
        p->insisted_us = now_us;
        return now_us - p->insists_us < insists_us + worse_us;
    }
    return now_us - p->active_us < later(PLK_PATHS_HOLD_US, 3 * active->rtt_us) + worse_us;
}

void plk_choice_follow(struct plk_paths *p, struct plk_path *path, uint64_t now_us) {
    const struct plk_path *active = plk_paths_active(p);
    path->moved = false;
    if (active != NULL && !p->suspect && rank(path) >= rank(active) && waits(p, path, active, now_us)) return;
    plk_choice_activate(p, path, true, now_us);
}

bool plk_choice_may_improve(const struct plk_paths *p) {
    const struct plk_path *active = plk_paths_active(p);
    return active != NULL && rank(active) > 0;
}

uint64_t plk_choice_look_us(const struct plk_paths *p, uint64_t now_us) {
    if (!plk_choice_may_improve(p)) return now_us + PLK_PATHS_LOOK_US;
    return now_us + plk_earlier(later((now_us - p->active_us) / 4, PLK_PATHS_LOOK_SOON_US), PLK_PATHS_LOOK_US);
}

// Not while the peer still sends over the worse kind. Directed ones are kept: they cost nothing, and are what remains when all
// that is direct dies at once.
uint32_t plk_choice_settle(struct plk_paths *p, uint64_t now_us) {
    const struct plk_path *active = plk_paths_active(p);
    uint32_t closed = 0;
    bool wait = active == NULL || p->suspect;
    for (unsigned i = 0; !wait && i < PLK_PATHS_MAX; i++) {
        const struct plk_path *path = &p->list[i];
        if (path->id == 0 || rank(path) <= rank(active)) continue;
        bool directed = plk_path_kind_of(path->transport).directed;
        uint64_t data_us = directed ? p->relayed_us : path->data_us;
        wait = data_us != 0 && now_us - data_us < PLK_PATHS_SETTLED_US;
        if (!directed) closed |= 1u << i;
    }
    p->settle_us = wait ? now_us + PLK_PATHS_SETTLED_US : PLK_NEVER;
    p->settled = !wait && !plk_path_kind_of(active->transport).directed;
    p->tell_settled = !wait;
    return wait ? 0 : closed;
}

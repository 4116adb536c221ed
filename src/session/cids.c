// SPDX-License-Identifier: MIT
#include "session/cids.h"

// Where in the table it is; PLK_CIDS_LIVE when it is not.
static size_t place_of_seq(const struct plk_cid *cids, uint64_t seq) {
    size_t i = 0;
    while (i < PLK_CIDS_LIVE && !(cids[i].live && cids[i].seq == seq)) i++;
    return i;
}

static size_t place_of_id(const struct plk_cid *cids, const uint8_t *id) {
    size_t i = 0;
    while (i < PLK_CIDS_LIVE && !(cids[i].live && memcmp(cids[i].id, id, PLK_PACKET_CID_LEN) == 0)) i++;
    return i;
}

static size_t free_place(const struct plk_cid *cids) {
    size_t i = 0;
    while (i < PLK_CIDS_LIVE && cids[i].live) i++;
    return i;
}

enum plk_err plk_cids_issue(struct plk_cids *cids, struct plk_rng *rng, const struct plk_cid **issued) {
    size_t place = free_place(cids->own);
    if (place == PLK_CIDS_LIVE) return PLK_ERR_LIMIT;
    struct plk_cid fresh = {.seq = cids->own_next++, .live = true};
    do {
        plk_rng_bytes(rng, fresh.id, sizeof fresh.id);
    } while (place_of_id(cids->own, fresh.id) != PLK_CIDS_LIVE);
    cids->own[place] = fresh;
    *issued = &cids->own[place];
    return PLK_ERR_OK;
}

void plk_cids_start(struct plk_cids *cids, struct plk_rng *rng, struct plk_greeting *own) {
    *cids = (struct plk_cids){0};
    for (size_t i = 0; i < PLK_GREETING_CIDS; i++) {
        const struct plk_cid *issued = NULL;
        enum plk_err err = plk_cids_issue(cids, rng, &issued);
        plk_assert(err == PLK_ERR_OK);
        memcpy(own->cids[i], issued->id, PLK_PACKET_CID_LEN);
    }
}

// Numbers are heard once each. Below the span they count as heard: no more than 8 are ever on their way.
static bool was_heard(const struct plk_cids *cids, uint64_t seq) {
    if (seq >= cids->peer_next) return false;
    uint64_t back = cids->peer_next - 1 - seq;
    return back >= PLK_CIDS_SPAN || (cids->peer_seen >> back & 1) != 0;
}

static void mark_heard(struct plk_cids *cids, uint64_t seq) {
    if (seq >= cids->peer_next) {
        uint64_t ahead = seq + 1 - cids->peer_next;
        cids->peer_seen = ahead < PLK_CIDS_SPAN ? cids->peer_seen << ahead : 0;
        cids->peer_next = seq + 1;
    }
    cids->peer_seen |= UINT64_C(1) << (cids->peer_next - 1 - seq);
}

enum plk_err plk_cids_learn(struct plk_cids *cids, uint64_t seq, const uint8_t id[PLK_PACKET_CID_LEN]) {
    size_t same_seq = place_of_seq(cids->peer, seq), same_id = place_of_id(cids->peer, id);
    if (same_seq != same_id || seq > PLK_CIDS_SEQ_MAX) return PLK_ERR_INVALID;
    if (same_seq != PLK_CIDS_LIVE || was_heard(cids, seq)) return PLK_ERR_OK;
    size_t place = free_place(cids->peer);
    if (place == PLK_CIDS_LIVE) return PLK_ERR_LIMIT;
    cids->peer[place] = (struct plk_cid){.seq = seq, .live = true};
    memcpy(cids->peer[place].id, id, PLK_PACKET_CID_LEN);
    mark_heard(cids, seq);
    return PLK_ERR_OK;
}

void plk_cids_greet(struct plk_cids *cids, const struct plk_greeting *peer) {
    memset(cids->peer, 0, sizeof cids->peer);
    cids->peer_next = cids->peer_seen = 0;
    for (size_t i = 0; i < PLK_GREETING_CIDS; i++) {
        enum plk_err err = plk_cids_learn(cids, i, peer->cids[i]);
        plk_assert(err == PLK_ERR_OK); // the greeting's decoder has seen to it that they differ
    }
    cids->peer[0].used = true;
}

enum plk_err plk_cids_retired(struct plk_cids *cids, uint64_t seq, struct plk_cid *retired) {
    *retired = (struct plk_cid){0};
    if (seq >= cids->own_next) return PLK_ERR_INVALID;
    size_t place = place_of_seq(cids->own, seq);
    if (place == PLK_CIDS_LIVE) return PLK_ERR_OK;
    *retired = cids->own[place];
    cids->own[place] = (struct plk_cid){0};
    return PLK_ERR_OK;
}

const struct plk_cid *plk_cids_take(struct plk_cids *cids) {
    struct plk_cid *lowest = NULL;
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) {
        struct plk_cid *cid = &cids->peer[i];
        if (cid->live && !cid->used && (lowest == NULL || cid->seq < lowest->seq)) lowest = cid;
    }
    if (lowest != NULL) lowest->used = true;
    return lowest;
}

enum plk_err plk_cids_retire(struct plk_cids *cids, uint64_t seq) {
    size_t place = place_of_seq(cids->peer, seq);
    if (place == PLK_CIDS_LIVE) return PLK_ERR_NOT_FOUND;
    cids->peer[place] = (struct plk_cid){0};
    return PLK_ERR_OK;
}

const struct plk_cid *plk_cids_peer(const struct plk_cids *cids, uint64_t seq) {
    size_t place = place_of_seq(cids->peer, seq);
    return place < PLK_CIDS_LIVE ? &cids->peer[place] : NULL;
}

const struct plk_cid *plk_cids_own_find(const struct plk_cids *cids, const uint8_t id[PLK_PACKET_CID_LEN]) {
    size_t place = place_of_id(cids->own, id);
    return place < PLK_CIDS_LIVE ? &cids->own[place] : NULL;
}

size_t plk_cids_own_live(const struct plk_cids *cids) {
    size_t count = 0;
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) count += cids->own[i].live;
    return count;
}

size_t plk_cids_peer_unused(const struct plk_cids *cids) {
    size_t count = 0;
    for (size_t i = 0; i < PLK_CIDS_LIVE; i++) count += cids->peer[i].live && !cids->peer[i].used;
    return count;
}

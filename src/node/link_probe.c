// SPDX-License-Identifier: MIT
#include "node/link_probe.h"

#include "node/inside.h"
#include "wire/frame.h"

static bool choose_cid(struct plk_channel *channel, struct plk_link_probe *probe) {
    const struct plk_cid *cid = plk_cids_take(&channel->cids);
    probe->own_cid = cid != NULL;
    // All are in use: one is used twice rather than none, as for a path.
    for (unsigned i = 0; cid == NULL && i < PLK_CIDS_LIVE; i++) {
        if (channel->cids.peer[i].live) cid = &channel->cids.peer[i];
    }
    if (cid == NULL) return false;
    probe->cid = cid->seq;
    probe->session_us = channel->session.started_us;
    return true;
}

bool plk_link_probe_seal(struct plk_node *node, struct plk_link *link, struct plk_link_probe *probe) {
    struct plk_channel *channel = plk_link_current(link);
    uint8_t text[PLK_LINK_PROBE_LEN - PLK_PACKET_OVERHEAD], token[8];
    struct plk_writer w = plk_writer(text, sizeof text);
    if (channel == NULL) return false;
    bool fits = probe->session_us == channel->session.started_us && plk_cids_peer(&channel->cids, probe->cid) != NULL;
    if (!fits && !choose_cid(channel, probe)) return false;
    plk_rng_bytes(&node->rng, token, sizeof token); // nobody waits for its answer: who hears it asks back
    plk_frame_put_challenge(&w, token);
    plk_frame_put_padding(&w, sizeof text - w.len);
    uint64_t pn;
    const struct plk_cid *cid = plk_cids_peer(&channel->cids, probe->cid);
    enum plk_err err = plk_session_seal(&channel->session, cid->id, plk_writer_bytes(&w), probe->bytes, &pn);
    if (err != PLK_ERR_OK) return false;
    plk_flight_unwatched(channel->flight, pn);
    probe->sealed_us = node->now.mono_us;
    return true;
}

void plk_link_probe_end(struct plk_link *link, struct plk_link_probe *probe) {
    struct plk_channel *channel = plk_link_current(link);
    bool ours = channel != NULL && probe->own_cid && probe->session_us == channel->session.started_us;
    if (ours && channel->retire_count < PLK_CIDS_LIVE && plk_cids_retire(&channel->cids, probe->cid) == PLK_ERR_OK) {
        channel->retire[channel->retire_count++] = probe->cid;
        link->dirty = true;
    }
    *probe = (struct plk_link_probe){.session_us = 0};
}
